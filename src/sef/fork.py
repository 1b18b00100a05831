"""A fork: a work tree of its own, outside the user's tree."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sef.errors import GitError
from sef.git import Git
from sef.model import Checkout

_LINK: Final = "160000 "
"""How git's index begins the line of a submodule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """A folder with one commit checked out, and git as seen through it."""

    checkout: Checkout
    git: Git


def record_worktree(path: Path, git_dir: Path, commit: str) -> None:
    """Makes an empty work tree at `path` that git knows, as `git worktree add --detach` would.

    The record appears whole, by a rename. git's own command writes it file by file, and another
    `git worktree add` that looks at it in between fails ("failed to read .../commondir").
    """
    path.mkdir(parents=True)
    git_dir.parent.mkdir(exist_ok=True)
    whole = git_dir.parent.parent / "sef" / f"{git_dir.name}.new"
    whole.mkdir(parents=True)
    (whole / "HEAD").write_text(f"{commit}\n")
    (whole / "commondir").write_text("../..\n")
    (whole / "gitdir").write_text(f"{path}/.git\n")
    (path / ".git").write_text(f"gitdir: {git_dir}\n")
    whole.rename(git_dir)


def discard(path: Path, git_dir: Path) -> None:
    """Removes a fork and git's record of it; by hand, so that a hostile tree cannot refuse."""
    shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(git_dir, ignore_errors=True)


async def read_base(fork: Fork, git: Git) -> None:
    """Fills the index of `git` with the fork's base; what a sparse fork does not have checked out
    is marked, so that it is no deletion. Raises GitError."""
    await git.ask("read-tree", fork.checkout.commit)
    lines = await fork.git.names("ls-files", "-t", "-z")
    hidden = {line[2:] for line in lines if line.startswith("S ")}
    if hidden:
        known = hidden.intersection(await git.names("ls-files", "-z"))
        names = os.fsencode("".join(f"{one}\0" for one in sorted(known)))
        await git.ask("update-index", "-z", "--skip-worktree", "--stdin", stdin=names)


async def tree_of(fork: Fork, git: Git) -> str:
    """git's name for all that the fork holds and git does not ignore. Raises GitError.

    `git` sees the fork, by its index or by another.
    """
    await _refuse_own_repositories(fork, git)
    await git.ask("add", "--all", "--sparse")
    return (await git.ask("write-tree")).strip()


async def _refuse_own_repositories(fork: Fork, git: Git) -> None:
    """Raises GitError where a submodule's folder holds a repository: sef never puts one there.

    git would ask it what has changed, by its own configuration, whose filters are commands of
    whoever wrote it: they would run outside of the sandbox.
    """
    for line in await git.names("ls-files", "--stage", "-z"):
        path = line.partition("\t")[2]
        if line.startswith(_LINK) and _is_there(fork.checkout.path / path / ".git"):
            raise GitError(f"{path}/.git was made in the fork, where git would obey it")


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)
