"""Turns: so many at once, and who waits goes by lane, then rank, then order."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from sef.protocols import Clock

_MINUTE_S: Final = 60.0


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A place in a queue: an urgent task before any other, then the longest chain of tasks."""

    lane: int
    minus_rank: int
    number: int


class Queue:
    """Waiters by place; the first one is told when it becomes the first."""

    def __init__(self) -> None:
        self._heap: list[tuple[Place, asyncio.Event]] = []
        self._number = 0

    def __len__(self) -> int:
        return len(self._heap)

    @asynccontextmanager
    async def waiting(self, lane: int, rank: int) -> AsyncIterator[tuple[Place, asyncio.Event]]:
        """A place for as long as the block lasts. The event is set while it is the first."""
        self._number += 1
        entry = (Place(lane, -rank, self._number), asyncio.Event())
        heapq.heappush(self._heap, entry)
        self._mark()
        try:
            yield entry
        finally:
            self._heap.remove(entry)
            heapq.heapify(self._heap)
            self._mark()

    def _mark(self) -> None:
        for number, (_, first) in enumerate(self._heap):
            first.set() if number == 0 else first.clear()


class Turns:
    """So many turns at once."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._queue = Queue()
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def turn(self, lane: int = 1, rank: int = 0) -> AsyncIterator[None]:
        """One turn, given back at the end of the block."""
        await self._taken(lane, rank)
        try:
            yield
        finally:
            self._free += 1
            self._freed.set()

    async def _taken(self, lane: int, rank: int) -> None:
        async with self._queue.waiting(lane, rank) as (_, first):
            while not (first.is_set() and self._free):
                self._freed.clear()
                await (first.wait() if not first.is_set() else self._freed.wait())
            self._free -= 1


@dataclass(slots=True)
class Pace:
    """So many requests and tokens a minute, over the last sixty seconds."""

    clock: Clock
    requests: int | None = None
    """A minute; None: as many as come."""
    tokens: int | None = None
    """A minute, of every class; None: as many as come."""
    _sent: deque[float] = field(default_factory=deque)
    _used: deque[tuple[float, int]] = field(default_factory=deque)
    _closed_until: float = 0.0
    _queue: Queue = field(default_factory=Queue)

    async def admit(self, lane: int = 1, rank: int = 0) -> None:
        """Returns when another request may be sent, and counts it."""
        async with self._queue.waiting(lane, rank) as (_, first):
            while True:
                await first.wait()
                seconds = self._wait_s()
                if seconds <= 0:
                    break
                await self.clock.sleep(seconds)
            self.sent()

    def sent(self) -> None:
        """Counts a request."""
        self._sent.append(self.clock.now())

    def used(self, tokens: int) -> None:
        """Counts the tokens of a request that was answered."""
        self._used.append((self.clock.now(), tokens))

    def close_for(self, seconds: float) -> None:
        """Lets nobody pass for that long: the provider said so."""
        self._closed_until = max(self._closed_until, self.clock.now() + seconds)

    def _wait_s(self) -> float:
        now = self.clock.now()
        while self._sent and self._sent[0] <= now - _MINUTE_S:
            self._sent.popleft()
        while self._used and self._used[0][0] <= now - _MINUTE_S:
            self._used.popleft()
        waits = [self._closed_until - now]
        if self.requests is not None and len(self._sent) >= self.requests:
            waits.append(self._sent[0] + _MINUTE_S - now)
        if self.tokens is not None and sum(count for _, count in self._used) >= self.tokens:
            waits.append(self._used[0][0] + _MINUTE_S - now)
        return max(waits)
