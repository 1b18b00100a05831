"""What kind of work a task was: the router's word on it, corrected by what followed."""

from __future__ import annotations

from sef.model import Kind, Route, Tier
from sef.model import Task as Asked
from sef.protocols import Router
from sef.transcripts.session import Task


def classify(task: Task, router: Router) -> tuple[Tier, Kind] | None:
    """The task's tier and kind; None where there is no instruction to judge by."""
    if not task.text:
        return None
    route = router.route(Asked(id="task", text=task.text))
    kind = _kind(task, route)
    tier = route.tier
    if tier is Tier.NONE and kind.writes:
        tier = Tier.LIGHT  # what was edited was no mere search or test run
    return tier, kind


def _kind(task: Task, route: Route) -> Kind:
    """Who edited did not only look; who neither edited nor ran anything did not implement."""
    if task.edited_code:
        return Kind.IMPLEMENT
    if task.edited_documents:
        return route.kind if route.kind.writes else Kind.DOCUMENT
    if route.kind.writes and not task.ran_programs:
        return Kind.EXPLORE
    return route.kind
