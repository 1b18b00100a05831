"""Where hooks keep what they know: rows appended to a journal, a record for each executor.

All of it lies in `sef/hooks` of the repository's git folder; without a repository in the user's
state folder. Standard library only, and as little of it as will do: this is read at every event.
"""

from __future__ import annotations

import json
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

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
        with open(os.path.join(folder, "journal.jsonl"), encoding="utf-8") as lines:
            for line in lines:
                found = parsed(line)
                if found is not None:
                    yield found
    except FileNotFoundError:
        return


def parsed(line: str | bytes) -> dict[str, Any] | None:
    """The object that a line holds; None where it holds none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, text.encode(errors="replace"))
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
    with open(new, "w", encoding="utf-8") as file:
        json.dump(record, file)
    os.replace(new, path)


def load(folder: str, name: str) -> dict[str, Any] | None:
    """The record of that name; None where there is none that can be read."""
    try:
        # Nothing but a file is waited for.
        path = os.path.join(folder, f"{name}.json")
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            return parsed(file.read(4 * 2**20) or b"")
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
    _write(path, f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {flat}\n")
