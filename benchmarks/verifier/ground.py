"""One repository made ready: drafts become commits of it, and its tests are run on them."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.verifier.cases import Texts
from sef.build import check_runner, repository_config
from sef.checks import Check, CheckRun, CheckRunner
from sef.fork import Fork
from sef.git import Git
from sef.model import Patch
from sef.repository import Repository, find_repository
from sef.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A repository whose environment serves all of its commits."""

    repository: Repository
    runner: CheckRunner
    scratch: Path
    run: str

    @property
    def git(self) -> Git:
        """git, seen through the repository's own tree."""
        return self.repository.git

    async def at(self, base: str) -> Workspace:
        """The repository as if a run had begun at that commit."""
        run = f"{self.run}-{secrets.token_hex(4)}"
        workspace = Workspace(self.repository, run=run, scratch=self.scratch)
        await workspace.reopen(base)
        return workspace

    async def run_tests(
        self, workspace: Workspace, commit: str, names: Sequence[str] = (), *, timeout_s: float
    ) -> CheckRun | None:
        """pytest on a fresh fork of the commit, all of it or what is named; None: it has none."""
        runner = replace(self.runner, timeout_s=timeout_s)
        async with workspace.fork(commit) as fork:
            checks = await runner.detect(fork.checkout)
            check = next((one for one in checks if _is_pytest(one)), None)
            if check is None:
                return None
            if names:
                check = replace(check, argv=(*_bare(check.argv), *names))
            return await runner.run(check, fork.checkout)


@asynccontextmanager
async def opened(path: Path, scratch: Path, timeout_s: float = 120) -> AsyncIterator[Ground]:
    """The ground of the repository at `path`; its checks may take `timeout_s` seconds.

    Raises RepositoryError, ConfigError.
    """
    repository = await find_repository(path)
    config = repository_config(repository)
    run = f"benchmark-{secrets.token_hex(3)}"
    folder = scratch / run
    await asyncio.to_thread(folder.mkdir, parents=True)
    yield Ground(
        repository=repository,
        runner=replace(check_runner(repository, config, folder / "checks"), timeout_s=timeout_s),
        scratch=folder,
        run=run,
    )


async def drafted(workspace: Workspace, base: str, changes: Texts) -> Patch:
    """The changes as git sees them, on top of `base`."""
    async with workspace.fork(base) as fork:
        await asyncio.to_thread(_written, fork, changes)
        return await workspace.capture(fork)


def _written(fork: Fork, changes: Texts) -> None:
    root = fork.checkout.path
    for name, text in changes.items():
        path = root / name
        if not path.resolve().is_relative_to(root.resolve()):
            raise ValueError(f"{name} leads out of the tree")
        if text is None:
            path.unlink(missing_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        # Bytes: line ends stay as they are.
        path.write_bytes(text.encode("utf-8", "surrogateescape"))


def _is_pytest(check: Check) -> bool:
    return check.name == "tests" and check.runner == "pytest"


def _bare(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command without the paths that it names."""
    return tuple(word for word in argv if not re.search(r"\.py$|/$|^tests?$|^testing$", word))
