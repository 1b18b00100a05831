"""A hedge: the target starts beside a draft that takes long, and who is accepted first wins.

The loser's call is told as failed with what its requests cost, because it was paid until then;
where it told of none, its price is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from sef.events import Accepted, Dispatched, Drafted, Failed, Rejected, TaskFact
from sef.model import Usage
from sef.protocols import Clock
from sef.reasons import CALLED_OFF
from sef.steps import ModelCalled, Steps

Tell = Callable[[TaskFact], Awaitable[None]]
"""Takes a fact; returns when it may be acted on: a call's beginning and end are then durable."""
Ending = Accepted | Rejected | Failed
_Work = Coroutine[Any, Any, Ending]


class Hedge:
    """Two trials of one task, of which at most one is accepted."""

    def __init__(self, clock: Clock, tell: Tell) -> None:
        self._clock = clock
        self._tell = tell
        self._open: dict[int, Dispatched | None] = {0: None, 1: None}
        self._steps = (Steps(), Steps())
        self._won: int | None = None

    async def tell_first(self, fact: TaskFact) -> None:
        """Tells a fact of the draft."""
        await self._told(0, fact)

    async def tell_second(self, fact: TaskFact) -> None:
        """Tells a fact of the target."""
        await self._told(1, fact)

    async def run(
        self, first: _Work, second: Callable[[], _Work], after_s: float
    ) -> tuple[Ending, ...]:
        """How the first ended, and the second where it was begun before that; the winner alone
        where one was accepted."""
        draft = asyncio.create_task(first)
        tasks = [draft]
        try:
            if await self._ends_within(draft, after_s):
                return (draft.result(),)
            target = asyncio.create_task(second())
            tasks.append(target)
            return await self._race(draft, target)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _ends_within(self, draft: asyncio.Task[Ending], seconds: float) -> bool:
        timer = asyncio.create_task(self._clock.sleep(seconds))
        try:
            await asyncio.wait({draft, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        return draft.done()

    async def _race(
        self, draft: asyncio.Task[Ending], target: asyncio.Task[Ending]
    ) -> tuple[Ending, ...]:
        done, _ = await asyncio.wait({draft, target}, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            if isinstance(one.result(), Accepted):
                return await self._decided(one, target if one is draft else draft)
        last = target if draft in done else draft
        await asyncio.wait({last})
        if isinstance(last.result(), Accepted):
            return (last.result(),)
        return draft.result(), target.result()

    async def _decided(
        self, winner: asyncio.Task[Ending], loser: asyncio.Task[Ending]
    ) -> tuple[Ending, ...]:
        loser.cancel()
        await asyncio.wait({loser})
        other = None if self._won is None else 1 - self._won
        began = None if other is None else self._open[other]
        if other is not None and began is not None:
            await self._tell(_called_off(began, self._steps[other].usage))
        return (winner.result(),)

    async def _told(self, number: int, fact: TaskFact) -> None:
        if isinstance(fact, Accepted):
            if self._won is not None:
                raise asyncio.CancelledError  # the other was accepted in the meantime
            self._won = number
        if isinstance(fact, Dispatched):
            self._open[number] = fact
        elif isinstance(fact, Drafted | Failed):
            self._open[number] = None
        elif isinstance(fact, ModelCalled):
            self._steps[number].take(fact.step)
        await self._tell(fact)


def _called_off(began: Dispatched, spent: Usage | None) -> Failed:
    return Failed(
        task=began.task,
        epoch=began.epoch,
        executor=began.executor,
        tier=began.tier,
        reason=f"{CALLED_OFF}: another executor was accepted first",
        usage=spent or Usage(cost_usd=None),
    )
