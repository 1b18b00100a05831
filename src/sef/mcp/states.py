"""How far a task of a run is, in a word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sef.events import Blocked, Cancelled, Committed, Dispatched, Exhausted, Fact, Squashed

STATES: Final[dict[type, str]] = {
    Dispatched: "working",
    Squashed: "waiting",
    Committed: "done",
    Exhausted: "failed",
    Blocked: "blocked",
    Cancelled: "cancelled",
}
ENDED: Final = frozenset(("done", "failed", "blocked", "cancelled"))


def state_of(facts: Sequence[Fact], task: str) -> str:
    """The state of a task by the newest fact about it."""
    for fact in reversed(facts):
        if getattr(fact, "task", None) == task and type(fact) in STATES:
            return STATES[type(fact)]
    return "waiting"
