"""Failing tests that a task asks to be mended: who leaves them red has not done it. Pure."""

from __future__ import annotations

import re
from typing import Final

_SHORTEST: Final = 6
"""Letters of a test's name from which on a text that holds it is taken to speak of it."""
_MEND: Final = re.compile(
    r"\b(?:fix|mend|repair|resolve|correct)\w*\s+"
    r"(?:(?:all|both|the|this|that|these|those|our|my|remaining|other|currently|two|three|four|five"
    r"|unit|integration|\d+|of)\s+){0,4}(?:failing|failed|red|broken) tests?\b"
    r"(?! (?:on\b|under|against|and behavio|in ci\b|count|cases?\b|summar|report|output|messag|name"
    r"|list|detect|handl|log|retr))"
    r"|(?<!\bif )(?<!\bwhen )(?<!whenever )(?<!\bwhere )(?<!unless )(?<!until )(?<!\bonce )"
    r"(?<!\bafter )(?<!before )(?<!while )(?<!sure )(?<!ensure )(?<!\bthat )(?<!case )(?<!\bmake )"
    r"(?<!\bhow )"
    r"\b(?:the|this|these|some|our|\d+) tests? (?:that |which |is |are |now |currently )*"
    r"fail(?:s|ed|ing)?\b(?! (?:on|under|against|without|unless|if|in ci)\b)",
    re.IGNORECASE,
)
"""Not "so that the tests pass": a test may have been red all along, and be nobody's business.

Nor are tests that fail if something else happens, or on another machine.
"""
_EXCUSED: Final = re.compile(
    r"\b(?:ignor|except|besides|apart from|aside from|known|unrelated|leave|skip|xfail|flaky"
    r"|already|regardless|similar|like in|like test|as in|rename|move|delete|remove|copy"
    r"|(?:not|n't|without|never) (?:touch|chang|modif|edit|break|mind|care|our\b|related|part\b))",
    re.IGNORECASE,
)
"""What a sentence says that names a test and does not ask for it."""
_ENDS: Final = re.compile(r"[.;!?](?=\s|$)|\n")


def left_red(text: str, now: frozenset[str], before: frozenset[str]) -> tuple[str, ...]:
    """The tests that the task asks to be mended and that fail as they did, by name.

    Those that its text names and does not excuse; where it names none, and says that tests fail,
    all of them unless one at least was mended.
    """
    failing = sorted(now & before)
    asking = " \n".join(one for one in _ENDS.split(text) if not _EXCUSED.search(one))
    named = tuple(one for one in failing if _speaks_of(asking, one))
    if named or any(_speaks_of(text, one) for one in before):
        return named
    return tuple(failing) if before <= now and _MEND.search(text) else ()


def _speaks_of(text: str, test: str) -> bool:
    """True where the text has the name of the test's function."""
    name = re.split(r"::|\.", test.partition("[")[0].partition(" ")[0])[-1]
    if len(name) < _SHORTEST or "test" not in name.lower():
        return False
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w|\.\w|/)", text) is not None
