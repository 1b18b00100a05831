"""Records of executors that can be relied on: each was written by the hook of their start.

An executor with a shell can write to them, and so can a disk that was cut off. What is removed by
one is a folder that Claude Code made for that executor, or nothing.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sef.hooks.delegating import EXECUTORS
from sef.hooks.records import git_folders, is_name, load, opened, state_folder, users_folder

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "executor": (str,),
    "root": (str,),
    "tree": (str,),
    "git_dir": (str,),
    "base": (str,),
    "programs": (str,),
    "at": (int, float),
    "fingerprint": (dict,),
    "branch": (str,),
    "pid": (int,),
    "began": (str,),
}

_LATEST: Final = 2**40
"""Seconds since 1970: no clock is that late, and no float is too small for them."""


def known(common: Path, state: str, agent: object) -> dict[str, Any] | None:
    """The record of an executor; None where there is none, or none that is whole and its own."""
    record = load(state, f"agents/{agent}") if is_name(agent) else None
    if record is None or record.get("agent") != agent:
        return None
    if not all(isinstance(record.get(name), types) for name, types in _TYPES.items()):
        return None
    if record["executor"] not in EXECUTORS or not 0 <= record["at"] < _LATEST:
        return None
    return record if not record["tree"] or is_hosted(common, str(agent), record) else None


@contextmanager
def alone_with(event: Mapping[str, Any], agent: object) -> Iterator[bool]:
    """False where another process settles that executor now; it goes with the one that holds it."""
    folders = git_folders(users_folder(event))
    folder = Path(state_folder(folders[2] if folders else None)) / "agents"
    with held(folder / (f"{agent}.json" if is_name(agent) else "none")) as mine:
        yield mine


@contextmanager
def held(file: Path) -> Iterator[bool]:
    """False where another process holds that record; the hold goes with the one that has it."""
    try:
        record = opened(file)
    except OSError:
        yield True  # there is nothing that two could settle
        return
    with record:
        try:
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def is_hosted(common: Path, agent: str, record: Mapping[str, Any]) -> bool:
    """True where tree and git folder are of the names that Claude Code and git give them."""
    tree, git_dir = Path(str(record["tree"])), Path(str(record["git_dir"]))
    ours = tree.is_absolute() and tree.parts[-3:] == (".claude", "worktrees", f"agent-{agent}")
    return ours and ".." not in tree.parts and _is_of(common, git_dir)


def _is_of(common: Path, git_dir: Path) -> bool:
    return git_dir.parent.resolve() == common.resolve() / "worktrees" and git_dir.name != ".."
