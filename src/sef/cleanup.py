"""Removing what killed runs left behind, and runs that are old."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from sef.journal import Journal, RunRow
from sef.repository import Repository

KEEP_S = 30 * 24 * 3600.0
"""Seconds that a run is kept in the journal."""
KEEP_BYTES = 256 * 1024 * 1024
"""Size of the journal above which the oldest runs go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What a cleaning removed."""

    folders: int = 0
    """Forks and scratch folders of runs whose process is gone."""
    references: int = 0
    """Temporary references of forgotten runs."""
    runs: tuple[str, ...] = ()
    """Runs forgotten by the journal."""


async def clean(
    repository: Repository,
    journal: Journal,
    scratch: tuple[Path, ...],
    *,
    keep_s: float = KEEP_S,
    keep_bytes: int = KEEP_BYTES,
) -> Cleaned:
    """Removes leftovers of dead runs below the `scratch` folders, and forgets old runs.

    A run whose process lives is never touched. Branches `sef/<run>` are results and stay.
    """
    dead = [row for row in journal.runs() if not row.owner.is_alive()]
    folders = sum(_remove_folders(repository, row.run, scratch) for row in dead)
    forgotten = _too_old(dead, keep_s) or _too_much(dead, journal, keep_bytes)
    references = 0
    for row in forgotten:
        references += await release(repository, row.run)
        journal.forget(row.run)
    if forgotten:
        journal.compact()
    return Cleaned(folders=folders, references=references, runs=tuple(row.run for row in forgotten))


def _remove_folders(repository: Repository, run: str, scratch: tuple[Path, ...]) -> int:
    """The run's scratch folders, and git's records of the forks that were in them."""
    records = (repository.common_dir / "worktrees").glob(f"sef-{run}-*")
    found = [*(folder / run for folder in scratch), *records]
    there = [folder for folder in found if folder.is_dir()]
    for folder in there:
        shutil.rmtree(folder, ignore_errors=True)
    return len(there)


def _too_old(rows: list[RunRow], keep_s: float) -> list[RunRow]:
    now = time.time()
    return [row for row in rows if now - row.began >= keep_s]


def _too_much(rows: list[RunRow], journal: Journal, keep_bytes: int) -> list[RunRow]:
    """The older half, where the journal has grown too large."""
    return rows[: len(rows) // 2] if journal.size() > keep_bytes else []


async def release(repository: Repository, run: str) -> int:
    """Deletes the references that kept the run's drafts."""
    git = repository.git
    said = await git.ask("for-each-ref", "--format=%(refname)", f"refs/sef/{run}")
    names = said.splitlines()
    if names:
        orders = "".join(f"delete {name}\n" for name in names)
        await git.ask("update-ref", "--stdin", stdin=orders.encode())
    return len(names)
