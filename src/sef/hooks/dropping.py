"""An executor that came to no end: its call failed, or nobody knows of its start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sef.hooks.delegating import executor_of
from sef.hooks.delegation import Ended
from sef.hooks.entering import book, delegation_of
from sef.hooks.known import known
from sef.hooks.records import append, is_name, opened, parsed, state_folder, users_tree
from sef.hooks.trees import forget, hosted
from sef.repository import Repository, find_repository

_LARGEST: Final = 2**16
"""Bytes of what Claude Code notes about an executor."""


_OF_TREES: Final = re.compile(r"worktree|git config").search
AGAIN: Final = (
    "It never began, and nothing was paid: its work tree could not be made, as happens where git"
    " makes several at the same moment. Hand it out once more."
)


async def dropped(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The call of an executor failed: nothing of it stays.

    What is returned tells the orchestrator of a call that is worth making again.
    """
    asked = event.get("tool_input")
    if not isinstance(asked, dict) or not executor_of(asked.get("subagent_type")):
        return None
    repository = await find_repository(Path(users_tree(event["cwd"])))
    state = state_folder(str(repository.common_dir))
    agent, tree = _noted(event)
    reason = str(event.get("error") or "")[:300]
    record = known(repository.common_dir, state, agent)
    money: Mapping[str, str | None] = {}
    if record is not None:
        # It was paid until then.
        ended = Ended(accepted=False, reason=f"its call failed: {reason}")
        money = await book(delegation_of(event, repository, record, ""), ended)
    if agent:
        await forsake(repository, state, agent, tree)
    row = {"event": "failed", "session": event.get("session_id"), "call": event.get("tool_use_id")}
    append(state, {**row, "agent": agent, "reason": reason, **money})
    if agent or not _OF_TREES(reason):
        return None
    told = {"hookEventName": "PostToolUseFailure", "additionalContext": AGAIN}
    return {"hookSpecificOutput": told}


async def forsake(repository: Repository, state: str, agent: str, tree: str) -> None:
    """Removes what there is of an executor, with a record of its start or without one.

    Without one, or with one that is damaged, only a tree that Claude Code made for it is taken.
    """
    record = known(repository.common_dir, state, agent)
    if record is None:
        record = {"agent": agent}
        there = hosted({"agent_id": agent, "cwd": tree})
        if there is not None and there[1].parent.parent == repository.common_dir:
            record |= {"tree": str(there[0]), "git_dir": str(there[1])}
    await forget(repository, state, record)


def _noted(event: Mapping[str, Any]) -> tuple[str, str]:
    """The executor of a call and its tree, as Claude Code notes them beside its transcript.

    The event itself does not name it. Two empty texts where there is no such note.
    """
    told, call = str(event.get("transcript_path") or ""), event.get("tool_use_id")
    folder = Path(told.removesuffix(".jsonl")) / "subagents"
    for file in folder.rglob("agent-*.meta.json") if told else ():
        with opened(file) as lines:
            note = parsed(lines.read(_LARGEST))
        agent = file.name.removeprefix("agent-").removesuffix(".meta.json")
        if note and call and note.get("toolUseId") == call and is_name(agent):
            return agent, str(note.get("worktreePath") or "")
    return "", ""
