"""Failing tests that a task asks to be mended: who leaves them red has not done it. Pure."""

from __future__ import annotations

import re
from typing import Final

_SHORTEST: Final = 6
"""Letters of a test's name from which on a text that holds it is taken to speak of it."""
_MEND: Final = re.compile(
    r"\b(?:fix|mend|repair|resolve|correct)\w*\b[^.;]{0,40}\b(?:failing|failed|red|broken) tests?\b"
    r"|\b(?:the|this|these|some|our|\d+) tests? (?:that |which |is |are |now |currently )*fail",
    re.IGNORECASE,
)
"""Not "so that the tests pass": a test may have been red all along, and be nobody's business."""


def left_red(text: str, now: frozenset[str], before: frozenset[str]) -> tuple[str, ...]:
    """The tests that the task asks to be mended and that fail as they did, by name.

    Those that its text names; where it names none, and says that tests fail, all of them unless one
    at least was mended.
    """
    failing = sorted(now & before)
    named = tuple(one for one in failing if _speaks_of(text, one))
    if named or any(_speaks_of(text, one) for one in before):
        return named
    return tuple(failing) if before <= now and _MEND.search(text) else ()


def _speaks_of(text: str, test: str) -> bool:
    """True where the text has the name of the test's function."""
    name = re.split(r"::|\.", test.partition("[")[0].partition(" ")[0])[-1]
    if len(name) < _SHORTEST or "test" not in name.lower():
        return False
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)(?!\.py)", text) is not None
