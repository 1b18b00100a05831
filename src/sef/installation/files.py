"""Reading what is there without following links; replacing one file at once, or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from sef.errors import UsageError

LIMIT: Final = 4_000_000
"""Bytes of the largest file that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file before and after; None is: it is not there."""

    path: Path
    before: bytes | None
    after: bytes | None

    def reversed(self) -> Change:
        """The change that undoes this one."""
        return Change(path=self.path, before=self.after, after=self.before)


def digest(data: bytes) -> str:
    """The name of a content in manifests."""
    return f"sha256:{sha256(data).hexdigest()}"


def content(path: Path) -> bytes | None:
    """The bytes of a regular file; None where nothing is there.

    Raises UsageError for a link, for what is no regular file, and for what is too large.
    """
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(found.st_mode):
        raise UsageError(f"{path} is a symbolic link", hint=_LINK)
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path} is not a regular file", hint="Move it out of the way.")
    if found.st_size > LIMIT:
        raise UsageError(f"{path} has more than {LIMIT:,} bytes", hint="Move it out of the way.")
    return path.read_bytes()


_LINK: Final = "sef writes through no link: put a real file or folder there, then install again."


def check_folder(folder: Path) -> None:
    """Raises UsageError where a folder is a link or no folder. What is not there is good."""
    if folder.is_symlink():
        raise UsageError(f"{folder} is a symbolic link", hint=_LINK)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", hint="Move it out of the way.")


def check_writable(folder: Path) -> None:
    """Raises UsageError where nothing may be made in a folder, or in the first above it."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{folder} cannot be written", hint="Allow yourself to write there.")


def put(change: Change, spare: Path) -> None:
    """Makes a change. `spare` is a path on the same disk that a half-written file may have.

    Raises UsageError where the file is no longer as the change found it.
    """
    if content(change.path) != change.before:
        raise UsageError(f"{change.path} was changed by somebody else meanwhile", hint="Try again.")
    if change.after is None:
        change.path.unlink(missing_ok=True)
        return
    mode = stat.S_IMODE(change.path.stat().st_mode) if change.before is not None else None
    write_new(spare, change.after, mode)
    spare.replace(change.path)


def write_new(path: Path, data: bytes, mode: int | None = None) -> None:
    """Writes a file that was not there, down to the disk; a left-over of that name goes."""
    with suppress(FileNotFoundError):
        path.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o666), "wb") as file:  # noqa: PTH123 - a descriptor
        file.write(data)
        file.flush()
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
