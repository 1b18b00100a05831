"""Taking secrets out of text that is kept, shown, or given to a model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

HIDDEN: Final = "[hidden]"
_SHORTEST: Final = 8
_PATTERNS: Final = re.compile(
    r"sk-[A-Za-z0-9_-]{20,}"  # keys of model providers
    r"|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}"
    r"|AKIA[0-9A-Z]{16}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}"
    r"|AIza[0-9A-Za-z_-]{35}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"  # JSON web tokens
    # A key without an end is hidden to the end of its text, which in JSON is a quotation mark.
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"(?:[^\"\\]|\\[^\"]){0,10000}?(?:-----END [A-Z ]*PRIVATE KEY-----|(?=\\?\")|\\?\Z)",
    re.DOTALL,
)


class Redaction:
    """Knows the values that must not appear, and how keys look that it does not know."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """A value of fewer than eight characters is no secret that text could be searched for."""
        known = sorted({one for one in values if len(one) >= _SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def of(self, text: str) -> str:
        """The text with every secret in it replaced."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        return _PATTERNS.sub(HIDDEN, text)
