"""Patterns of file names, as a shell reads them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

_BRACES = re.compile(r"\{([^{}]*)\}")
_ALTERNATIVES = 64


def matching(pattern: str, files: Iterable[str]) -> list[str]:
    """The files that the pattern names, sorted.

    Without a slash it is about the name alone; `**` stands for any number of folders, `{a,b}`
    for either. A folder named as such stands for everything below it.
    """
    patterns = [p.removeprefix("./") for p in _expanded(pattern)]
    return sorted(file for file in files if any(_matches(p, file) for p in patterns))


def _expanded(pattern: str) -> list[str]:
    done: list[str] = []
    waiting = [pattern]
    while waiting and len(done) + len(waiting) <= _ALTERNATIVES:
        first = waiting.pop()
        if braces := _BRACES.search(first):
            head, tail = first[: braces.start()], first[braces.end() :]
            waiting.extend(head + choice + tail for choice in braces[1].split(","))
        else:
            done.append(first)
    return done if not waiting else [pattern]


def _matches(pattern: str, file: str) -> bool:
    if "/" not in pattern:
        return _folders((pattern,), (file.rpartition("/")[2],))
    wanted = tuple(pattern.removeprefix("/").split("/"))
    parts = tuple(file.split("/"))
    if wanted[-1] == "":
        wanted = (*wanted[:-1], "**")
    return _folders(wanted, parts) or _folders((*wanted, "**"), parts)


def _folders(wanted: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Whether the parts match one by one; `reached` are the numbers of parts used up so far."""
    reached = {0}
    for step in wanted:
        if step == "**":
            reached = set(range(min(reached), len(parts) + 1))
        else:
            reached = {
                n + 1 for n in reached if n < len(parts) and fnmatch.fnmatchcase(parts[n], step)
            }
        if not reached:
            return False
    return len(parts) in reached
