"""The composition root: the one place that knows every part by name."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from sef.checks import CheckRunner, Overrides
from sef.config import Config, ExecutorConfig, load_config
from sef.engine import Engine, Parts
from sef.environment import Environments
from sef.errors import ConfigError, RepositoryError
from sef.executors.search import SearchExecutor
from sef.executors.tests import TestsExecutor
from sef.model import Tier
from sef.protocols import Clock, Executor, Sink, Verifier
from sef.repository import Repository, find_repository
from sef.routers import ROUTERS
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
    sinks: Sequence[Sink] = (),
) -> AsyncIterator[Engine]:
    """An engine for the repository that `start` lies in, ready to run one plan.

    Takes the snapshot of the user's tree; removes everything it made outside the repository at
    the end. Raises RepositoryError and ConfigError.
    """
    repository = await find_repository(start)
    settings = repository_config(repository, config)
    name = run or new_run()
    scratch = _scratch(repository, name)
    try:
        workspace = Workspace(repository, run=name, scratch=scratch)
        await workspace.open()
        parts = _parts(settings, workspace, repository, scratch, sinks)
        yield Engine(parts, workspace, policy=policy or settings.policy, slots=settings.slots)
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


def _scratch(repository: Repository, run: str) -> Path:
    """A private folder outside the user's tree (a home folder may itself be a repository)."""
    cache = Path(platformdirs.user_cache_dir("sef"))
    for parent in (cache / "runs", Path(tempfile.gettempdir()) / f"sef-{os.getuid()}"):
        if not parent.resolve().is_relative_to(repository.root.resolve()):
            parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            (parent / run).mkdir(mode=0o700)
            return (parent / run).resolve()
    raise RepositoryError(
        f"{repository.root} holds both the cache and the temporary folder",
        hint="Set XDG_CACHE_HOME to a folder outside the repository.",
    )


def _parts(
    config: Config,
    workspace: Workspace,
    repository: Repository,
    scratch: Path,
    sinks: Sequence[Sink],
) -> Parts:
    clock = WallClock()
    environments = Environments(
        tree=repository.root, scratch=scratch, python=config.python, variables=dict(os.environ)
    )
    checks = config.checks
    runner = CheckRunner(
        environments=environments,
        scratch=scratch,
        overrides=Overrides(tests=checks.tests, lint=checks.lint, types=checks.types),
        timeout_s=checks.timeout_s,
    )
    mechanical: dict[str, Executor] = {
        "tests": TestsExecutor(runner, fingerprint=workspace.status),
        "search": SearchExecutor(),
    }
    drafting = {one.name: _executor(one, clock) for one in config.executors}
    return Parts(
        router=ROUTERS["rules"](),
        executors=mechanical | drafting,
        tiers=_tiers(config.executors),
        verifiers=_verifiers(runner, workspace, repository),
        sinks=sinks,
        clock=clock,
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


def _executor(config: ExecutorConfig, clock: Clock) -> Executor:
    """An executor that sef.toml names. Scripted ones are imported only where they are asked for."""
    from sef.testing import ScriptedExecutor, load_scripts

    if config.script is None:
        raise ConfigError(f"executor {config.name!r} has no script")
    return ScriptedExecutor(load_scripts(config.script), clock=clock, model=config.model)
