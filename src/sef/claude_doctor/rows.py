"""What one check came to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sef.redaction import Redaction
from sef.text import one_line

_LONGEST = 400
_MOST = 12


class State(StrEnum):
    """How it stands."""

    OK = "ok"
    WARNING = "warning"
    """It works, or may; somebody should know."""
    WRONG = "wrong"
    """It does not do what it is there for."""
    UNKNOWN = "unknown"
    """Nothing was seen that could tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One check."""

    check: str
    """Its name: stable, for programs."""
    state: State
    found: str
    way_out: str = ""
    """What to do; empty where there is nothing to do."""
    details: tuple[str, ...] = ()
    """More of what was found, a line each."""


def row(
    check: str, state: State, found: str, way_out: str = "", details: tuple[str, ...] = ()
) -> Row:
    """A row whose words may come from anywhere: cut, on one line each, without secrets."""
    shown = details[:_MOST]
    more = (f"and {len(details) - _MOST} more",) if len(details) > _MOST else ()
    return Row(
        check=check,
        state=state,
        found=shown_text(found),
        way_out=shown_text(way_out),
        details=tuple(map(shown_text, shown)) + more,
    )


def shown_text(text: str, limit: int = _LONGEST) -> str:
    """Text of anybody as it may be shown."""
    return one_line(Redaction().of(text[: 8 * limit]), limit)
