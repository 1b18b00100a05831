"""The line to one provider: paced, and asked again where it is worth it."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from sef.executors.turns import Pace
from sef.executors.watched import tokens_of
from sef.model import Proposal
from sef.protocols import Assignment, Clock, Executor
from sef.steps import ModelStep, Step

_T = TypeVar("_T")
_FIRST_WAIT_S: Final = 1.0
_LONGEST_BACK_OFF_S: Final = 60.0
LONGEST_WAIT_S: Final = 120.0
"""A provider that asks to wait longer is given up: another one, or the next stage, is quicker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a request had no answer, where the same request may have one a moment later."""

    status: int | None
    """The HTTP status; None where there was no answer at all."""
    retry_after_s: float | None
    """Seconds to wait, where the provider said so."""
    reason: str


def back_off_s(attempt: int, retry_after_s: float | None, draw: float) -> float:
    """Seconds to wait before attempt number `attempt` + 1; `draw` is a number from 0 to 1.

    What the provider asked for, else 1, 2, 4 ... seconds, of which the upper half is drawn, so
    that those who failed together do not come back together.
    """
    if retry_after_s is not None:
        return retry_after_s
    longest: float = min(_LONGEST_BACK_OFF_S, _FIRST_WAIT_S * 2**attempt)
    return longest * (0.5 + draw / 2)


@dataclass(frozen=True, slots=True)
class Line:
    """To one provider; the pace is shared by all who ask there."""

    clock: Clock
    pace: Pace
    retries: int = 2
    """How often a request is sent again."""
    draw: Callable[[], float] = random.random

    async def ask(
        self,
        send: Callable[[], Awaitable[_T]],
        *,
        transient: Callable[[BaseException], Fault | None],
        lane: int = 1,
        rank: int = 0,
    ) -> _T:
        """The answer. Raises what the last try raised: at once where it is not transient."""
        attempt = 0
        while True:
            await self.pace.admit(lane, rank)
            try:
                return await send()
            except Exception as error:
                fault = transient(error)
                if fault is None or attempt == self.retries:
                    raise
                seconds = back_off_s(attempt, fault.retry_after_s, self.draw())
                if seconds > LONGEST_WAIT_S:
                    raise
                if fault.retry_after_s is not None:
                    self.pace.close_for(seconds)
            attempt += 1
            await self.clock.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Paced:
    """An executor that sends its requests itself: calls wait for their turn, requests count.

    Within a call it is not held back: it hears of a request when that has ended.
    """

    executor: Executor
    pace: Pace

    async def execute(self, assignment: Assignment) -> Proposal:
        """The proposal of the executor, which begins when a request may be sent."""
        ended = 0

        async def report(step: Step) -> None:
            nonlocal ended
            if isinstance(step, ModelStep):
                ended += 1
                self.pace.used(tokens_of(step.usage))
                if ended > 1:  # the first was admitted
                    self.pace.sent()
            await assignment.report(step)

        await self.pace.admit(assignment.task.lane, assignment.rank)
        return await self.executor.execute(replace(assignment, report=report))
