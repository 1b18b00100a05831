"""Names of projects: the last part of their paths, unless whole paths may be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sef.text import one_line

_LONGEST: Final = 80
_FOLDER: Final = re.compile(r"-|[A-Za-z]--")
"""How the name of a folder of transcripts begins: it is a working folder's whole path."""


def project_names(projects: Iterable[tuple[str, bool]], *, whole: bool) -> dict[str, str]:
    """A name for each project, no two alike. With each goes whether it is a path.

    Where it is none, it is the name of a folder of transcripts, in which `-` stands for `/` too.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for project, exact in dict.fromkeys(projects):
        if project in names:
            continue
        short = _last(project, "/" if exact else "-")
        name = one_line(project if whole else short, _LONGEST) or "?"
        number, free = 2, name
        while free in taken:
            free, number = f"{name} ({number})", number + 1
        taken.add(free)
        names[project] = free
    return names


def _last(project: str, separator: str) -> str:
    parts = project.replace("\\", "/" if separator == "/" else "\\").rstrip(separator)
    return parts.rpartition(separator)[2]


def place_name(place: str) -> str:
    """The last part of a path; of a folder of transcripts, the last part of what it is for."""
    name = Path(place).name
    return _last(name, "-") or "?" if _FOLDER.match(name) else name
