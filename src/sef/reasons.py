"""Why something ended as it did, in one line."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from sef.errors import DraftFailure, GitError
from sef.events import Failed, Rejected
from sef.model import Evidence, Tier, Usage, Verdict
from sef.text import one_line, sentences

CALLED_OFF: Final = "called off"
"""How the reason of an attempt begins that was not left to come to its end."""


def with_gaps(verdict: Verdict, evidence: tuple[Evidence, ...]) -> str:
    """The reason, and of an accepted draft also what nobody could judge."""
    if not verdict.accepted:
        return verdict.reason
    gaps = [one for one in evidence if one.passed is None and one.detail not in verdict.reason]
    gaps = [one for one in gaps if not one.detail.endswith("the project has none")]
    return "; ".join([verdict.reason, *(f"{one.verifier}: {one.detail}" for one in gaps)])


def spent(error: Exception, tier: Tier, seconds: float) -> Usage:
    """What a failed attempt used up, as far as it is known."""
    known = error.usage if isinstance(error, DraftFailure) else None
    return known or Usage(cost_usd=Decimal(0) if tier is Tier.NONE else None, seconds=seconds)


def finding(fact: Rejected | Failed) -> str:
    """What the next stage is told of an attempt that was not accepted."""
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
