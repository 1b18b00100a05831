"""The router that has seen outcomes: it may go one tier below the rules where drafts were accepted.

It asks the rules first. It looks at the outcomes of the same kind one tier below what they say,
takes those nearest by their words, and goes down where even the low end of the interval of their
accepted share clears a bound. In every other case it says what the rules say; it never goes up.

What it knows is biased: outcomes of a tier come from tasks that something sent there, mostly the
rules themselves. Only tasks tried below their tier on purpose say whether they could have been.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from heapq import nlargest
from typing import Final

from sef.model import Kind, Route, Task, Tier
from sef.protocols import Router
from sef.routers.rules import RulesRouter
from sef.routers.wilson import wilson
from sef.text import plain

ENOUGH: Final = 60  # outcomes of the kind at the lower tier, below which the rules stand
NEIGHBOURS: Final = 40  # with all accepted the interval begins at 0.91, with two rejected at 0.83
BOUND: Final = (
    0.85  # of the share accepted: one minus the rejection rate that is still thought good
)
_ALIKE: Final = 0.1  # of the words of both; below it a text is no neighbour
_KEPT: Final = 2_000  # outcomes, the newest; comparing with more takes too long
_READ: Final = 1_200  # characters of a text that are compared
_WORD: Final = re.compile(r"[a-z_]{2,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An outcome: what a draft of one tier for one text was worth."""

    text: str
    """The request."""
    tier: Tier
    """The tier of the draft."""
    accepted: bool
    """Whether the draft was accepted."""
    executor: str
    """Who made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """An example, made ready to be compared."""

    words: frozenset[str]
    kind: Kind
    tier: Tier
    accepted: bool


class LearnedRouter:
    """Routes by the rules, and one tier lower where enough outcomes of near texts allow it.

    `executors` names those that serve today: outcomes of others do not count; None counts all.
    """

    def __init__(
        self,
        examples: Iterable[Example] = (),
        *,
        rules: Router | None = None,
        executors: Collection[str] | None = None,
    ) -> None:
        self._rules = rules or RulesRouter()
        newest = deque(
            (one for one in examples if executors is None or one.executor in executors), _KEPT
        )
        self._seen = tuple(self._ready(one) for one in newest)

    def _ready(self, example: Example) -> _Seen:
        routed = self._rules.route(Task(id="example", text=example.text))
        return _Seen(
            words=_words(example.text),
            kind=routed.kind,
            tier=example.tier,
            accepted=example.accepted,
        )

    def route(self, task: Task) -> Route:
        said = self._rules.route(task)
        if said.tier <= Tier.LIGHT or said.needs_context:
            return said
        lower = Tier(said.tier - 1)
        known = [one for one in self._seen if one.kind is said.kind and one.tier is lower]
        near = _nearest(_words(task.text), known) if len(known) >= ENOUGH else []
        if len(near) < NEIGHBOURS:
            return said
        accepted = sum(one.accepted for one in near)
        low, _ = wilson(accepted, len(near))
        return _lowered(said, lower, accepted, len(near), low) if low >= BOUND else said


def _nearest(words: frozenset[str], known: Iterable[_Seen]) -> list[_Seen]:
    """The outcomes whose texts share most words with these, the newest first among equals."""
    alike = [(_likeness(words, one.words), at, one) for at, one in enumerate(known)]
    close = (row for row in alike if row[0] >= _ALIKE)
    return [one for _, _, one in nlargest(NEIGHBOURS, close, key=lambda row: row[:2])]


def _likeness(some: frozenset[str], others: frozenset[str]) -> float:
    """Words in both, of the words in either."""
    both = len(some & others)
    return both / (len(some) + len(others) - both) if both else 0.0


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(plain(text, _READ).lower()))


def _lowered(said: Route, lower: Tier, accepted: int, near: int, low: float) -> Route:
    why = f"{accepted} of {near} drafts for requests like it were accepted at tier {int(lower)}"
    return replace(
        said,
        tier=lower,
        policy="standard",
        score=round(low, 2),
        reason=f"{why} (at least {low:.0%}); the rules say {said.reason}",
    )
