"""What encoding a Python file says it has, and its text by that. Pure.

The line is that of PEP 263, https://peps.python.org/pep-0263/. An encoding that can write a line
end or a quote with other bytes than theirs hides code in what looks like a comment.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]{1,60})")
_USUAL: Final = frozenset({"utf-8", "utf-8-sig", "ascii", "iso8859-1"})
_ONE_BYTE = re.compile(
    r"iso8859-\d{1,2}|cp125\d|cp(?:437|850|852|855|866)|koi8-[rtu]|mac-roman|tis-620"
)
"""Encodings of one byte a sign in which every sign of ASCII stands for itself."""


def declared(data: bytes) -> str | None:
    """The encoding that the first two lines name, as Python calls it; None where they name none.

    An unknown one is given as it is written: code may register it at run time.
    """
    for line in data[:4096].removeprefix(codecs.BOM_UTF8).splitlines()[:2]:
        if found := _COOKIE.match(line):
            name = found[1].decode("ascii", "replace")
            try:
                return codecs.lookup(name).name
            except (LookupError, ValueError):
                return name
    return None


def hides(before: bytes | None, after: bytes) -> bool:
    """True where the text after the change may say something else than its bytes show."""
    name = declared(after)
    if name is None or name in _USUAL:
        return False
    same = before is not None and declared(before) == name
    return not (same and _ONE_BYTE.fullmatch(name))


def decoded(data: bytes, *, python: bool) -> str:
    """The text with plain line ends; bytes that are none stay visible as such."""
    name = declared(data) if python else None
    plain = name is not None and _ONE_BYTE.fullmatch(name)
    text = data.decode(name if name and plain else "utf-8", "backslashreplace")
    return text.removeprefix("\ufeff").replace("\r\n", "\n")
