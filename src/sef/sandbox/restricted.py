"""The command line of the Landlock launcher that enforces areas.

Rights are only ever given, and then for all below a folder, so a folder with something hidden in it
is not given itself: what else lies in it is, one by one, as it is at that moment.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from sef.sandbox import landlock
from sef.sandbox.areas import Access, Areas


def restricted(areas: Areas, argv: Sequence[str], *, network: bool) -> tuple[str, ...]:
    """The command line that runs `argv` under Landlock."""
    # A disk's device would be all its files; the launcher gives the few that programs need.
    areas = areas.having(Access.HIDDEN, ["/dev"])
    changing = list(areas.changing())
    write = [path for path, access in changing if access is Access.WRITE]
    read, todo = [], ["/", *(path for path, access in changing if access is Access.READ)]
    while todo:
        path = todo.pop()
        if _holds_hidden(areas, path):
            todo += _children(path)
        elif areas.access(path) is Access.READ:
            read.append(path)
    asked = json.dumps({"read": sorted(set(read)), "write": write, "network": network})
    return (sys.executable, "-I", "-S", str(landlock.__file__), asked, *argv)


def _holds_hidden(areas: Areas, path: str) -> bool:
    inside = path.rstrip("/") + "/"
    hidden = (place for place, access in areas.places.items() if access is Access.HIDDEN)
    return any(place.startswith(inside) for place in hidden)


def _children(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return [entry.path for entry in entries if not entry.is_symlink()]
    except OSError:  # not to be read anyway
        return []
