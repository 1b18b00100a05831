"""A change of the user's files that is cut off by a kill: before the first moves it is noted what
shall be done, and who comes next puts them back, unless all of it was done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sef.errors import RepositoryError
from sef.listing import changes_of, checked_out
from sef.repository import Repository, find_repository
from sef.swap import Swap, missing_folders

Pair = tuple[str, str]
"""The user's files as they are, and as they shall be, as commits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What became of a change that was cut off."""

    run: str
    whole: bool
    """True where all of it had been done, so that nothing was put back."""
    paths: tuple[str, ...]
    left: tuple[str, ...] = ()
    """Those of the paths that the user changed since; they are as the user left them."""


async def noted(repository: Repository, run: str, pair: Pair) -> dict[str, Any]:
    """The note about a change from the first commit of the pair to the second.

    git keeps both until the references of the run are released. Raises GitError.
    """
    root, (now, merged) = repository.root, pair
    # git forgets commits that nothing names, and the first is a parent of the second.
    await repository.git.ask("update-ref", f"refs/sef/{run}/merging", merged)
    changes = await changes_of(repository.git, *pair)
    made = {str(folder) for one in changes for folder in missing_folders(root / one.path)}
    record = {"root": str(root), "run": run, "now": now, "merged": merged}
    return {**record, "made": sorted(made, reverse=True)}


async def undo(record: Mapping[str, Any], common: Path, scratch: Path) -> Undone:
    """Ends a change whose process is dead, by its note: whole, or not at all.

    `common` is the git folder that holds the note, `scratch` a folder for copies. Raises SefError
    and OSError where it cannot be done, and KeyError for what is no note.
    """
    repository = await _noted_one(Path(record["root"]), common)
    git, now, merged = repository.git, str(record["now"]), str(record["merged"])
    changes = await changes_of(git, now, merged)

    async def files(commit: str, absent: str) -> Path:
        paths = (one.path for one in changes if one.status != absent)
        return await checked_out(git, commit, paths, scratch / commit)

    swap = Swap(
        root=repository.root,
        changes=changes,
        new=await files(merged, "D"),
        former=await files(now, "A"),
    )
    whole = swap.is_whole()
    left = [] if whole else swap.undo([Path(one) for one in record["made"]])
    return Undone(
        run=str(record["run"]),
        whole=whole,
        paths=tuple(one.path for one in changes),
        left=tuple(left),
    )


async def _noted_one(root: Path, common: Path) -> Repository:
    """The repository with that root; the note may lie in a copy of it, or its folder was moved."""
    if not _is_folder(root):
        raise RepositoryError(f"{root}, where it was applied, is gone or was moved")
    repository = await find_repository(root)
    if repository.common_dir != common:
        raise RepositoryError(f"it was applied in {root}, which is not of this repository")
    return repository


def _is_folder(path: Path) -> bool:
    return path.is_dir()
