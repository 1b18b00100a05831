"""A look at a repository: a snapshot of the user's tree that no run is made of."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sef.build.places import make_scratch, repository_config, scratch_folders
from sef.cleanup import begin_look, clean_looks, release
from sef.config import Config
from sef.owner import this_process
from sef.repository import Repository, find_repository
from sef.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A repository as it is now, and room to look at it."""

    repository: Repository
    config: Config
    scratch: Path
    """A private folder outside the user's tree, gone afterwards."""
    workspace: Workspace
    """Open; its base is the user's tree."""


@asynccontextmanager
async def open_snapshot(
    start: Path, what: str, *, config: Path | None = None
) -> AsyncIterator[Snapshot]:
    """A snapshot of the repository that `start` lies in; nothing of it stays, nor is it a run.

    `what` begins the names of its forks. Raises RepositoryError, ConfigError.
    """
    repository = await find_repository(start)
    settings = repository_config(repository, config)
    await clean_looks(repository, scratch_folders(repository))
    name = f"{what}-{secrets.token_hex(4)}"
    note = begin_look(repository, name, this_process())
    scratch: Path | None = None
    try:
        scratch = await asyncio.to_thread(make_scratch, repository, name)
        workspace = Workspace(repository, run=name, scratch=scratch)
        await workspace.open()
        yield Snapshot(repository=repository, config=settings, scratch=scratch, workspace=workspace)
    finally:
        if scratch is not None:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
        await release(repository, name)
        note.unlink(missing_ok=True)
