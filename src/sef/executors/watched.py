"""An executor around an executor: stops an attempt that goes nowhere, or has used up its share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Protocol, runtime_checkable

from sef.errors import DraftFailure
from sef.executors.settings import Limits
from sef.model import Proposal, Usage
from sef.protocols import Assignment, Clock, Executor
from sef.steps import Step, Steps

_IN_A_ROW: Final = 3


@runtime_checkable
class Preparing(Protocol):
    """An executor that has to get ready before its first attempt."""

    async def ready(self) -> None:
        """Returns when it can begin."""


async def at_once() -> None:
    """Returns: there is nothing to get ready."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Ends an attempt that crosses a limit, is stuck, or repeats itself."""

    executor: Executor
    limits: Limits
    clock: Clock
    stuck_s: float = 300.0
    """Seconds without the end of any step after which an attempt is stuck."""
    ready: Callable[[], Awaitable[None]] = at_once
    """Returns when the executor can begin: until then it is not stuck."""

    async def execute(self, assignment: Assignment) -> Proposal:
        """Raises DraftFailure that names the limit, with what the attempt cost until then."""
        await self.ready()
        watch = _Watch(assignment, self.limits, self.clock.now)
        work = asyncio.create_task(self.executor.execute(replace(assignment, report=watch.report)))
        alarm = asyncio.create_task(self._stuck(watch))
        try:
            await asyncio.wait({work, alarm}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
        except DraftFailure as failure:
            # What was open when it was raised has been told since.
            if failure is watch.raised:
                failure.usage = watch.usage
            raise
        finally:
            for task in (work, alarm):
                task.cancel()
            # The work ends what it began and reports what that cost.
            await asyncio.gather(work, alarm, return_exceptions=True)
        if not work.cancelled() and work.exception() is None:
            return work.result()
        raise watch.failure(f"stuck: nothing came to its end for {self.stuck_s:g} s")

    async def _stuck(self, watch: _Watch) -> None:
        while (quiet := self.clock.now() - watch.since) < self.stuck_s:
            await self.clock.sleep(self.stuck_s - quiet)


class _Watch:
    """What is known of one attempt while it goes on."""

    def __init__(self, assignment: Assignment, limits: Limits, now: Callable[[], float]) -> None:
        self._assignment = assignment
        self._limits = limits
        self._now = now
        self._steps = Steps()
        self.since = now()
        self.raised: DraftFailure | None = None

    @property
    def usage(self) -> Usage:
        # Whatever was begun was reported: without a step nothing was asked.
        return self._steps.usage or Usage(cost_usd=Decimal(0))

    async def report(self, step: Step) -> None:
        taken = self._steps.take(step)
        self.since = self._now()
        await self._assignment.report(taken)
        if self.raised is None and (why := self._crossed()):
            self.raised = self.failure(why)
            raise self.raised

    def failure(self, why: str) -> DraftFailure:
        return DraftFailure(why, usage=self.usage)

    def _crossed(self) -> str:
        usage, limits = self._steps.usage, self._limits
        if self._steps.in_a_row >= _IN_A_ROW:
            name = self._steps.tools[-1].name
            return f"stuck: it used {name} {_IN_A_ROW} times in a row with the same arguments"
        if usage is None:
            return ""
        if usage.requests > limits.requests:
            return f"its limit of {limits.requests} requests is crossed"
        if (used := tokens_of(usage)) > limits.tokens:
            return f"its limit of {limits.tokens} tokens is crossed: {used}"
        if limits.usd is not None and (usage.cost_usd or 0) > limits.usd:
            return f"its limit of ${limits.usd} is crossed: ${usage.cost_usd}"
        return ""


def tokens_of(usage: Usage) -> int:
    """Tokens of every class."""
    read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return read + usage.output_tokens
