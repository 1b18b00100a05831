"""Why something ended as it did, in one line."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from sef.errors import DraftFailure, GitError
from sef.events import Failed, Rejected
from sef.model import Evidence, Tier, Usage, Verdict
from sef.text import one_line, sentences

CALLED_OFF: Final = "called off"
"""How the reason of an attempt begins that was not left to come to its end."""
STOPPED: Final = "stopped for its many requests"
"""How the reason of a draft begins that took more requests than it could be worth."""

_GAPS: Final = 3
HOPELESS: Final = "stopped as hopeless"
"""How the reason of a draft begins that verifiers rejected time and again while it was written."""


def with_gaps(verdict: Verdict, evidence: tuple[Evidence, ...]) -> str:
    """The reason, and of an accepted draft also what nobody could judge."""
    if not verdict.accepted:
        return verdict.reason
    gaps = [one for one in evidence if one.passed is None and one.detail not in verdict.reason]
    gaps = [one for one in gaps if not one.detail.endswith("the project has none")]
    more = [f"and {len(gaps) - _GAPS} more of which nobody could say"] if len(gaps) > _GAPS else []
    told = (one_line(f"{one.verifier}: {one.detail}", 200) for one in gaps[:_GAPS])
    return "; ".join([verdict.reason, *told, *more])


def spent(error: Exception, tier: Tier, seconds: float, steps: Usage | None = None) -> Usage:
    """What a failed attempt used up: as it says, else as its steps told, else unknown."""
    known = error.usage if isinstance(error, DraftFailure) else None
    if known is None and steps is not None:
        known = replace(steps, seconds=seconds)
    return known or Usage(cost_usd=Decimal(0) if tier is Tier.NONE else None, seconds=seconds)


def ended(fact: Rejected | Failed) -> str:
    """How an attempt ended that was not accepted."""
    why = fact.reason if isinstance(fact, Failed) else fact.verdict.reason
    what = "failed" if isinstance(fact, Failed) else "was rejected"
    return f"{fact.executor} {what}: {why}"


def reason_of(error: Exception) -> str:
    """Why a step broke."""
    if isinstance(error, TimeoutError):
        return "its deadline passed"
    if isinstance(error, DraftFailure | GitError):
        return one_line(sentences(str(error)), 400)
    return one_line(f"it crashed: {type(error).__name__}: {error}", 400)
