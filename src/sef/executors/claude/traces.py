"""What clients leave in git's folder: empty files that their sandbox makes so as to protect them.

To git they mean nothing. They are removed when the last client of a repository has ended, unless
they were there before, or somebody has written to them since.
"""

from __future__ import annotations

import stat
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

_NAMES: Final = ("config.worktree", "objects/info/alternates", "config.lock")
"""Seen with the client 2.1.330; another lies in the fork's record, and goes with it. `config.lock`
keeps git from changing the configuration as long as it lies there."""


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
                    there = path.lstat()
                    # git's own lock, in use elsewhere, is empty too, but can be written to.
                    foreign = path.name == "config.lock" and there.st_mode & 0o222
                    if stat.S_ISREG(there.st_mode) and not there.st_size and not foreign:
                        path.unlink()
