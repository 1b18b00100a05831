"""The composition root: the one place that knows every part by name."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import platformdirs

from sef.checks import CheckRunner, Overrides
from sef.cleanup import clean, release
from sef.config import Config, ExecutorConfig, load_config
from sef.engine import Engine
from sef.environment import Environments, remove_leftovers
from sef.environment.foreign import ForeignEnvironments
from sef.errors import ConfigError, RepositoryError, UsageError
from sef.events import Recorded, RunStarted
from sef.executors.search import SearchExecutor
from sef.executors.tests import TestsExecutor
from sef.executors.wrappers import Budget, Budgeted, Limited, Retrying
from sef.experience import Promise
from sef.journal import Journal, RunJournal
from sef.learning import learned, past_runs, router
from sef.model import Status, Tier
from sef.owner import this_process
from sef.parts import Parts
from sef.policy import NO_WARM_UP
from sef.pools.local import LocalPool
from sef.protocols import Clock, Executor, Sink, Verifier
from sef.repository import Repository, find_repository
from sef.story import outcomes
from sef.verifiers.applies import Applies
from sef.verifiers.checks import Checks
from sef.verifiers.scope import Scope
from sef.verifiers.trust import Trust
from sef.workspace import Workspace

CONFIG_NAME = "sef.toml"


class WallClock:
    """The real time."""

    def now(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)


def new_run() -> str:
    """A name for a run: when it began, and four random hexadecimal digits."""
    return f"{datetime.now(UTC):%m%d-%H%M%S}-{secrets.token_hex(2)}"


def repository_config(repository: Repository, named: Path | None = None) -> Config:
    """The configuration of a repository: the named file, else its sef.toml, else the defaults."""
    found = repository.root / CONFIG_NAME
    return load_config(named or (found if found.is_file() else None))


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
        parts = _parts(site, sinks, budget_usd)
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
        yield Engine(_parts(site, sinks, budget_usd), site.workspace), past
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
        await clean(repository, journal, folders)
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
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


def open_journal(repository: Repository) -> Journal:
    """The journal of a repository, in its git folder. Raises JournalError."""
    return Journal(repository.common_dir / "sef")


def scratch_folders(repository: Repository) -> tuple[Path, ...]:
    """Folders outside the user's tree (a home folder may itself be a repository)."""
    cache = Path(platformdirs.user_cache_dir("sef")) / "runs"
    temporary = Path(tempfile.gettempdir()) / f"sef-{os.getuid()}"
    root = repository.root.resolve()
    return tuple(one for one in (cache, temporary) if not one.resolve().is_relative_to(root))


def make_scratch(repository: Repository, run: str) -> Path:
    """A private folder for one run, outside the user's tree. Raises RepositoryError."""
    for parent in scratch_folders(repository):
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A resumed run finds its own folder again.
        (parent / run).mkdir(mode=0o700, exist_ok=True)
        return (parent / run).resolve()
    raise RepositoryError(
        f"{repository.root} holds both the cache and the temporary folder",
        hint="Set XDG_CACHE_HOME to a folder outside the repository.",
    )


def _parts(site: _Site, sinks: Sequence[Sink], limit: Decimal | None) -> Parts:
    clock = WallClock()
    most = limit or site.config.budget_usd
    budget = Budget(most) if most is not None else None
    runner = check_runner(site.repository, site.config, site.scratch)
    mechanical: dict[str, Executor] = {
        "tests": TestsExecutor(runner, fingerprint=site.workspace.status),
        "search": SearchExecutor(),
    }
    drafting = {one.name: _executor(one, clock, budget) for one in site.config.executors}
    drafts, past = site.config.drafts, past_runs(site.journal)
    return Parts(
        router=router(past, drafting),
        pool=LocalPool(site.workspace, mechanical | drafting),
        tiers=_tiers(site.config.executors),
        verifiers=_verifiers(runner, site.workspace, site.repository),
        sinks=sinks,
        clock=clock,
        ledger=RunJournal(site.journal, site.run),
        cores=os.cpu_count() or 1,
        known=learned(site.journal, past, promise(site.config)),
        rule=replace(NO_WARM_UP, exploring=drafts.exploring),
        allowance_usd=drafts.allowance_usd,
        usd_per_hour=drafts.usd_per_hour,
        audit=drafts.audit,
    )


def promise(config: Config) -> Promise:
    """What the configuration promises about accepted drafts."""
    return Promise(epsilon=config.drafts.epsilon, delta=config.drafts.delta)


def check_runner(repository: Repository, config: Config, scratch: Path) -> CheckRunner:
    """What runs the checks of a repository: in place for the user, witnessed in a fork."""
    given = dict(os.environ)
    return CheckRunner(
        environments=Environments(
            tree=repository.root,
            scratch=scratch,
            python=config.python,
            settings=config.environment,
            variables=given,
        ),
        foreign=ForeignEnvironments(
            tree=repository.root,
            scratch=scratch,
            variables=given,
            network=config.environment.network,
        ),
        scratch=scratch,
        overrides=Overrides(
            tests=config.checks.tests, lint=config.checks.lint, types=config.checks.types
        ),
        timeout_s=config.checks.timeout_s,
        tree=repository.root,
    )


def _verifiers(
    runner: CheckRunner, workspace: Workspace, repository: Repository
) -> Mapping[str, Verifier]:
    checks = {name: Checks(name, runner, workspace) for name in ("lint", "types", "tests")}
    return {
        "applies": Applies(repository.git),
        "scope": Scope(),
        "bounds": Scope(judges=False),
        "trust": Trust(),
        **checks,
    }


def _tiers(executors: Sequence[ExecutorConfig]) -> Mapping[Tier, str]:
    """The first executor named for a tier serves it."""
    return {Tier(one.tier): one.name for one in reversed(executors)}


def _executor(config: ExecutorConfig, clock: Clock, budget: Budget | None) -> Executor:
    """An executor that sef.toml names, tried again, limited, and within the run's budget."""
    executor: Executor = Retrying(_inner(config, clock), config.retries, clock)
    if config.at_once is not None:
        executor = Limited(executor, config.at_once)
    return executor if budget is None else Budgeted(executor, budget)


def _inner(config: ExecutorConfig, clock: Clock) -> Executor:
    # Imported only where it is asked for.
    from sef.testing import ScriptedExecutor, load_scripts

    if config.script is None:
        raise ConfigError(f"executor {config.name!r} has no script")
    return ScriptedExecutor(load_scripts(config.script), clock=clock, model=config.model)
