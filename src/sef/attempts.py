"""The course of each task of a run that a model worked on: its attempts, its audit. A fold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeGuard

from sef.events import Accepted, Audited, Fact, Rejected, Routed, Sampled, Squashed
from sef.model import Attempt, Route, Tier, Verdict
from sef.story import attempts, by_task


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One task in its last epoch."""

    task: str
    route: Route
    attempts: tuple[Attempt, ...]
    """In the order they were made."""
    verdict: Verdict | None
    """On the draft below the target that was accepted."""
    sample: Sampled | None
    """Whether that draft was drawn for an audit."""
    audit: Audited | None
    below: float | None
    """The probability of a draft that passed its checks and was below the certified threshold."""

    @property
    def spent(self) -> Decimal:
        """US dollars, as far as they are known."""
        judged = (one.verdict.cost_usd for one in self.attempts if one.verdict)
        drafted = (one.cost_usd for one in self.attempts)
        known = [one for one in (*drafted, *judged) if one is not None]
        paid = self.audit.usage.cost_usd if self.audit else None
        return sum(known, paid or Decimal(0))


def courses(facts: Iterable[Fact]) -> tuple[Course, ...]:
    """One a task that a model worked on, in the order in which the tasks were routed."""
    found = (_course(task, mine) for task, mine in by_task(facts).items())
    return tuple(course for course in found if course is not None)


def _course(task: str, mine: list[Fact]) -> Course | None:
    route = next((one.route for one in mine if isinstance(one, Routed)), None)
    # A draft that did not merge was judged all the same, but its task began anew.
    begun = max((at for at, one in enumerate(mine) if isinstance(one, Squashed)), default=-1)
    last = mine[begun + 1 :]
    made = tuple(one for one in attempts(last) if one.tier > Tier.NONE)
    if route is None or not made:
        return None
    drafts = [one for one in last if isinstance(one, Accepted) and one.tier < Tier.TARGET]
    samples = [one for one in last if isinstance(one, Sampled)]
    audits = [one for one in last if isinstance(one, Audited)]
    return Course(
        task=task,
        route=route,
        attempts=made,
        verdict=drafts[-1].verdict if drafts else None,
        sample=samples[-1] if samples else None,
        audit=audits[-1] if audits else None,
        below=next((one.verdict.probability for one in last if _doubted(one)), None),
    )


def _doubted(fact: Fact) -> TypeGuard[Rejected]:
    return isinstance(fact, Rejected) and fact.verdict.doubted
