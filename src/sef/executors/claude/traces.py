"""What clients leave in git's folder: empty files that their sandbox makes so as to protect them.

To git they mean nothing. They are removed when the last client of a repository has ended, unless
they were there before, or somebody has written to them since.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

_NAMES: Final = ("config.worktree", "objects/info/alternates")
"""Seen with the client 2.1.330; a third lies in the fork's record, and goes with it."""


class Traces:
    """Counts the clients of each repository."""

    def __init__(self) -> None:
        self._clients: Counter[Path] = Counter()
        self._absent: dict[Path, tuple[Path, ...]] = {}

    def begin(self, git: Path) -> None:
        """A client is about to work with a repository's git folder."""
        if self._clients[git] == 0:
            named = (git / name for name in _NAMES)
            self._absent[git] = tuple(one for one in named if not one.exists())
        self._clients[git] += 1

    def end(self, git: Path) -> None:
        """A client's process is gone."""
        self._clients[git] -= 1
        if self._clients[git] == 0:
            for path in self._absent.pop(git):
                # It may be gone with the repository, or be in the hands of another program.
                with suppress(OSError):
                    if path.is_file() and path.stat().st_size == 0:
                        path.unlink()
