"""Reading files of a tree that may hold anything: links out of it, pipes, endless files."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def located(root: Path, path: str) -> Path | None:
    """Where `path` really is, None when that is outside `root`, missing, or no path at all."""
    try:
        real = (root / path).resolve(strict=True)
        return real if real.is_relative_to(root.resolve()) else None
    except (OSError, ValueError, RuntimeError):
        return None


def read_bounded(path: Path, limit: int) -> bytes | None:
    """The bytes of a regular file, None when it is another thing or larger than `limit`."""
    try:
        # Opening a pipe would wait for its writer; a link put there meanwhile is refused.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        data = file.read(limit + 1)
    return data if len(data) <= limit else None


def read_inside(root: Path, path: str, limit: int) -> bytes | None:
    """The bytes of `path`, None when it leads outside `root` or `read_bounded` refuses it."""
    real = located(root, path)
    return None if real is None else read_bounded(real, limit)
