"""Where `sef replay` may write its page: to a new file, or over a page of its own."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from sef.errors import UsageError
from sef.replay.html import BEGINNING


def allow(path: Path, table: Path, *, force: bool) -> None:
    """Raises UsageError where a page at `path` would destroy something, OSError as the system.

    Allowed are a new file in a folder that is there, and one that begins as a page of a replay;
    with `force` any other regular file too, but never the table that is replayed.
    """
    if not path.parent.is_dir():
        raise UsageError(
            f"{path} cannot be written: there is no folder {path.parent}",
            hint=f"Make it first: mkdir -p {path.parent}",
        )
    try:
        there = path.lstat()
    except FileNotFoundError:
        there = None
    if there is None:
        _writable(path)
        return
    if not stat.S_ISREG(there.st_mode):
        raise UsageError(
            f"{path} is {_kind(there.st_mode)}, not a regular file: no page is written there",
            hint="Name a new file: --html replay.html",
        )
    if table.exists() and path.samefile(table):
        raise UsageError(
            f"{path} is the table of outcomes itself", hint="Name another file for the page."
        )
    if not force and not _is_page(path):
        raise UsageError(
            f"{path} is there already and is no page of sef replay",
            hint="Name a new file, or add --force to overwrite it.",
        )
    _writable(path)


def write_page(path: Path, table: Path, text: str, *, force: bool) -> None:
    """Writes the page whole or not at all. Raises as `allow`, and errors name `path`."""
    allow(path, table, force=force)  # once more: a replay takes a while
    try:
        _replace(path, text)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".sef-replay.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        os.chmod(name, 0o644)  # noqa: PTH101
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _writable(path: Path) -> None:
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(
            f"{path} cannot be written: its folder may not be written to",
            hint="Name a file in another folder.",
        )


def _is_page(path: Path) -> bool:
    """Whether the file begins as every page of a replay does; one that cannot be read does not."""
    wanted = BEGINNING.encode()
    try:
        with path.open("rb") as file:
            return file.read(len(wanted)) == wanted
    except PermissionError:
        return False


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    )
    return next((name for is_it, name in kinds if is_it(mode)), "a device")
