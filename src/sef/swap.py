"""Replacing many files of a tree at once: all of them, or none.

First every new file is written beside the place it is for, then all are renamed; what fails in the
first part is undone without a trace, what fails in the second is put back from `former`.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sef.errors import ApplyConflict
from sef.model import Change

_BESIDE = re.compile(r"\.sef-[0-9a-f]{12}")
"""The name of a file that waits beside the place it is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Changes of a tree, with both versions of every file at hand."""

    root: Path
    """The tree."""
    changes: Sequence[Change]
    new: Path
    """Folder that holds the files as they shall be, at their paths."""
    former: Path
    """Folder that holds the files as they are."""

    def run(self) -> None:
        """Replaces, adds and deletes. Raises ApplyConflict, with the tree as it was, on failure."""
        self._refuse_overwriting()
        beside: dict[str, Path] = {}
        made: list[Path] = []
        try:
            for change in self.changes:
                if change.status != "D":
                    made += _make_folders(self.root / change.path)
                    beside[change.path] = _copy_beside(self.new, self.root, change.path)
        except OSError as error:
            _remove(beside.values(), made)
            raise _failed(error) from error
        self._rename(beside, made)

    def is_whole(self) -> bool:
        """True where a swap that was cut off had done all: no file is as it was, and none waits."""
        as_it_was = any(self._is_former(change) for change in self.changes)
        return not as_it_was and not any(self._waiting())

    def undo(self, made: Iterable[Path]) -> list[str]:
        """Puts the tree back after a swap that was cut off; paths that somebody changed since stay.

        These are returned. `made` are folders that were not there before, innermost first; they go
        where they are empty. Raises OSError.
        """
        left = []
        for change in self.changes:
            if self._is_cut_off(change):
                left.append(change.path)
            elif self._is_new(change):
                self._put_back((change,))
            elif not self._is_former(change):
                left.append(change.path)
        _remove(list(self._waiting()), made)
        return left

    def _is_cut_off(self, change: Change) -> bool:
        """True where a file or a link is now in the place of a folder that led to it."""
        above = (self.root / change.path).relative_to(self.root).parents
        folders = [self.root / one for one in above if one.parts]
        there = [one for one in folders if os.path.lexists(one)]
        return any(one.is_symlink() or not one.is_dir() for one in there)

    def _is_new(self, change: Change) -> bool:
        return _same(self.root / change.path, self.new / change.path, gone=change.status == "D")

    def _is_former(self, change: Change) -> bool:
        return _same(self.root / change.path, self.former / change.path, gone=change.status == "A")

    def _waiting(self) -> Iterator[Path]:
        folders = {(self.root / change.path).parent for change in self.changes}
        for folder in sorted(folders):
            inside = folder.iterdir() if folder.is_dir() else ()
            yield from (one for one in inside if _BESIDE.fullmatch(one.name))

    def _rename(self, beside: dict[str, Path], made: list[Path]) -> None:
        done: list[Change] = []
        try:
            for change in self.changes:
                if change.status == "D":
                    (self.root / change.path).unlink()
                    _prune(self.root, change.path)
                else:
                    beside[change.path].replace(self.root / change.path)
                done.append(change)
        except OSError as error:
            self._put_back(done)
            _remove(beside.values(), made)
            raise _failed(error) from error

    def _put_back(self, done: Sequence[Change]) -> None:
        for change in done:
            if change.status == "A":
                (self.root / change.path).unlink()
            else:
                _make_folders(self.root / change.path)
                _copy_beside(self.former, self.root, change.path).replace(self.root / change.path)

    def _refuse_overwriting(self) -> None:
        """An ignored file is not in git: to its owner it may be the only copy."""
        for change in self.changes:
            path = self.root / change.path
            around = path.parent
            while around != self.root and not os.path.lexists(around):
                around = around.parent
            if change.status == "A" and (os.path.lexists(path) or not around.is_dir()):
                raise ApplyConflict(f"an ignored file is in the way of {change.path}")


def _copy_beside(source: Path, root: Path, path: str) -> Path:
    """A copy under a new name in the folder it is for, so that a rename is enough."""
    target = root / path
    copy = target.with_name(f".sef-{secrets.token_hex(6)}")
    shutil.copy2(source / path, copy, follow_symlinks=False)
    if not copy.is_symlink():
        os.utime(copy)  # build tools go by times: the file is new now
    return copy


def _same(path: Path, other: Path, *, gone: bool) -> bool:
    """True where a file is the other, content, kind and whether it can be run; or is not there."""
    if gone or not os.path.lexists(path):
        return gone and not os.path.lexists(path)
    if path.is_symlink() or other.is_symlink():
        return path.is_symlink() and other.is_symlink() and path.readlink() == other.readlink()
    if not path.is_file() or not other.is_file():
        return False
    runs = [bool(one.stat().st_mode & 0o100) for one in (path, other)]
    return runs[0] == runs[1] and path.read_bytes() == other.read_bytes()


def missing_folders(path: Path) -> list[Path]:
    """Folders that lead to a path and are not there, innermost first."""
    return [folder for folder in path.parents if not folder.exists()]


def _make_folders(path: Path) -> list[Path]:
    """Makes the folders that lead to a path; returns those it made, innermost first."""
    missing = missing_folders(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return missing


def _prune(root: Path, path: str) -> None:
    """Removes the folders that a deletion left empty."""
    with suppress(OSError):
        for folder in (root / path).parents:
            if folder == root:
                return
            folder.rmdir()


def _remove(files: Iterable[Path], folders: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _failed(error: OSError) -> ApplyConflict:
    return ApplyConflict(f"{error.filename or 'a file'}: {error.strerror or error}")
