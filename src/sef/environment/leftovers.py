"""The folders of one check: made, removed, and told from those that a killed run left behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

PREFIX = "shadow-"
_TEMPORARY = "sef-"
_MARKER = "owner"


def temporary_of(folder: Path) -> Path:
    """Where the programs of the check whose folder that is keep temporary files.

    It lies in the system's folder for them, because the path of a socket may have about 100
    characters, of which the test itself needs most; its name follows from the folder's path.
    """
    name = sha256(os.fsencode(folder)).hexdigest()[:10]
    return Path(tempfile.gettempdir()) / f"{_TEMPORARY}{name}" / "t"


def make_temporary(folder: Path) -> None:
    """Makes that place. Raises FileExistsError when somebody else has taken it."""
    place = temporary_of(folder)
    place.parent.mkdir(mode=0o700)
    mark(place.parent)
    place.mkdir()


def remove(folder: Path) -> None:
    """Removes a check's folder and its temporary files."""
    for each in (temporary_of(folder).parent, folder):
        shutil.rmtree(each, ignore_errors=True)


def mark(folder: Path) -> None:
    """Writes down which process owns the folder."""
    pid = os.getpid()
    (folder / _MARKER).write_text(f"{pid} {_began(pid)}\n", encoding="ascii")


def remove_leftovers(scratch: Path) -> int:
    """Removes what checks whose process is gone left in `scratch` and among temporary files.

    Says how many shadows that were.
    """
    found = [*scratch.glob(f"{PREFIX}*"), *scratch.glob(f"*/{PREFIX}*")]
    left = [folder for folder in found if _is_left(folder)]
    temporary = Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*")
    for folder in (*left, *(each for each in temporary if _is_ours(each) and _is_left(each))):
        shutil.rmtree(folder, ignore_errors=True)
    return len(left)


def _is_ours(folder: Path) -> bool:
    try:
        return folder.lstat().st_uid == os.getuid()
    except OSError:
        return False


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
