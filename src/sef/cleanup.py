"""Removing what killed runs left behind, and runs that are old."""

from __future__ import annotations

import shutil
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sef.applying import put_back
from sef.journal import Journal, RunRow
from sef.owner import Owner
from sef.recall import in_forks
from sef.repository import Repository
from sef.undoing import Undone

KEEP_S = 30 * 24 * 3600.0
"""Seconds that a run is kept in the journal."""
KEEP_BYTES = 256 * 1024 * 1024
"""Size of the journal above which the oldest runs go first."""
_NOTE: Final = ".owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What a cleaning removed."""

    folders: int = 0
    """Forks and scratch folders of runs whose process is gone."""
    references: int = 0
    """Temporary references of forgotten runs."""
    runs: tuple[str, ...] = ()
    """Runs forgotten by the journal."""
    undone: tuple[Undone, ...] = ()
    """Runs that were killed while they were applied to the user's files."""


async def clean(
    repository: Repository,
    journal: Journal,
    scratch: tuple[Path, ...],
    *,
    keep_s: float = KEEP_S,
    keep_bytes: int = KEEP_BYTES,
) -> Cleaned:
    """Removes leftovers of dead runs below the `scratch` folders, and forgets old runs.

    A run whose process lives is never touched. Branches `sef/<run>` are results and stay. Files
    that a killed run was about to replace are put back. Raises RepositoryError where they cannot.
    """
    undone = await put_back(repository)
    dead = [row for row in journal.runs() if not row.owner.is_alive()]
    forgotten = _too_old(dead, keep_s) or _too_much(dead, journal, keep_bytes)
    folders = 0
    for row in dead:
        if there := _left_by(repository, row.run, scratch):
            paid = in_forks(one.fact for one in journal.recorded(row.run))
            folders += _remove(there, row.run, frozenset() if row in forgotten else paid)
        _remove_empty(row.run, scratch)
    if len(dead) == len(journal.runs()):
        _remove_traces(repository.common_dir)
    left = await clean_looks(repository, scratch)
    folders, references = folders + left.folders, left.references
    for row in forgotten:
        references += await release(repository, row.run)
        journal.forget(row.run)
    if forgotten:
        journal.compact()
    names = tuple(row.run for row in forgotten)
    return Cleaned(folders=folders, references=references, runs=names, undone=undone)


def begin_look(repository: Repository, name: str, owner: Owner) -> Path:
    """Notes whose the forks of that name are, which no run in the journal tells; the note."""
    note = repository.common_dir / "sef" / f"{name}{_NOTE}"
    note.parent.mkdir(exist_ok=True)
    new = note.with_suffix(".new")  # never seen half written: its owner would count as dead
    new.write_text(f"{owner.pid} {owner.began}")
    return new.rename(note)


async def clean_looks(repository: Repository, scratch: tuple[Path, ...]) -> Cleaned:
    """Removes what killed processes left that looked at the repository without a run."""
    folders = references = 0
    for note in sorted((repository.common_dir / "sef").glob(f"*{_NOTE}")):
        name = note.name.removesuffix(_NOTE)
        if _noted(note).is_alive():
            continue
        with suppress(FileNotFoundError):  # somebody else removes it too
            folders += _remove(_left_by(repository, name, scratch), name, frozenset())
            _remove_empty(name, scratch)
        references += await release(repository, name)
        note.unlink(missing_ok=True)
    return Cleaned(folders=folders, references=references)


def _noted(note: Path) -> Owner:
    """Nobody, pid 0 from no time, where the note cannot be read."""
    try:
        pid, _, began = note.read_text().partition(" ")
        return Owner(pid=int(pid), began=began)
    except (OSError, ValueError):
        return Owner(pid=0, began="nobody")


def _left_by(repository: Repository, run: str, scratch: tuple[Path, ...]) -> list[Path]:
    """The run's scratch folders and git's records of forks."""
    common = repository.common_dir
    unfinished = (common / "sef").glob(f"sef-{run}-*.new")
    records = (*(common / "worktrees").glob(f"sef-{run}-*"), *unfinished)
    return [*records, *(one for folder in scratch for one in _children(folder / run))]


def _remove(there: list[Path], run: str, kept: frozenset[str]) -> int:
    """How many were removed: all but the forks that hold paid work."""
    names = {f"sef-{run}-{call}" for call in kept}
    gone = [one for one in there if one.name not in names]
    for one in gone:
        shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()
    return len(gone)


def _remove_empty(run: str, scratch: tuple[Path, ...]) -> None:
    for folder in scratch:
        with suppress(OSError):  # absent, or it holds paid work
            (folder / run).rmdir()


def _remove_traces(git: Path) -> None:
    """Removes what a killed Claude Code left to protect git's configuration: an empty file that
    nobody may write to, where git makes its lock; git's own can be written."""
    lock = git / "config.lock"
    with suppress(OSError):
        there = lock.lstat()
        if stat.S_ISREG(there.st_mode) and not there.st_size and not there.st_mode & 0o222:
            lock.unlink()


def _children(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


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
