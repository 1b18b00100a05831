"""The files of fresh tests: what is accepted of a writer's patch, and how it comes into a fork."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from sef.checks.testfiles import TestFiles, is_test_file
from sef.git import Git
from sef.model import Change, Patch
from sef.text import one_line
from sef.verifiers.exact.blobs import Blob, blobs

MOST_FILES: Final = 10
MOST_BYTES: Final = 200_000
"""Of all files together."""
_PLAIN: Final = re.compile(r"\w[\w.+-]*(?:/\w[\w.+-]*)*", re.ASCII)
"""A path that no shell, no option parser and no pathspec reads as something else."""
_LONGEST: Final = 200
_SET_UP: Final = "conftest.py"
_MODES: Final = ("100644", "100755")


async def taken(git: Git, patch: Patch) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The new test files of a patch, and the paths of all else in it, which is ignored."""
    known = TestFiles(one.path for one in patch.changes)
    wanted = [one.path for one in patch.changes if _fits(one) and one.path in known]
    held = await blobs(git, patch.commit, wanted[: 5 * MOST_FILES]) if wanted else {}
    files = _bounded(held)
    ignored = (one.path for one in patch.changes if one.path not in files)
    return files, tuple(one_line(path, 80) for path in ignored)


def _fits(change: Change) -> bool:
    path = change.path
    return (
        change.status == "A"
        and change.mode in _MODES
        and not change.binary
        and len(path) <= _LONGEST
        and _PLAIN.fullmatch(path) is not None
        and path.rpartition("/")[2] != _SET_UP
    )


def _bounded(held: Mapping[str, Blob]) -> dict[str, bytes]:
    """As many files as there may be, those that are run first."""
    files: dict[str, bytes] = {}
    left = MOST_BYTES
    for path in sorted(held, key=lambda path: (not is_test_file(path), path)):
        data = held[path].data
        if data is not None and len(data) <= left and len(files) < MOST_FILES:
            files[path] = data
            left -= len(data)
    return files


def runnable(paths: Iterable[str]) -> tuple[str, ...]:
    """Those that pytest is asked to run; the others are there for them."""
    return tuple(path for path in paths if path.endswith(".py") and is_test_file(path))


def lay(root: Path, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Writes the files into a fork, over what is there; the paths where something is in the way."""
    return tuple(path for path, data in files.items() if not _laid(root.resolve(), path, data))


def _laid(root: Path, path: str, data: bytes) -> bool:
    target = root / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(root):
            return False  # by a link that the draft put there
        target.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(target, flags, 0o644), "wb") as file:
            file.write(data)
    except OSError:
        return False
    return True
