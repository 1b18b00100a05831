"""The files of a commit as git holds them: bounded, and never through links or settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sef.errors import GitError
from sef.git import Git
from sef.listing import objects_of

SIZE_LIMIT: Final = 1024 * 1024
"""Bytes of a file beyond which it is not read."""
_TOTAL_LIMIT: Final = 64 * 1024 * 1024
_ARGUMENTS = 200
_PLAIN: Final = ("100644", "100755")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """One entry of a tree."""

    mode: str
    """git's file mode."""
    size: int
    """Bytes; 0 for what is no file."""
    data: bytes | None
    """None where it is no plain file, or larger than what is read."""

    @property
    def plain(self) -> bool:
        """True for a regular file: no link, no repository inside the repository."""
        return self.mode in _PLAIN


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    name: str
    size: int


async def blobs(git: Git, commit: str, paths: Sequence[str]) -> Mapping[str, Blob]:
    """The entries of those paths in the tree of `commit`; what is not there is left out.

    At most 64 MB are read in all. Raises GitError.
    """
    entries = await _entries(git, commit, paths)
    wanted: list[str] = []
    total = 0
    for path, entry in entries.items():
        total += entry.size
        if entry.mode in _PLAIN and entry.size <= SIZE_LIMIT and total <= _TOTAL_LIMIT:
            wanted.append(path)
    held = await objects_of(git, (entries[path].name for path in wanted), SIZE_LIMIT)
    for path in wanted:
        if entries[path].name not in held:
            raise GitError(f"git could not read the file {entries[path].name}")
    texts = {path: held[entries[path].name] for path in wanted}
    return {
        path: Blob(mode=entry.mode, size=entry.size, data=texts.get(path))
        for path, entry in entries.items()
    }


async def _entries(git: Git, commit: str, paths: Sequence[str]) -> dict[str, _Entry]:
    asked = paths if len(paths) <= _ARGUMENTS else ()
    listing = ("ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--", *asked)
    rows = await git.names(*listing) if paths else ()
    wanted = set(paths)
    found = {}
    for meta, _, path in (row.partition("\t") for row in rows):
        mode, _, name, size = meta.split()
        if path in wanted:
            found[path] = _Entry(mode, name, int(size) if size.isdigit() else 0)
    return found
