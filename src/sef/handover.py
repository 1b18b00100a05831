"""The hand-over: what the next stage is told of a draft that was not accepted.

A short note and not the conversation: who drafted, why it was not accepted, the evidence that
failed, and the diff. Text of drafts and of what was run is hostile, so it is fenced and bounded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sef.events import Failed, Rejected
from sef.model import Evidence
from sef.text import one_line, plain

WARM: Final = "warm"
COLD: Final = "cold"
DIFF_LIMIT: Final = 12_000
"""Characters of a diff that are handed over."""
_EVIDENCE: Final = 12
_DETAIL: Final = 600


def note(fact: Rejected | Failed, diff: str) -> str:
    """What the next stage is told; the diff is cut at its limit."""
    return "\n".join(_lines(fact, diff))


def _lines(fact: Rejected | Failed, diff: str) -> Iterable[str]:
    if isinstance(fact, Failed):
        yield f"An earlier attempt by {fact.executor} ended without a draft: {_said(fact.reason)}"
    else:
        yield f"An earlier draft by {fact.executor} was rejected: {_said(fact.verdict.reason)}"
        found = [one for one in fact.verdict.evidence if one.passed is not True]
        yield from (_evidence(one) for one in found[:_EVIDENCE])
    if diff.strip():
        yield "Its changes, which are not in your working folder:"
        yield "```diff"
        yield plain(diff, DIFF_LIMIT).replace("```", "'''").rstrip()
        yield "```"


def _said(reason: str) -> str:
    return one_line(reason, _DETAIL)


def _evidence(one: Evidence) -> str:
    undecided = " (could not be decided)" if one.passed is None else ""
    return f"- {one.verifier}{undecided}: {one_line(one.detail, _DETAIL)}"
