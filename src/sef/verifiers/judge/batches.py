"""Drafts that are judged at the same time are judged by one question."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from sef.errors import DraftFailure
from sef.protocols import Clock
from sef.reasons import CALLED_OFF
from sef.verifiers.judge.asking import Asker, Posed
from sef.verifiers.judge.opinions import RIGHT
from sef.verifiers.judge.rubric import MOST, Order


@dataclass(slots=True, eq=False)
class _Batch:
    """Drafts of one base, for one executor."""

    drafts: list[Posed] = field(default_factory=list)
    waiting: int = 0
    begun: bool = False
    """True once it is asked about them: who comes then is too late."""
    full: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    """Asks about them; it belongs to nobody who waits."""

    @property
    def size(self) -> int:
        return sum(one.material.size for one in self.drafts)


class Batches:
    """Gathers drafts until there are enough, or for so long, and has them judged together."""

    def __init__(self, asker: Asker, clock: Clock, most: int, wait_s: float) -> None:
        self.most = most
        """Drafts of one question."""
        self._asker = asker
        self._clock = clock
        self._wait_s = wait_s
        self._open: dict[tuple[str, str], _Batch] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def judge(self, draft: Posed, *, urgent: bool) -> None:
        """Returns when the draft has its opinions, or the reason why there are none.

        Cancelled, it leaves the others alone; where nobody waits any more the call ends, and what
        it cost is booked before this returns. Raises JournalError.
        """
        batch = self._joined(draft)
        if urgent or len(batch.drafts) >= self.most:
            batch.full.set()
        assert batch.task is not None  # noqa: S101 - made with its first draft
        batch.waiting += 1
        try:
            await asyncio.wait({batch.task})
        finally:
            batch.waiting -= 1
            if not batch.task.done():
                await self._left(batch, draft)
        if batch.task.cancelled():
            raise DraftFailure(f"{CALLED_OFF}: the judge was closed")
        batch.task.result()

    async def close(self) -> None:
        """Ends what is under way; what it cost is booked when this returns."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _joined(self, draft: Posed) -> _Batch:
        place = draft.executor, draft.base
        batch = self._open.get(place)
        if batch is not None and batch.size + draft.material.size > MOST:
            batch.full.set()
            batch = None
        if batch is None or batch.begun or batch.full.is_set():
            batch = self._open[place] = _Batch()
            batch.task = asyncio.create_task(self._run(batch))
            self._tasks.add(batch.task)
            batch.task.add_done_callback(self._tasks.discard)
        batch.drafts.append(draft)
        return batch

    async def _left(self, batch: _Batch, draft: Posed) -> None:
        """A draft nobody asks for any more: it is left out where the question is not put yet."""
        if not batch.begun:
            batch.drafts.remove(draft)
        if not batch.waiting and batch.task is not None:
            self._closed(batch)
            batch.task.cancel()
            await asyncio.wait({batch.task})
            if not batch.task.cancelled():
                batch.task.exception()  # who called it off does not want to know

    def _closed(self, batch: _Batch) -> None:
        """Nobody joins it any more."""
        batch.begun = True
        self._open = {place: one for place, one in self._open.items() if one is not batch}

    async def _run(self, batch: _Batch) -> None:
        await self._gathered(batch)
        self._closed(batch)
        drafts = tuple(batch.drafts)
        if new := [one for one in drafts if Order.FORWARD not in one.opinions]:
            await self._asker.ask(new, Order.FORWARD)
        left = [one for one in drafts if not one.failed and Order.BACKWARD not in one.opinions]
        # Where none is thought right, a second answer would change nothing.
        if any(one.opinions[Order.FORWARD].verdict == RIGHT for one in left):
            await self._asker.ask(left, Order.BACKWARD)

    async def _gathered(self, batch: _Batch) -> None:
        timer = asyncio.ensure_future(self._clock.sleep(self._wait_s))
        full = asyncio.ensure_future(batch.full.wait())
        try:
            await asyncio.wait({timer, full}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            full.cancel()
            await asyncio.gather(timer, full, return_exceptions=True)
