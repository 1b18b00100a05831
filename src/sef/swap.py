"""Replacing many files of a tree at once: all of them, or none.

First every new file is written beside the place it is for, then all are renamed; what fails in the
first part is undone without a trace, what fails in the second is put back from `former`.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sef.errors import ApplyConflict
from sef.model import Change


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


def _make_folders(path: Path) -> list[Path]:
    """Makes the folders that lead to a path; returns those it made, innermost first."""
    missing = [folder for folder in path.parents if not folder.exists()]
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
