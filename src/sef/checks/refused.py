"""What the output of a check tells of writes outside of the fork that the system refused.

Such a test fails like any other; whoever reads the evidence is to see that it reached out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Final

from sef.text import one_line

_READ_ONLY: Final = re.compile(r"(?i)read-only file system|\bEROFS\b")
_DENIED: Final = re.compile(r"(?i)permission denied|\bEACCES\b")
_PATH: Final = re.compile(
    r"'((?:/|\.\./)[^'\n]{1,1000})'|\"((?:/|\.\./)[^\"\n]{1,1000})\""
    r"|(?:^|[\s:=(])((?:/|\.\./)[^\s'\":,;()]{1,1000})"
)
_SEARCHED: Final = 1_000_000
_LINE: Final = 2_000
_SHOWN: Final = 200


def refused(output: str, inside: Sequence[str]) -> str:
    """One sentence about the first refused write outside of the folders `inside`; empty: none.

    Without control codes, at most 300 characters. The end of the output is read (a million
    characters). A path that is not absolute counts from the first of `inside`. What an output says
    can be made up, so it is evidence of nothing but that it says so.
    """
    for line in output[-_SEARCHED:].splitlines():
        what = _what(line[:_LINE])
        path = next(_outside(line[:_LINE], inside), None) if what else None
        if path is not None:
            return f"its output tells of {what} outside of the fork: {one_line(path, _SHOWN)}"
    return ""


def _what(line: str) -> str:
    if _READ_ONLY.search(line):
        return "a refused write (read-only file system)"
    return "refused access (permission denied)" if _DENIED.search(line) else ""


def _outside(line: str, inside: Sequence[str]) -> Iterator[str]:
    for found in _PATH.finditer(line):
        path = os.path.normpath(os.path.join(inside[0], found[found.lastindex or 0]))  # noqa: PTH118
        if not any(f"{path}/".startswith(f"{folder.rstrip('/')}/") for folder in inside):
            yield path
