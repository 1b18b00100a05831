"""A call of a tool: what the work behind it may use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sef.mcp.jail import Jail
from sef.mcp.runs import Running, Runs
from sef.repository import Repository
from sef.text import one_line

Reporting = Callable[[float, str], Awaitable[None]]
"""Takes how far a call is, a number that grows, and what happened."""
_BEAT_S: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call."""

    jail: Jail
    runs: Runs
    progress: Reporting
    opened: Callable[[], Awaitable[Sequence[str]]]
    """The client's roots."""

    async def repository(self, root: str | None) -> Repository:
        """The repository that the call is about."""
        return await self.jail.repository(root, self.opened)

    async def follow(self, running: Running, seconds: float | None = None) -> bool:
        """Reports each step of a run until its end, for so long at most; True where it ended.

        Where nothing happens for long, that it still works is a step, too.
        """
        loop, told, sent = asyncio.get_running_loop(), 0, 0
        until = None if seconds is None else loop.time() + seconds
        while True:
            news, steps = running.news, running.steps[told:]
            for words in steps:
                sent += 1
                await self.progress(sent, words)
            told += len(steps)
            left = None if until is None else until - loop.time()
            if running.ended.is_set() or (left is not None and left <= 0):
                return running.ended.is_set()
            if not await _heard(news, _BEAT_S if left is None else min(left, _BEAT_S)):
                sent += 1
                last = running.steps[-1] if running.steps else "starting"
                await self.progress(sent, f"still at work ({one_line(last, 200)})")


async def _heard(news: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(news.wait(), seconds)
    except TimeoutError:
        return False
    return True
