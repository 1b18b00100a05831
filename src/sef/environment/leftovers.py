"""The folders of one check: made, removed, and told from those that a killed run left behind."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from contextlib import suppress
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
    """Makes that place, marked from its first moment on. Raises OSError when it is taken."""
    place = temporary_of(folder)
    new = Path(tempfile.mkdtemp(prefix=".sef-"))
    try:
        mark(new)
        (new / place.name).mkdir()
        new.rename(place.parent)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        raise


def remove(folder: Path) -> None:
    """Removes a check's folder and its temporary files, as far as this process made them."""
    temporary = temporary_of(folder).parent
    with suppress(OSError, ValueError):
        if _marked(temporary / _MARKER).split()[:1] == [str(os.getpid())]:
            _remove(temporary)
    _remove(folder)


def _remove(folder: Path) -> None:
    """Removes a folder, also where a test took the right to write away; the marker goes last."""
    for below, folders, _ in os.walk(folder):
        for name in folders:
            _allow(f"{below}/{name}")
    for each in _inside(folder):
        if each.name != _MARKER:
            shutil.rmtree(each, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _allow(path: str) -> None:
    with suppress(OSError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            os.chmod(path, 0o700)  # noqa: PTH101 -- of many, and the parents are read already


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def mark(folder: Path) -> None:
    """Writes down which process owns the folder."""
    pid = os.getpid()
    (folder / _MARKER).write_text(f"{pid} {_began(pid)} {_world()}\n", encoding="ascii")


def remove_leftovers(scratch: Path) -> int:
    """Removes what checks whose process is gone left in `scratch` and among temporary files.

    Says how many shadows that were.
    """
    found = [*scratch.glob(f"{PREFIX}*"), *scratch.glob(f"*/{PREFIX}*")]
    left = [folder for folder in found if _is_left(folder)]
    temporary = Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*")
    for folder in (*left, *(each for each in temporary if _is_ours(each) and _is_left(each))):
        _remove(folder)
    return len(left)


def _is_ours(folder: Path) -> bool:
    """True for a folder, no link, of this user's, with a name that a check's folder has."""
    try:
        there = folder.lstat()
    except OSError:
        return False
    named = re.fullmatch(rf"{_TEMPORARY}[0-9a-f]{{10}}", folder.name)
    return named is not None and stat.S_ISDIR(there.st_mode) and there.st_uid == os.getuid()


def _is_left(folder: Path) -> bool:
    """True only when the marker names a process that is gone: doubt keeps the folder."""
    try:
        pid, began, world = _marked(folder / _MARKER).split()
        if world != _world():
            return False  # its processes have other numbers here
        return not _runs(int(pid)) or began != _began(int(pid))
    except (OSError, ValueError):
        return False


def _marked(marker: Path) -> str:
    """What the marker says; whatever lies in its place, a pipe for one, does not hold us up."""
    found = os.open(marker, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        return os.read(found, 200).decode("ascii") if stat.S_ISREG(os.fstat(found).st_mode) else ""
    finally:
        os.close(found)


def _world() -> str:
    """The name space of process numbers; `-` where that is not told."""
    try:
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115 -- it is no path
    except OSError:
        return "-"


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
