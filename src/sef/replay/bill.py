"""Bills: what a policy spent on a task, on what, and with which result; and their sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bill:
    """What one task cost, in US dollars by purpose, and what came of it."""

    draft: float = 0.0
    verify: float = 0.0
    redo: float = 0.0
    """Of the target, whether after a rejection or at once."""
    calls: float = 0.0
    """Calls of models, one after another."""
    solved: float = 0.0
    """1 where the result is right."""
    regressions: float = 0.0
    """1 where an accepted draft is wrong and the target's work would have been right."""

    @property
    def cost(self) -> float:
        """All of it."""
        return self.draft + self.verify + self.redo

    def plus(self, other: Bill) -> Bill:
        """Both together."""
        return Bill(
            self.draft + other.draft,
            self.verify + other.verify,
            self.redo + other.redo,
            self.calls + other.calls,
            self.solved + other.solved,
            self.regressions + other.regressions,
        )


def total(bills: Iterable[Bill]) -> Bill:
    """The sum of bills."""
    result = Bill()
    for bill in bills:
        result = result.plus(bill)
    return result
