"""Words for what only the target should do, by the criteria of tier 3.

A strong phrase is enough alone. A weak one occurs in small requests too: it needs a second one of
its own criterion.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sef.model import Kind
from sef.routers import deep_trouble, deep_work
from sef.routers.words import Found, Phrases


@dataclass(frozen=True, slots=True, kw_only=True)
class Deep:
    """What a phrase says about the depth of a request."""

    criterion: str
    """Which criterion of tier 3."""
    kind: Kind | None = None
    """Where it names the work."""
    strong: bool = True
    """Enough alone."""


_ARCHITECTURE = Deep(criterion="architecture", kind=Kind.DESIGN)
_ARCHITECTURE_TOO = Deep(criterion="architecture", kind=Kind.DESIGN, strong=False)
_SUBTLE = Deep(criterion="a subtle bug")
_SUBTLE_TOO = Deep(criterion="a subtle bug", strong=False)
_CAUSE = Deep(criterion="a subtle bug", kind=Kind.EXPLORE)
_SPEED = Deep(criterion="performance", kind=Kind.IMPLEMENT)
_SPEED_SAID = Deep(criterion="performance")
_SPEED_TOO = Deep(criterion="performance", strong=False)
_SECURITY = Deep(criterion="security", kind=Kind.REVIEW)
_SECURITY_TOO = Deep(criterion="security", strong=False)
_WIDE = Deep(criterion="a coordinated change", kind=Kind.IMPLEMENT)
_WIDE_TOO = Deep(criterion="a coordinated change", strong=False)
_NOVEL = Deep(criterion="a novel algorithm", kind=Kind.IMPLEMENT)
_NOVEL_TOO = Deep(criterion="a novel algorithm", strong=False)
_OPEN = Deep(criterion="open requirements")
_OPEN_TOO = Deep(criterion="open requirements", strong=False)

_ROWS: Final = (
    (_ARCHITECTURE, deep_work.ARCHITECTURE),
    (_ARCHITECTURE_TOO, deep_work.ARCHITECTURE_TOO),
    (_SUBTLE, deep_trouble.SUBTLE),
    (_SUBTLE_TOO, deep_trouble.SUBTLE_TOO),
    (_CAUSE, deep_trouble.CAUSE),
    (_SPEED, deep_trouble.SPEED),
    (_SPEED_SAID, deep_trouble.SPEED_SAID),
    (_SPEED_TOO, deep_trouble.SPEED_TOO),
    (_SECURITY, deep_trouble.SECURITY),
    (_SECURITY_TOO, deep_trouble.SECURITY_TOO),
    (_WIDE, deep_work.WIDE),
    (_WIDE_TOO, deep_work.WIDE_TOO),
    (_NOVEL, deep_work.NOVEL),
    (_NOVEL_TOO, deep_work.NOVEL_TOO),
    (_OPEN, deep_work.OPEN),
    (_OPEN_TOO, deep_work.OPEN_TOO),
)

_STEM: Final = 4  # letters; cache and caching are one word said twice
_NEAR: Final = 150  # characters; further apart, two weak words do not speak of one thing
_PHRASES: Final = Phrases(_ROWS)


def deep(text: str) -> tuple[Found[Deep], ...]:
    """What in the lower-case text asks for the target: strong phrases, and weak ones by two."""
    found = tuple(_PHRASES.find(text))
    strong = {one.meaning.criterion for one in found if one.meaning.strong}
    paired = _paired(one for one in found if not one.meaning.strong)
    return tuple(one for one in found if one.meaning.criterion in strong | paired)


def _paired(weak: Iterable[Found[Deep]]) -> set[str]:
    last: dict[str, Found[Deep]] = {}
    paired: set[str] = set()
    for one in weak:
        before = last.get(one.meaning.criterion, one)
        if before.words[:_STEM] != one.words[:_STEM] and one.at - before.at < _NEAR:
            paired.add(one.meaning.criterion)
        last[one.meaning.criterion] = one
    return paired
