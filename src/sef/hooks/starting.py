"""An executor starts: its tree gets the user's work, uncommitted work included."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sef.git import Git
from sef.hooks.delegating import EXECUTORS, executor_of
from sef.hooks.fence import branch_of, fingerprint
from sef.hooks.hiding import hide
from sef.hooks.records import append, is_name, rows, save, state_folder, users_folder
from sef.hooks.trees import hosted, move, programs, scratch_in
from sef.hooks.undoing import noted
from sef.owner import Owner, owner_of
from sef.repository import find_repository
from sef.workspace import Workspace

_ENDS: Final = ("accepted", "rejected", "failed")
_ENDED: Final = (
    "sef: your task has ended, and its verdict stands. What you do now is verified by nobody: use"
    " no tool, and hand back this one line: `Nothing new: a new task needs a new delegation.`"
)


async def started(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Moves the tree and records what it was moved to; the answer tells the executor its scope.

    Without a record nothing that comes of it is accepted. Raises RepositoryError, GitError.
    """
    executor, agent = executor_of(event.get("agent_type")), event.get("agent_id")
    if not executor or not is_name(agent):
        return None
    users = Path(users_folder(event))
    repository = await find_repository(users)
    state = state_folder(str(repository.common_dir))
    there = hosted(event)
    if EXECUTORS[executor]["writes"] and there is None:
        append(state, {"event": "untreed", "agent": agent, "executor": executor})
        return None
    if noted(state):
        await _put_right(state)
    row = {"agent": agent, "session": event.get("session_id"), "executor": executor}
    if _has_ended(state, str(agent)):
        append(state, {"event": "resumed", **row})
        return _context(_ENDED)
    # First, so that what is merged for another executor from now on counts as sef's own.
    append(state, {"event": "started", **row})
    with scratch_in(state) as scratch:
        workspace = Workspace(repository, run=f"hook-{agent}", scratch=scratch)
        await workspace.open()
        if there is not None:
            await move(*there, workspace.base)
        told = await programs(Git(git_dir=there[1], work_tree=there[0])) if there else ""
        seen = await fingerprint(repository)
    owner = _host()
    record = {
        **row,
        "root": str(repository.root),
        "tree": str(there[0]) if there else "",
        "git_dir": str(there[1]) if there else "",
        "base": workspace.base,
        "dirty": workspace.dirty,
        "at": time.time(),
        "programs": told,
        "fingerprint": seen,
        "branch": await branch_of(repository),
        "transcript": str(event.get("transcript_path") or ""),
        "pid": owner.pid,
        "began": owner.began,
    }
    save(state, f"agents/{agent}", record)
    if there is not None:
        hide(repository.common_dir, state)
    return _context(_scope(repository.root, users, there is not None))


def _context(text: str) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": "SubagentStart", "additionalContext": text}}


def _has_ended(state: str, agent: str) -> bool:
    """True where there is a verdict on it: somebody sent it a message, which no verdict follows."""
    return any(one.get("agent") == agent and one.get("event") in _ENDS for one in rows(state))


async def _put_right(state: str) -> None:
    """Ends a merge that was cut off, so that no half of it is what an executor begins from."""
    from sef.hooks.answering import whole

    whole()
    from sef.hooks.merging import alone
    from sef.hooks.undoing import put_right

    async with alone(state, patient=False) as mine:
        if mine:
            await put_right(state)


def _scope(root: Path, users: Path, moved: bool) -> str:
    inside = os.path.relpath(users.resolve(), root.resolve()) if moved else "."
    return (
        "Your working folder holds the user's files as they are now, uncommitted work included."
        " What you change outside of it is not accepted, through Bash neither."
        + (f" The user works in its subfolder {inside}." if inside != "." else "")
    )


def _host() -> Owner:
    """Claude Code's process, whose end leaves the tree to nobody."""
    told = os.environ.get("CLAUDE_PID", "")
    return owner_of(int(told) if told.isdecimal() else os.getppid())
