"""Before a delegation: the policy fills in what the orchestrator asked for, or refuses it.

The whole input goes back to Claude Code, because `updatedInput` replaces all of it. The same
event always gets the same answer.
"""

from __future__ import annotations

import os

from sef.hooks.booking import begin
from sef.hooks.records import append, git_folders, is_name, load, save, state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

TOOLS = ("Agent", "Task")
"""The tool that starts an executor, and its name in older versions."""
EXECUTORS: Mapping[str, Mapping[str, Any]] = {
    "sef-explore": {"model": "haiku", "effort": "low", "tier": 1, "writes": False},
    "sef-validate": {"model": "haiku", "effort": "low", "tier": 1, "writes": False},
    "sef-document": {"model": "haiku", "effort": "low", "tier": 1, "writes": True},
    "sef-implement": {"model": "sonnet", "effort": "medium", "tier": 2, "writes": True},
    "sef-review": {"model": "sonnet", "effort": "medium", "tier": 2, "writes": False},
}
"""Where no table of the gate says otherwise. A test holds it against the definitions."""
_TARGETS = ("opus", "fable")
_GATE = "do this task yourself"
"""How a refusal of the gate begins."""
_UNFINISHED = {
    "MERGE_HEAD": "a merge",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
}


def executor_of(agent_type: object) -> str:
    """The executor that a type of agent names, of a plugin too; empty for anybody else's."""
    name = str(agent_type).removeprefix("sef:")
    return name if name in EXECUTORS else ""


def delegated(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer to PreToolUse of the Agent tool; None leaves the call as it is."""
    asked = event.get("tool_input")
    if event.get("tool_name") not in TOOLS or not isinstance(asked, dict):
        return None
    executor = executor_of(asked.get("subagent_type"))
    if not executor and not executor_of(event.get("agent_type")):
        return None
    folders = git_folders(event["cwd"])
    state = state_folder(folders[2] if folders else None)
    row = {**EXECUTORS.get(executor, {}), **((load(state, "table") or {}).get(executor) or {})}
    refusal = _refusal(event, executor, row, folders)
    given = {} if refusal else _given(asked, row)
    append(
        state,
        {
            "event": "refused" if refusal else "delegated",
            "session": event.get("session_id"),
            "call": event.get("tool_use_id"),
            "executor": executor,
            "reason": refusal,
            "gate": refusal.startswith(_GATE),
            **{name: given.get(name) for name in ("model", "effort", "isolation")},
        },
    )
    if refusal:
        decision = {"permissionDecision": "deny", "permissionDecisionReason": f"sef: {refusal}"}
        return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **decision}}
    begin(state, event.get("session_id"))
    if is_name(event.get("session_id")):
        # An executor's own folder may lie in another work tree of the repository.
        save(state, f"open/{event['session_id']}", {"cwd": event["cwd"]})
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": given}}


def _given(asked: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The input as the policy settles it; a model above its own, below the target, stays."""
    model = "sonnet" if asked.get("model") == "sonnet" else row["model"]
    settled = {"model": model, "effort": row["effort"], "run_in_background": False}
    if row["writes"]:
        settled["isolation"] = "worktree"
    return {**asked, **settled}


def _refusal(
    event: Mapping[str, Any],
    executor: str,
    row: Mapping[str, Any],
    folders: tuple[str, str, str] | None,
) -> str:
    """Why the call cannot be made; empty where it can."""
    if event.get("agent_id") or executor_of(event.get("agent_type")):
        return "an executor hands nothing on. Do it yourself, or hand back what is missing."
    asked = event["tool_input"].get("model")
    if asked in _TARGETS:
        return (
            f"{executor} on {asked} costs what you cost, and its verification on top:"
            " it cannot pay. Leave `model` out, or do the task yourself."
        )
    if row.get("pays") is False:
        return f"{_GATE}. {str(row.get('reason'))[:300]}"
    if row["writes"] and folders is None:
        return (
            f"{executor} writes, and without a git repository its work can be neither verified"
            " nor taken back. Do it yourself."
        )
    if row["writes"] and folders is not None:
        for name, what in _UNFINISHED.items():
            if os.path.lexists(os.path.join(folders[1], name)):
                return f"{what} is in progress: {executor} has no state to start from."
    return ""
