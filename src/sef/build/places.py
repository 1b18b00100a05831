"""Where things are: the configuration, the journal, the folders outside the user's tree."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from sef.config import Config, load_config
from sef.errors import RepositoryError
from sef.journal import Journal
from sef.repository import Repository

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
