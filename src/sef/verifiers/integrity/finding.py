"""One thing found in a draft that would make its judges see less. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from sef.text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place of a draft, and what it is a sign of."""

    sign: str
    """A key of `SIGNS`."""
    path: str
    """Relative to the root of the tree."""
    line: int
    """Counted from 1, in the draft's text, or in the base's where the draft has none; 0: the file
    as a whole."""
    what: str
    """In words."""
    decisive: bool
    """True where it rejects by itself."""

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return one_line(f"{where}: {self.what}", 300)
