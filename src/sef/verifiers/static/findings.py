"""What the static stage finds: a place, what is wrong there, and what it is a sign of. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sef.text import one_line

SIGNS: Final = MappingProxyType(
    {
        "static-clean": "Nothing new was found in the files that were changed.",
        "syntax": "A changed file cannot be parsed, and could before.",
        "undefined-name": "A changed file uses a name that nothing defines.",
        "missing-module": "A module of the project is imported that is not there any more.",
        "missing-name": "A name is taken from a module of the project that has none of that name.",
        "call-mismatch": "The draft changed what a function takes, and a call does not fit it.",
        "call-doubt": "A function that the draft did not change is called as it cannot be.",
        "unused-import": "A changed file imports a name that it does not use.",
        "newer-syntax": "A changed file needs a newer Python than the project asks for.",
        "not-parsed": "A changed file is too large or nested too deeply to be looked at.",
        "same-patch": "The draft is nearly the same as an earlier one that was rejected.",
    }
)
"""Slug -> what it means."""
DECISIVE: Final = frozenset(
    ("syntax", "undefined-name", "missing-module", "missing-name", "call-mismatch")
)
"""Those of which one is enough to reject."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One new problem."""

    path: str
    line: int
    """Counted from 1; 0 means the file as a whole."""
    sign: str
    """Key of `SIGNS`."""
    what: str
    """In plain words, without the place."""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return one_line(f"{place}: {self.what}", 300)

    @property
    def decisive(self) -> bool:
        """True where a draft with this is wrong."""
        return self.sign in DECISIVE

    @property
    def same(self) -> tuple[str, str, str]:
        """Equal for the same problem, also where lines have moved."""
        return self.path, self.sign, self.what
