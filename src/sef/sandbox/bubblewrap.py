"""The options of bubblewrap that enforce areas."""

# ruff: noqa: PTH110, PTH112
# Paths are texts here, of which a command has a hundred: pathlib takes milliseconds for them.
from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sef.sandbox.areas import Access, Areas, below

APART: Final = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--die-with-parent")
"""Processes of its own, which end with whoever started it; no memory shared with others."""
_POWERLESS: Final = ("--cap-drop", "ALL")
_OWN: Final = ("/dev", "/proc")
_SOCKETS: Final = Path("/proc/net/unix")
_RESOLVER: Final = "/etc/resolv.conf"


def options(areas: Areas, *, network: bool) -> tuple[str, ...]:
    """Namespaces and mounts, outermost first; further mounts can follow."""
    return (
        *APART,
        *_POWERLESS,
        *(() if network else ("--unshare-net",)),
        *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
        *mounts(areas),
        *_without_sockets(areas),
        *(_resolving(areas) if network else ()),
    )


def mounts(areas: Areas) -> Iterator[str]:
    """One mount for each place that differs from what is around it."""
    for path, access in areas.changing():
        if not any(below(path, own) for own in _OWN):
            yield from _mount(path, access)
    for path, target in areas.hidden_links():
        yield from ("--symlink", target, path)


def _mount(path: str, access: Access) -> tuple[str, ...]:
    if access is Access.HIDDEN:
        return ("--tmpfs", path) if os.path.isdir(path) else ("--ro-bind", "/dev/null", path)
    return ("--bind" if access is Access.WRITE else "--ro-bind", path, path)


def _without_sockets(areas: Areas) -> Iterator[str]:
    """Sockets that are files and that programs listen to now: read-only does not close them."""
    for path in sorted(_listening()):
        if areas.access(path) is Access.READ and os.path.exists(path):
            yield from ("--ro-bind", "/dev/null", path)


def _listening() -> set[str]:
    try:
        lines = _SOCKETS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    named = (line.split(None, 7) for line in lines[1:])
    return {os.path.realpath(words[7]) for words in named if words[7:] and words[7][0] == "/"}


def _resolving(areas: Areas) -> Iterable[str]:
    """Names of hosts are looked up by a file that often lies where sockets do."""
    real = os.path.realpath(_RESOLVER)
    hidden = areas.access(real) is Access.HIDDEN and os.path.exists(real)
    return ("--ro-bind", real, real) if hidden else ()
