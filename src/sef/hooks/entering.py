"""Runs of the journal that sessions of Claude Code leave: one for each delegation."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sef.build import open_journal
from sef.choice import Mode
from sef.errors import ConfigError, JournalError
from sef.events import Dispatched, Exhausted, Fact, Recorded, Routed, RunFinished, RunStarted
from sef.hooks.booking import first_words, requests_in
from sef.hooks.delegating import EXECUTORS
from sef.hooks.delegation import Delegation, Ended
from sef.hooks.gating import TARGET, Memory, remembered, route_of, table
from sef.hooks.journaling import HOST, Settled, run_of
from sef.hooks.records import load, log, rows, save, state_folder
from sef.journal import RunJournal
from sef.model import Cascade, Effort, Stage, Task, Tier
from sef.owner import NOBODY
from sef.policy import POLICIES
from sef.reasons import reason_of
from sef.redaction import Redaction
from sef.repository import Repository
from sef.text import one_line

_FLUSHED_S: Final = 0.06
"""Seconds after which the newest line of a transcript is there (50 ms, seen with 2.1.330)."""
_NOTHING: Final = Path(os.devnull, "none")
"""A path where nothing can be."""
_SECRET: Final = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")


def delegation_of(
    event: Mapping[str, Any], repository: Repository, record: Mapping[str, Any], report: str
) -> Delegation:
    """The delegation whose call has ended, as its event and the record of its start tell it."""
    asked, agent, executor = event["tool_input"], str(record["agent"]), str(record["executor"])
    efforts = {str(one) for one in Effort}
    effort = asked.get("effort")
    return Delegation(
        record=record,
        executor=executor,
        task=str(asked.get("prompt") or ""),
        call=str(event.get("tool_use_id") or agent),
        effort=Effort(effort if effort in efforts else EXECUTORS[executor]["effort"]),
        memory=memory_of(repository),
        report=report,
        seconds=_since(record, time.time()),
        transcript=_transcript(event.get("transcript_path"), agent),
        state=state_folder(str(repository.common_dir)),
        repository=repository,
    )


def cut_off(repository: Repository, record: Mapping[str, Any]) -> Delegation:
    """A delegation whose session was killed, as far as the record of its start and its transcript
    tell it; it lasted until the last that was written there."""
    event: Mapping[str, Any] = {"tool_input": {}, "transcript_path": record.get("transcript")}
    one = delegation_of(event, repository, record, "")
    with suppress(OSError):
        ended = one.transcript.stat().st_mtime
        return replace(one, task=first_words(one.transcript), seconds=_since(record, ended))
    return replace(one, seconds=0.0)


def _transcript(told: object, agent: str) -> Path:
    """The executor's transcript, beside that of its session; a path to nothing without one."""
    folder = Path(str(told or "").removesuffix(".jsonl")) / "subagents"
    with suppress(OSError):  # a damaged record may name what can be no path
        # Through a link it might be a search of the whole disk.
        if folder.is_absolute() and not folder.is_symlink():
            return next(folder.rglob(f"agent-{agent}.jsonl"), _NOTHING)
    return _NOTHING


def _since(record: Mapping[str, Any], now: float) -> float:
    return max(0.0, now - float(record.get("at") or now))


def memory_of(repository: Repository) -> Memory:
    """Empty where it cannot be read: a verdict does not need it."""
    try:
        return remembered(repository)
    except (ConfigError, JournalError) as error:
        log(f"nothing is remembered: {error}")
        return Memory()


async def book(one: Delegation, ended: Ended) -> Mapping[str, str | None]:
    """Books the delegation as a run, and asks the gate anew; what breaks here undoes no verdict.

    Returns what it cost, also where the journal cannot be written.
    """
    money: Mapping[str, str | None] = {}
    try:
        await asyncio.sleep(_FLUSHED_S)
        ran = Settled(
            one=one,
            ended=ended,
            requests=requests_in(str(one.transcript)),
            seconds=one.seconds,
            known=one.memory.known,
            audit=one.memory.config.drafts.audit,
            asked=(load(one.state, "table") or {}).get(one.executor) or {},
        )
        money = ran.money
        await enter(one.repository, ran.run, ran.facts, one.seconds)
        save(one.state, "table", table(one.memory.plus(ran.facts)))
        await ran.keep(one.repository)
    except Exception as error:  # the draft is judged, and merged, already
        log(f"run {one.record['agent']} is not in the journal: {reason_of(error)}")
    return money


async def book_cut_off(one: Delegation, ended: Ended) -> Mapping[str, str | None]:
    """As `book`, unless it was booked before the kill."""
    run = run_of(one.record["agent"])
    try:
        with closing(open_journal(one.repository)) as journal:
            if any(isinstance(told.fact, RunFinished) for told in journal.recorded(run)):
                return {}
    except JournalError as error:
        log(f"run {run} cannot be looked up: {error}")
    return await book(one, ended)


async def enter(repository: Repository, run: str, facts: Iterable[Fact], seconds: float) -> None:
    """Writes a run into the journal, in place of what a killed hook, or a session that was killed
    and resumed, left of it. Raises JournalError."""
    secrets = [value for name, value in os.environ.items() if name.endswith(_SECRET)]
    with closing(open_journal(repository)) as journal:
        journal.forget(run)
        journal.begin(run, NOBODY)
        ledger = RunJournal(journal, run, Redaction(secrets).of)
        for fact in facts:
            before = isinstance(fact, RunStarted | Routed | Dispatched)
            ledger.append(Recorded(fact=fact, seconds=0.0 if before else seconds))
        await ledger.settled()


async def enter_kept(repository: Repository, state: str, session: str) -> None:
    """Writes what the gate left to the conversation, so that the rate of delegation is true."""
    kept = [one for one in rows(state) if one.get("gate") and one.get("session") == session]
    if not kept:
        return
    with closing(open_journal(repository)) as journal:
        known = {one.run for one in journal.runs()}
    for row in kept:
        run = run_of(str(row.get("call"))[-12:])
        if run not in known and row.get("executor") in EXECUTORS:
            await enter(repository, run, _kept(run, row), 0.0)


def _kept(run: str, row: Mapping[str, Any]) -> Iterator[Fact]:
    route = route_of(str(row["executor"]))
    policy, reason = POLICIES[route.policy], one_line(str(row.get("reason")), 400)
    task = Task(id=str(route.kind), text="(kept by the main conversation)", kind=route.kind)
    target = Stage(
        executor=TARGET,
        tier=Tier.TARGET,
        effort=policy.target_effort,
        verifiers=(),
        deadline_s=policy.deadline_s,
    )
    host = f"{HOST}, session {row.get('session')}"
    yield RunStarted(run=run, base="", dirty=False, tasks=(task,), slots=1, host=host)
    yield Routed(
        task=task.id,
        route=route,
        cascade=Cascade(stages=(target,)),
        begins=Mode.TARGET,
        weighed=(reason,),
    )
    yield Exhausted(task=task.id, epoch=0, reason=f"left to the main conversation: {reason}")
    yield RunFinished(run=run, seconds=0.0, branch=None)
