"""What git lists: the files of a commit, and what two of them differ in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from sef.errors import GitError
from sef.git import Git
from sef.model import Change

_OBJECTS: Final = (b"blob", b"tree", b"commit", b"tag")


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


async def contents_of(git: Git, commit: str, paths: Iterable[str], limit: int) -> dict[str, bytes]:
    """By path the first `limit` bytes of each file of a commit. Raises GitError.

    What is no file, is not there, or has a line end in its path is left out.
    """
    names = {path: f"{commit}:{path}" for path in paths}
    held = await objects_of(git, names.values(), limit)
    return {path: held[name] for path, name in names.items() if name in held}


async def objects_of(git: Git, names: Iterable[str], limit: int) -> dict[str, bytes]:
    """The first `limit` bytes of each file that git knows by that name.

    What is no file, is not there, or has a line end in its name is left out. Raises GitError where
    git's answer cannot be understood.
    """
    asked = [name for name in dict.fromkeys(names) if "\n" not in name]
    if not asked:
        return {}
    stdin = os.fsencode("".join(f"{name}\n" for name in asked))
    done = await git.run("cat-file", "--batch", stdin=stdin)
    if done.exit_code != 0:
        raise GitError("git cat-file --batch failed")
    found, at = {}, 0
    for name in asked:
        end = done.stdout.find(b"\n", at)
        if end < 0:
            raise GitError(f"git cat-file --batch ended before {name!r}")
        words, at = done.stdout[at:end].rsplit(b" ", 2), end + 1
        if len(words) == 3 and words[1] in _OBJECTS:
            size = int(words[2])
            if words[1] == b"blob":
                found[name] = done.stdout[at : at + min(size, limit)]
            at += size + 1
    return found


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(names[::2], names[1::2], strict=True))


async def checked_out(git: Git, tree: str, paths: Iterable[str], folder: Path) -> Path:
    """The folder, with these files of a tree as a checkout would write them. Raises GitError."""
    own = git.with_index(folder.with_suffix(".index"))
    await own.ask("read-tree", tree)
    names = "".join(f"{path}\0" for path in paths)
    # Forced: who tries again finds what the first try wrote.
    options = ("-f", "-z", "--stdin", f"--prefix={folder}/")
    await own.ask("checkout-index", *options, stdin=os.fsencode(names))
    return folder
