"""Engines, put together: a new one, or one for a run that was cut off."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from sef.build.checking import check_runner, model_judge, verifiers
from sef.build.executors import Crew
from sef.build.fresh import fresh_tests
from sef.build.hands import open_crew
from sef.build.places import (
    WallClock,
    make_scratch,
    new_run,
    open_journal,
    repository_config,
    scratch_folders,
)
from sef.cleanup import clean, release
from sef.config import Config
from sef.engine import Engine
from sef.environment import remove_leftovers
from sef.errors import RepositoryError, UsageError
from sef.events import Recorded, Routed, RunStarted
from sef.executors.search import SearchExecutor
from sef.executors.tests import TestsExecutor
from sef.experience import Promise
from sef.journal import Journal, RunJournal
from sef.learning import learned, past_runs, router
from sef.model import Status
from sef.owner import NOBODY, Owner, this_process
from sef.parts import Parts
from sef.policy import NO_WARM_UP
from sef.pools.local import LocalPool
from sef.protocols import Executor, Sink
from sef.repository import Repository, find_repository
from sef.story import outcomes
from sef.undoing import Undone
from sef.workspace import Workspace


@asynccontextmanager
async def open_engine(
    start: Path,
    *,
    config: Path | None = None,
    policy: str | None = None,
    run: str | None = None,
    budget_usd: Decimal | None = None,
    sinks: Sequence[Sink] = (),
) -> AsyncIterator[Engine]:
    """An engine for the repository that `start` lies in, ready to run one plan.

    Takes the snapshot of the user's tree; removes everything it made outside the repository at
    the end. Raises RepositoryError, ConfigError, JournalError.
    """
    async with _opened(start, config, run or new_run()) as site:
        await site.workspace.open()
        site.journal.begin(site.run, this_process())
        named = policy or site.config.policy
        async with _crew(site, budget_usd) as hands:
            parts = _parts(site, sinks, hands)
            yield Engine(parts, site.workspace, policy=named, slots=site.config.slots)
        await release(site.repository, site.run)


@asynccontextmanager
async def open_interrupted(
    start: Path,
    run: str,
    *,
    config: Path | None = None,
    budget_usd: Decimal | None = None,
    sinks: Sequence[Sink] = (),
) -> AsyncIterator[tuple[Engine, tuple[Recorded, ...]]]:
    """An engine for a run that was cut off, and the facts to resume it from.

    Raises UsageError when the run is unknown, at work in another process, or at its end.
    """
    async with _opened(start, config, run) as site:
        past = _interrupted(site.journal, run)
        (started,) = (one.fact for one in past if isinstance(one.fact, RunStarted))
        await site.workspace.reopen(started.base)
        site.journal.begin(run, this_process())
        async with _crew(site, budget_usd) as hands:
            yield Engine(_parts(site, sinks, hands), site.workspace), past
        await release(site.repository, run)


def _interrupted(journal: Journal, run: str) -> tuple[Recorded, ...]:
    rows = {row.run: row for row in journal.runs()}
    if run not in rows:
        raise UsageError(f"there is no run {run!r} here", hint="sef runs lists them.")
    if rows[run].owner.is_alive():
        pid = rows[run].owner.pid
        raise UsageError(f"run {run} is at work in process {pid}", hint="Wait for it to end.")
    past = journal.recorded(run)
    ended = outcomes(one.fact for one in past)
    if ended and all(one.status is not Status.CANCELLED for one in ended):
        raise UsageError(f"run {run} is at its end", hint=f"See what it did: sef report {run}")
    if not ended:
        raise UsageError(f"run {run} was cut off before it began", hint="Start a new run.")
    return past


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """What every engine of a repository needs."""

    run: str
    repository: Repository
    config: Config
    journal: Journal
    workspace: Workspace
    scratch: Path


@asynccontextmanager
async def _opened(start: Path, config: Path | None, run: str) -> AsyncIterator[_Site]:
    repository = await find_repository(start)
    settings = repository_config(repository, config)
    with closing(open_journal(repository)) as journal:
        folders = scratch_folders(repository)
        _check_undone((await clean(repository, journal, folders)).undone)
        for folder in folders:
            await asyncio.to_thread(remove_leftovers, folder)
        scratch = make_scratch(repository, run)
        try:
            yield _Site(
                run=run,
                repository=repository,
                config=settings,
                journal=journal,
                workspace=Workspace(repository, run=run, scratch=scratch),
                scratch=scratch,
            )
        finally:
            if not _is_others(journal, run):
                await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
                _leave(journal, run)


def _check_undone(undone: Iterable[Undone]) -> None:
    """Nothing begins from files that just moved by themselves before their owner knows of it."""
    for one in undone:
        if not one.whole:
            left = f"; you changed since, and they stay: {', '.join(one.left[:5])}"
            raise RepositoryError(
                f"run {one.run} was killed while it was applied to your files: they are as they"
                f" were before ({len(one.paths)} files{left if one.left else ''})",
                hint=f"Its work is safe on the branch sef/{one.run}. Go on as you like.",
            )


def _owner(journal: Journal, run: str) -> Owner:
    return next((row.owner for row in journal.runs() if row.run == run), NOBODY)


def _is_others(journal: Journal, run: str) -> bool:
    """True where another process works on the run, as when one asks to resume it too early."""
    owner = _owner(journal, run)
    return owner != this_process() and owner.is_alive()


def _leave(journal: Journal, run: str) -> None:
    """Lets go of a run that this process has ended: it may live on, and the run be resumed."""
    if _owner(journal, run) == this_process():
        journal.begin(run, NOBODY)


def _crew(site: _Site, limit: Decimal | None) -> AbstractAsyncContextManager[Crew]:
    return open_crew(site.config, site.repository.root, site.scratch, limit)


def _parts(site: _Site, sinks: Sequence[Sink], hands: Crew) -> Parts:
    runner = check_runner(site.repository, site.config, site.scratch)
    mechanical: dict[str, Executor] = {
        "tests": TestsExecutor(runner, fingerprint=site.repository.status),
        "search": SearchExecutor(),
    }
    drafts, past = site.config.drafts, past_runs(site.journal)
    pool = LocalPool(site.workspace, mechanical | dict(hands.executors))
    asked = fresh_tests(
        site.config,
        hands,
        pool=pool,
        runner=runner,
        workspace=site.workspace,
        repository=site.repository,
    )
    judge = model_judge(site.repository, site.config, hands, pool, WallClock())
    asked |= {"judge": judge} if judge else {}

    def prepare(routes: Iterable[Routed]) -> None:
        hands.warm(told := tuple(routes))
        if judge:
            judge.prepare(told)

    return Parts(
        router=router(past, hands.executors),
        pool=pool,
        tiers=hands.tiers,
        wanting=hands.problems,
        prepare=prepare,
        sandbox=hands.sandbox,
        found=hands.found,
        verifiers={**verifiers(runner, site.workspace, site.repository), **asked},
        asked=tuple(asked),
        settled=site.config.verify.settled,
        sinks=sinks,
        clock=WallClock(),
        ledger=RunJournal(site.journal, site.run, hands.redaction.of),
        cores=os.cpu_count() or 1,
        known=learned(site.journal, past, promise(site.config)),
        rule=replace(NO_WARM_UP, exploring=drafts.exploring),
        allowance_usd=drafts.allowance_usd,
        usd_per_hour=drafts.usd_per_hour,
        handover=drafts.handover,
        audit=drafts.audit,
    )


def promise(config: Config) -> Promise:
    """What the configuration promises about accepted drafts."""
    return Promise(epsilon=config.drafts.epsilon, delta=config.drafts.delta)
