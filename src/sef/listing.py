"""What git lists: the files of a commit, and what two of them differ in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from sef.git import Git
from sef.model import Change


async def files_of(git: Git, commit: str) -> tuple[str, ...]:
    """Paths of its files, sorted. Raises GitError."""
    return await git.names("ls-tree", "-r", "-z", "--name-only", commit)


async def changes_of(git: Git, base: str, commit: str) -> tuple[Change, ...]:
    """One entry a path in which `commit` differs from `base`; a rename is two. Raises GitError."""
    compare = ("diff-tree", "-r", "-z", "--no-renames", base, commit)
    raw = await git.names(*compare)
    numbers = await git.names(*compare, "--numstat")
    binary = {line.split("\t", 2)[2] for line in numbers if line.startswith("-\t")}
    return tuple(
        Change(path=path, status=meta.split()[4], mode=meta.split()[1], binary=path in binary)
        for meta, path in _pairs(raw)
    )


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(names[::2], names[1::2], strict=True))


async def checked_out(git: Git, tree: str, paths: Iterable[str], folder: Path) -> Path:
    """The folder, with these files of a tree as a checkout would write them. Raises GitError."""
    own = git.with_index(folder.with_suffix(".index"))
    await own.ask("read-tree", tree)
    names = "".join(f"{path}\0" for path in paths)
    options = ("-z", "--stdin", f"--prefix={folder}/")
    await own.ask("checkout-index", *options, stdin=os.fsencode(names))
    return folder
