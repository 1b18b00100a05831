"""An executor starts: its tree gets the user's work, uncommitted work included."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sef.hooks.delegating import EXECUTORS, executor_of
from sef.hooks.fence import fingerprint
from sef.hooks.records import append, is_name, save, state_folder, users_tree
from sef.hooks.trees import hosted, move, scratch_in
from sef.owner import Owner, owner_of
from sef.repository import find_repository
from sef.workspace import Workspace


async def started(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Moves the tree and records what it was moved to; the answer tells the executor its scope.

    Without a record nothing that comes of it is accepted. Raises RepositoryError, GitError.
    """
    executor, agent = executor_of(event.get("agent_type")), event.get("agent_id")
    if not executor or not is_name(agent):
        return None
    repository = await find_repository(Path(users_tree(event["cwd"])))
    state = state_folder(str(repository.common_dir))
    there = hosted(event)
    if EXECUTORS[executor]["writes"] and there is None:
        append(state, {"event": "untreed", "agent": agent, "executor": executor})
        return None
    with scratch_in(state) as scratch:
        workspace = Workspace(repository, run=f"hook-{agent}", scratch=scratch)
        await workspace.open()
        if there is not None:
            await move(*there, workspace.base)
        seen = await fingerprint(repository)
    owner = _host()
    record = {
        "agent": agent,
        "session": event.get("session_id"),
        "executor": executor,
        "root": str(repository.root),
        "tree": str(there[0]) if there else "",
        "git_dir": str(there[1]) if there else "",
        "base": workspace.base,
        "dirty": workspace.dirty,
        "at": time.time(),
        "fingerprint": seen,
        "pid": owner.pid,
        "began": owner.began,
    }
    save(state, f"agents/{agent}", record)
    append(state, {"event": "started", **{n: record[n] for n in ("agent", "session", "executor")}})
    return {"hookSpecificOutput": {"hookEventName": "SubagentStart", "additionalContext": _scope()}}


def _scope() -> str:
    return (
        "Your working folder holds the user's files as they are now, uncommitted work included."
        " What you change outside of it is not accepted, through Bash neither."
    )


def _host() -> Owner:
    """Claude Code's process, whose end leaves the tree to nobody."""
    told = os.environ.get("CLAUDE_PID", "")
    return owner_of(int(told) if told.isdecimal() else os.getppid())
