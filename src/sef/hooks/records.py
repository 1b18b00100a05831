"""Where hooks keep what they know: rows appended to a journal, a record for each executor.

All of it lies in `sef/hooks` of the repository's git folder; without a repository in the user's
state folder. Standard library only, and as little of it as will do: this is read at every event.
"""

from __future__ import annotations

import json
import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, BinaryIO

LONGEST_ROW = 8_000
"""Bytes of a row; a longer one loses its text."""
_LONGEST_LOG = 2**20
_LONGEST_NAME = 80


def state_folder(common: str | None) -> str:
    """The folder of a repository's records, or the user's where there is no repository."""
    if common is not None:
        return os.path.join(common, "sef", "hooks")
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "sef", "hooks")


def git_folders(start: str) -> tuple[str, str, str] | None:
    """Top of the work tree, its git folder and the common one, found as git finds them.

    Nothing is run. None where there is no repository.
    """
    top = os.path.abspath(start)
    while True:
        found = os.path.join(top, ".git")
        if os.path.isdir(found):
            return top, found, found
        if os.path.isfile(found):
            git_dir = _pointed(found, "gitdir: ", top)
            common = os.path.join(git_dir, "commondir")
            return (
                top,
                git_dir,
                _pointed(common, "", git_dir) if os.path.isfile(common) else git_dir,
            )
        above = os.path.dirname(top)
        if above == top:
            return None
        top = above


def _pointed(file: str, prefix: str, folder: str) -> str:
    with open(file, encoding="utf-8", errors="surrogateescape") as lines:
        # What follows a zero is no part of a path, and would raise wherever one is asked for.
        said = lines.readline(8_192).strip().removeprefix(prefix).partition("\0")[0]
    return os.path.normpath(os.path.join(folder, said))


def users_tree(cwd: str) -> str:
    """The folder of the user that a folder of an executor's tree was made from; else itself."""
    return cwd.partition("/.claude/worktrees/agent-")[0]


def users_folder(event: Mapping[str, Any]) -> str:
    """The folder of the session that an executor's event is of, as it was when it was called.

    Claude Code makes the trees of a linked work tree's executors in the main one.
    """
    cwd, session = str(event["cwd"]), event.get("session_id")
    folders = git_folders(cwd)
    known = (
        load(state_folder(folders[2]), f"open/{session}") if folders and is_name(session) else {}
    )
    told = (known or {}).get("cwd")
    there = git_folders(told) if isinstance(told, str) and os.path.isdir(told) else None
    same = folders is not None and there is not None and folders[2] == there[2]
    return str(told) if same else users_tree(cwd)


def bare_trees(common: str) -> list[str]:
    """Folders where Claude Code makes trees of executors that are none any more.

    Somebody wrote there after the tree was removed.
    """
    folder = os.path.join(os.path.dirname(common), ".claude", "worktrees")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    found = [os.path.join(folder, one) for one in names if one.startswith("agent-")]
    return [one for one in found if not os.path.lexists(os.path.join(one, ".git"))]


def append(folder: str, row: Mapping[str, Any]) -> None:
    """Adds a row to the journal, in one write, so that rows of two hooks never mix."""
    whole = {"at": round(time.time(), 3), **row}
    line = json.dumps(whole)
    if len(line) > LONGEST_ROW:
        line = json.dumps({name: _short(one) for name, one in whole.items()})
    _write(os.path.join(folder, "journal.jsonl"), line + "\n")


def _short(value: object) -> object:
    return value if isinstance(value, bool | int | float) or value is None else str(value)[:200]


def rows(folder: str) -> Iterator[dict[str, Any]]:
    """The rows, oldest first; what is no row is passed over."""
    try:
        with opened(os.path.join(folder, "journal.jsonl")) as lines:
            while line := lines.readline(2 * LONGEST_ROW):
                found = parsed(line)
                if found is not None:
                    yield found
    except OSError:
        return


def parsed(line: str | bytes) -> dict[str, Any] | None:
    """The object that a line holds; None where it holds none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def opened(path: str | os.PathLike[str]) -> BinaryIO:
    """A file to read. Raises OSError also where it is a pipe or a device, which may never end."""
    # Without O_NONBLOCK the opening of a pipe waits for somebody who writes to it.
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(f"{os.fspath(path)} is no file")
    return open(file, "rb")


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o600)
    try:
        # A full disk leaves half a row, which must not take the next one with it.
        size = os.fstat(file).st_size
        torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        os.write(file, ("\n" * torn + text).encode(errors="replace"))
    finally:
        os.close(file)


def is_name(text: object) -> bool:
    """True for what may be part of a file's name: letters, digits, `-` and `_`."""
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_NAME:
        return False
    return text.isascii() and text.replace("-", "a").replace("_", "a").isalnum()


def save(folder: str, name: str, record: Mapping[str, Any]) -> None:
    """Writes a record whole, or leaves the one that was there."""
    path = os.path.join(folder, f"{name}.json")
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    new = f"{path}.{os.getpid()}.new"
    try:
        with open(new, "w", encoding="utf-8") as file:
            json.dump(record, file)
        os.replace(new, path)
    except OSError:
        os.unlink(new)
        raise


def load(folder: str, name: str) -> dict[str, Any] | None:
    """The record of that name; None where there is none that can be read."""
    try:
        with opened(os.path.join(folder, f"{name}.json")) as file:
            return parsed(file.read(4 * 2**20))
    except OSError:
        return None


def claim(folder: str, name: str) -> bool:
    """True for the first who asks for that name: an event that is told twice is done once."""
    os.makedirs(os.path.join(folder, "claims"), mode=0o700, exist_ok=True)
    try:
        os.close(os.open(os.path.join(folder, "claims", name), os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True


def log(line: str) -> None:
    """A line in the user's log of hooks; it is not let grow beyond a mebibyte."""
    path = os.path.join(state_folder(None), "hooks.log")
    flat = " ".join(line.split())[:1_000]
    try:
        if os.stat(path).st_size > _LONGEST_LOG:
            os.replace(path, f"{path}.old")
    except OSError:
        pass
    try:
        _write(path, f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {flat}\n")
    except OSError:
        # There is nobody left to tell, and what goes on must go on.
        return
