"""An executor says it is done: a first look, which sends it back once with what is wrong.

Quick stages, then the project's checks as far as they take little time; only what certainly fails
is told. The verdict itself is made when the work is settled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sef.build import Asked, ChangeJudge, open_judge
from sef.handback import handed_back_in
from sef.hooks.delegating import EXECUTORS, executor_of
from sef.hooks.known import known
from sef.hooks.records import append, claim, is_name, opened, parsed, state_folder, users_folder
from sef.hooks.trees import captured, scratch_in
from sef.model import Kind
from sef.repository import find_repository
from sef.submission import Submission
from sef.text import one_line
from sef.workspace import Workspace

_LONGEST: Final = 400
_CHECKS_S: Final = 90.0
"""How long an executor is kept for the project's checks; after that it may end."""
_LARGEST: Final = 2**20
"""Bytes of a transcript in which the task is looked for: it is its first message."""


async def stopped(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Sends an executor back at most once; None lets it end."""
    executor, agent = executor_of(event.get("agent_type")), event.get("agent_id")
    if not executor or not is_name(agent) or event.get("stop_hook_active"):
        return None
    repository = await find_repository(Path(users_folder(event)))
    state = state_folder(str(repository.common_dir))
    record = known(repository.common_dir, state, agent)
    # A resumed executor starts again with stop_hook_active false: the claim counts for its life.
    if record is None or not claim(state, f"stop-{agent}"):
        return None
    wrong = _form(str(event.get("last_assistant_message") or ""))
    if not wrong and EXECUTORS[executor]["writes"] and record.get("tree"):
        with scratch_in(state) as scratch:
            workspace = Workspace(repository, run=f"hook-{agent}", scratch=scratch)
            await workspace.reopen(str(record["base"]))
            patch = await captured(workspace, record)
            asked = Asked(
                submission=Submission(base=patch.base, head=patch.commit),
                task=_task(Path(str(event.get("agent_transcript_path")))) or None,
                kind=Kind(executor.removeprefix("sef-")),
                quick=True,
            )
            async with open_judge(repository.root) as judge:
                wrong = await _wrong(judge, asked)
    row = {"session": event.get("session_id"), "agent": agent, "executor": executor}
    append(state, {"event": "sent_back" if wrong else "looked_at", **row, "reason": wrong[:1_000]})
    if not wrong:
        return None
    reason = f"Not acceptable yet: {one_line(wrong, _LONGEST)} Mend that, then hand back again."
    return {"decision": "block", "reason": reason}


async def _wrong(judge: ChangeJudge, asked: Asked) -> str:
    """What is wrong with a change; empty where nothing is found in the time there is."""
    found = await judge.judge(asked)
    if not found.verdict.accepted:
        return found.verdict.reason
    try:
        async with asyncio.timeout(_CHECKS_S):
            found = await judge.judge(replace(asked, quick=False))
    except TimeoutError:
        return ""
    # Where nobody can tell, sending it back helps nobody.
    return found.verdict.reason if found.status == "rejected" else ""


def _form(said: str) -> str:
    """What is wrong with the form of a report; empty where nothing is, or nobody told it."""
    if not said or handed_back_in(said) is not None:
        return ""
    return "the five headings of the hand-back are missing."


def _task(transcript: Path) -> str:
    """What the executor was asked: the first message of its transcript."""
    try:
        with opened(transcript) as file:
            lines = file.read(_LARGEST).splitlines()
    except OSError:
        return ""
    for line in lines:
        record = parsed(line)
        message = record.get("message") if record and record.get("type") == "user" else None
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list):
            texts = (one.get("text") for one in content if isinstance(one, dict))
            content = "\n".join(str(text) for text in texts if text)
        if isinstance(content, str) and content.strip():
            return content
    return ""
