"""Folders that a killed run left behind, told from those in use."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PREFIX = "shadow-"
_MARKER = "owner"


def mark(folder: Path) -> None:
    """Writes down which process owns the folder."""
    pid = os.getpid()
    (folder / _MARKER).write_text(f"{pid} {_began(pid)}\n", encoding="ascii")


def remove_leftovers(scratch: Path) -> int:
    """Removes the shadows in `scratch` and in its folders whose owner is gone; says how many."""
    found = [*scratch.glob(f"{PREFIX}*"), *scratch.glob(f"*/{PREFIX}*")]
    left = [folder for folder in found if _is_left(folder)]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)
    return len(left)


def _is_left(folder: Path) -> bool:
    """True only when the marker names a process that is gone: doubt keeps the folder."""
    try:
        pid, began = (folder / _MARKER).read_text(encoding="ascii").split()
        return not _runs(int(pid)) or began != _began(int(pid))
    except (OSError, ValueError):
        return False


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _began(pid: int) -> str:
    """When a process began, in the kernel's ticks; `-` where that is not told."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return said.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "-"
