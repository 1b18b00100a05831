"""An executor has ended: the verdict on its work, and what becomes of it.

Accepted is merged into the user's files, whole, under a lock; rejected vanishes. Whatever breaks
here has not accepted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sef.build import Asked, Judgement, open_judge
from sef.errors import SefError
from sef.handback import answer, handed_back_in
from sef.hooks import telling
from sef.hooks.delegating import EXECUTORS, executor_of
from sef.hooks.delegation import Delegation, Ended
from sef.hooks.dropping import forsake
from sef.hooks.entering import book, delegation_of
from sef.hooks.fence import changed_files, fingerprint, moved, used_shell
from sef.hooks.known import alone_with, known
from sef.hooks.last_word import in_time
from sef.hooks.merging import Merged, merge, unfit
from sef.hooks.records import (
    append,
    is_name,
    log,
    rows,
    state_folder,
    users_folder,
)
from sef.hooks.trees import captured, forget, scratch_in
from sef.hooks.undoing import noted
from sef.model import Answer, Patch
from sef.reasons import reason_of
from sef.repository import find_repository
from sef.submission import Submission
from sef.text import one_line
from sef.workspace import Workspace

_LIMIT: Final = "NOTE: this agent stopped at its"
"""How a note begins that Claude Code puts before the report of one that ran out of turns."""
_NOTES: Final = 10
"""Lines in which its notes are: before this one may be one that names the tools."""
_MOST_S: Final = 270.0
_CLOSING_S: Final = 25.0
"""How long what follows a verdict may take before it is told all the same."""
_LATE: Final = "there was no verdict in the time there is"
_SHELL: Final = ("sef-validate", "sef-implement", "sef-review")
"""Executors that have Bash."""


async def settled(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer to PostToolUse of the Agent tool; None for anybody else's agents.

    Whatever breaks, the orchestrator does not read the executor's own story.
    """
    response, asked = event.get("tool_response"), event.get("tool_input")
    if not isinstance(response, dict) or not isinstance(asked, dict):
        return None
    executor = executor_of(response.get("agentType") or asked.get("subagent_type"))
    if not executor or response.get("status") == "async_launched":
        return None
    never = in_time(telling.replaced(response, telling.unsettled(_LATE)))
    try:
        return await _settled_once(event, response)
    except Exception as error:  # doubt rejects
        log(f"a call of {executor} was not settled: {reason_of(error)}")
        return telling.replaced(response, telling.unsettled(reason_of(error)))
    finally:
        never()


