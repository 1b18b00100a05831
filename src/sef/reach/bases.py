"""Runs of checks on bases, kept for the length of a run of sef so that each is paid once.

A base is the user's own tree, or a tip that accepted drafts made. Nothing is kept longer: data that
git ignores, services and other packages in development are in no key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sef.checks.check import Check, CheckRun

Run = Callable[[], Awaitable[CheckRun | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a run on a base is told from others by."""

    tree: str
    """git's name of the tree, not of a commit: commits of one tree share their runs."""
    check: Check


class Bases:
    """Runs on bases by `Key`; each is run once, however many drafts ask at the same time."""

    def __init__(self) -> None:
        self._runs: dict[Key, CheckRun | None] = {}
        self._locks: dict[Key, asyncio.Lock] = {}

    async def of(self, key: Key, run: Run) -> CheckRun | None:
        """The run of the key's check on its base; `run` makes it where it is not known."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            if key not in self._runs:
                self._runs[key] = await run()
        return self._runs[key]

    def known(self, key: Key) -> CheckRun | None:
        """The run of that key where it has been made; None where it was not, or there is none."""
        return self._runs.get(key)
