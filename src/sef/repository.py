"""Finding the user's repository and saying what is wrong with it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from sef.errors import RepositoryError
from sef.git import Git, git_environment
from sef.process import run_program

MINIMUM_GIT = (2, 38)
"""The first git with `merge-tree --write-tree`."""
UNTRACKED_LIMIT = 512 * 1024 * 1024
"""Bytes of untracked, not ignored files that a snapshot will copy into git's object store."""

_UNFINISHED = {
    "MERGE_HEAD": ("a merge", "git merge --continue or git merge --abort"),
    "rebase-merge": ("a rebase", "git rebase --continue or git rebase --abort"),
    "rebase-apply": ("a rebase or am", "git rebase --abort or git am --abort"),
    "CHERRY_PICK_HEAD": ("a cherry-pick", "git cherry-pick --continue or --abort"),
    "REVERT_HEAD": ("a revert", "git revert --continue or --abort"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A git repository with a work tree."""

    root: Path
    """The top of the user's work tree."""
    git_dir: Path
    """Of this work tree."""
    common_dir: Path
    """Shared by all work trees of the repository."""

    @property
    def git(self) -> Git:
        """git, seen through the user's work tree."""
        return Git(git_dir=self.git_dir, work_tree=self.root)

    @property
    def index(self) -> Path:
        """The user's index file."""
        return self.git_dir / "index"

    async def status(self) -> str:
        """A fingerprint of the user's tree: what `git status` says of it."""
        return await self.git.ask("status", "--porcelain=v1", "-z")

    async def check(self) -> None:
        """Raises RepositoryError when a snapshot of the tree could not be trusted."""
        for name, (what, way_out) in _UNFINISHED.items():
            if (self.git_dir / name).exists():
                raise RepositoryError(f"{what} is in progress in {self.root}", hint=way_out)
        if await self.git.names("ls-files", "--unmerged", "-z"):
            raise RepositoryError(
                f"{self.root} has unresolved conflicts", hint="Resolve them and git add the files."
            )
        await self._check_untracked_size()

    async def _check_untracked_size(self) -> None:
        names = await self.git.names("ls-files", "--others", "--exclude-standard", "-z")
        sizes = {name: _size(self.root / name) for name in names}
        if sum(sizes.values()) > UNTRACKED_LIMIT:
            largest = max(sizes, key=lambda name: sizes[name])
            raise RepositoryError(
                f"untracked files take {sum(sizes.values()) >> 20} MiB, the largest is {largest}; "
                f"a snapshot would copy them (limit {UNTRACKED_LIMIT >> 20} MiB)",
                hint="Commit them or name them in .gitignore.",
            )


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # gone meanwhile
        return 0


async def find_repository(start: Path) -> Repository:
    """The repository that `start` lies in. Raises RepositoryError when there is none to work on.

    Refused are: no git or one older than 2.38, no repository, a bare one, one without a commit.
    """
    await _check_version(start)
    bare = await _rev_parse(start, "--is-bare-repository")
    if bare is None:
        raise RepositoryError(
            f"{start} is not in a git repository",
            hint="Go into one, or make one: git init && git add -A && git commit -m start",
        )
    if bare == "true" or await _rev_parse(start, "--is-inside-work-tree") != "true":
        raise RepositoryError(
            f"{start} is a bare repository or inside a .git folder: it has no files to work on",
            hint="Clone it and run sef in the clone.",
        )
    return await _opened(start)


async def _opened(start: Path) -> Repository:
    asked = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir")
    root, git_dir, common = [Path(await _rev_parse(start, what) or "") for what in asked]
    repository = Repository(root=root, git_dir=git_dir, common_dir=(start / common).resolve())
    if await _rev_parse(start, "--verify", "HEAD^{commit}") is None:
        raise RepositoryError(
            f"{root} has no commits yet", hint="Make the first one: git add -A && git commit"
        )
    return repository


async def _rev_parse(start: Path, *args: str) -> str | None:
    """Discovery, the one place where git looks for the repository by itself."""
    argv = ("git", "-c", "core.fsmonitor=false", "rev-parse", *args)
    done = await run_program(argv, cwd=start, env=git_environment())
    if b"dubious ownership" in done.stderr:
        raise RepositoryError(
            f"git does not trust {start}: it belongs to another user",
            hint="If you do: git config --global --add safe.directory " + str(start),
        )
    return os.fsdecode(done.stdout).removesuffix("\n") if done.exit_code == 0 else None


async def _check_version(start: Path) -> None:
    try:
        done = await run_program(("git", "version"), cwd=start, env=git_environment())
    except FileNotFoundError:
        raise RepositoryError(
            "git was not found on PATH", hint="Install git 2.38 or newer."
        ) from None
    found = re.search(r"(\d+)\.(\d+)", done.stdout.decode(errors="replace"))
    if not found or tuple(map(int, found.groups())) < MINIMUM_GIT:
        raise RepositoryError(
            f"git is too old: {done.stdout.decode(errors='replace').strip()}",
            hint="sef needs git 2.38 or newer (merge-tree --write-tree).",
        )