async def _settled_once(event: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    with alone_with(event, response.get("agentId")) as mine:
        if not mine:  # Claude Code takes the answer that comes last, which is not this one
            return telling.replaced(response, telling.unsettled("another hook is at it"))
        return await _settled(event, response)


async def _settled(event: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    try:
        repository = await find_repository(Path(users_folder(event)))
    except SefError as error:
        return telling.replaced(response, telling.rejected(f"no repository: {error}"))
    state, agent = state_folder(str(repository.common_dir)), response.get("agentId")
    record = known(repository.common_dir, state, agent)
    if record is None:
        if is_name(agent):
            tree = str(response.get("worktreePath") or "")
            await forsake(repository, state, str(agent), tree)
        return telling.replaced(
            response, telling.rejected("there is no record of its start: nothing was verified")
        )
    one = delegation_of(event, repository, record, _text(response))
    ended = await _ended(one)
    said = telling.replaced(response, _told(one, ended))
    in_time(said, _CLOSING_S)
    await _close(event, one, ended)
    return said


def _told(one: Delegation, ended: Ended) -> str:
    if ended.accepted:
        report = "" if EXECUTORS[one.executor]["writes"] else one.report
        return telling.accepted(ended.paths, ended.evidence, report)
    return telling.rejected(ended.reason, ended.evidence, ended.kept)


async def _close(event: Mapping[str, Any], one: Delegation, ended: Ended) -> None:
    """Books it, removes what there is of it, writes its row: what breaks undoes no verdict."""
    money = await book(one, ended)
    try:
        await forget(one.repository, one.state, one.record)
    except (SefError, OSError) as error:
        log(f"not all of executor {one.record['agent']} is removed: {reason_of(error)}")
    try:
        append(one.state, {**_row(event, one, ended), **money})
    except OSError as error:
        log(f"no row tells of executor {one.record['agent']}: {reason_of(error)}")


async def _ended(one: Delegation) -> Ended:
    try:
        with scratch_in(one.state) as scratch:
            async with asyncio.timeout(_MOST_S):
                return await _judged(one, scratch)
    except TimeoutError:
        return Ended(accepted=False, reason=f"no verdict within {_MOST_S:.0f} s")
    except SefError as error:
        return Ended(accepted=False, reason=f"it could not be verified: {one_line(str(error))}")
    except Exception as error:  # doubt rejects
        return Ended(accepted=False, reason=f"the verification broke: {reason_of(error)}")


async def _judged(one: Delegation, scratch: Path) -> Ended:
    if any(line.startswith(_LIMIT) for line in one.report.splitlines()[:_NOTES]):
        return Ended(accepted=False, reason="it stopped at its turn limit")
    workspace = Workspace(one.repository, run=f"hook-{one.record['agent']}", scratch=scratch)
    await workspace.reopen(str(one.record["base"]))
    patch = await captured(workspace, one.record) if one.record["tree"] else None
    if patch and (elsewhere := await _elsewhere(one)):
        kept = await _kept(one, patch)
        return Ended(accepted=False, reason=elsewhere, kept=kept)
    if outside := await _outside(one, workspace):
        kept = await _kept(one, patch)
        return Ended(accepted=False, reason=outside, kept=kept)
    found = await _verdict(one, patch)
    verdict = found.verdict
    if not verdict.accepted:
        reason = f"{found.status}: {verdict.reason}"
        return Ended(accepted=False, reason=reason, judged=found, evidence=verdict.evidence)
    if patch is None or patch.empty:
        return Ended(accepted=True, reason=verdict.reason, judged=found, evidence=verdict.evidence)
    return await _merged(one, workspace, patch, found)


async def _elsewhere(one: Delegation) -> str:
    """Why the draft has no place in the user's tree as it is; empty where it has."""
    began, now = str(one.record["root"]), str(one.repository.root)
    if began != now:
        return f"it began from the files in {began}, and the user is in {now}"
    return await unfit(one.repository, one.record.get("branch"))


async def _outside(one: Delegation, workspace: Workspace) -> str:
    """What changed outside its tree while an executor with a shell ran; empty: nothing did."""
    if one.executor not in _SHELL or not await asyncio.to_thread(used_shell, one.transcript):
        return ""
    record = one.record
    changed = moved(record["fingerprint"], await fingerprint(one.repository))
    base = str(record["base"])
    workspace.tip = base
    pair = await workspace.merged_now()
    now = pair[0] if pair else base
    ours = _ours(one.state, str(record["agent"]))
    files = await changed_files(one.repository, base, now, ours)
    what = (*changed, *files[:5])
    if not what:
        return ""
    return (
        f"outside its tree there changed, while it ran commands: {', '.join(what)}. Nobody can"
        " tell whether it or the user did that: ask the user"
    )


def _ours(state: str, agent: str) -> dict[str, str]:
    """What sef merged into the user's files since that executor started."""
    found: dict[str, str] = {}
    for row in rows(state):
        if row.get("event") == "started" and row.get("agent") == agent:
            found = {}
        elif row.get("event") == "merged" and isinstance(row.get("blobs"), dict):
            found |= row["blobs"]
    return found | dict(noted(state).get("blobs") or {})


async def _verdict(one: Delegation, patch: Patch | None) -> Judgement:
    base = str(one.record["base"])
    back = handed_back_in(one.report)
    said = answer(back, str(one.repository.root)) if back else Answer(text=one.report)
    return await _judgement(one, base, patch.commit if patch else base, said)


async def _judgement(
    one: Delegation, base: str, head: str, said: Answer | None = None
) -> Judgement:
    asked = Asked(
        submission=Submission(base=base, head=head),
        task=one.task,
        kind=one.kind,
        tier=one.tier,
        answer=said,
    )
    async with open_judge(one.repository.root, known=one.memory.known) as judge:
        return await judge.judge(asked)


async def _merged(one: Delegation, workspace: Workspace, patch: Patch, judged: Judgement) -> Ended:
    async def judge(base: str, head: str) -> Judgement:
        return await _judgement(one, base, head)

    branch = one.record.get("branch")
    found: Merged = await merge(one.repository, workspace, patch, judge, one.state, branch=branch)
    evidence = judged.verdict.evidence
    if found.problem:
        kept = await _kept(one, patch) if found.conflict else ""
        more = (*evidence, *found.evidence)
        return Ended(accepted=False, reason=found.problem, judged=judged, evidence=more, kept=kept)
    return Ended(
        accepted=True,
        reason="",
        judged=judged,
        evidence=found.evidence or evidence,
        paths=tuple(found.blobs),
        blobs=found.blobs,
    )


async def _kept(one: Delegation, patch: Patch | None) -> str:
    """The file that the patch is kept in, outside the user's tree; empty where there is none."""
    if patch is None or patch.empty:
        return ""
    file = Path(one.state) / "kept" / f"{one.record['agent']}.patch"
    file.parent.mkdir(mode=0o700, exist_ok=True)
    options = ("--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv")
    said = await one.repository.git.run("diff", *options, patch.base, patch.commit)
    file.write_bytes(said.stdout)
    return str(file)


def _text(response: Mapping[str, Any]) -> str:
    content = response.get("content")
    blocks = content if isinstance(content, list) else []
    return "\n".join(str(one.get("text") or "") for one in blocks if isinstance(one, dict))


def _row(event: Mapping[str, Any], one: Delegation, ended: Ended) -> dict[str, Any]:
    return {
        "event": "accepted" if ended.accepted else "rejected",
        "session": event.get("session_id"),
        "call": event.get("tool_use_id"),
        "agent": one.record["agent"],
        "executor": one.executor,
        "reason": ended.reason[:1_000],
        "evidence": [[e.verifier, e.passed, e.detail[:200]] for e in ended.evidence[:20]],
        "paths": list(ended.paths[:50]),
        "kept": bool(ended.kept),
    }
