"""Executors around executors: tried again, so many at once, within a budget."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sef.errors import DraftFailure, Transient
from sef.model import Proposal, Usage
from sef.protocols import Assignment, Clock, Executor

_FIRST_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Retrying:
    """Asks again after a transient failure, each time twice as long later."""

    executor: Executor
    times: int
    """How often it asks again."""
    clock: Clock

    async def execute(self, assignment: Assignment) -> Proposal:
        """The first proposal, with the price of the failures before it added.

        Raises the last failure, with the price of all of them.
        """
        spent = Usage(cost_usd=Decimal(0))
        for attempt in range(self.times + 1):
            try:
                proposal = await self.executor.execute(assignment)
            except Transient as failure:
                spent = _sum(spent, failure.usage)
                if attempt == self.times:
                    raise Transient(failure.args[0], hint=failure.hint, usage=spent) from failure
                await self.clock.sleep(_FIRST_WAIT_S * 2**attempt)
            else:
                return replace(proposal, usage=_sum(spent, proposal.usage))
        raise DraftFailure("it was never asked")


class Limited:
    """Lets so many calls run at once; the others wait in the order they came."""

    def __init__(self, executor: Executor, at_once: int) -> None:
        self._executor = executor
        self._turns = asyncio.Semaphore(at_once)

    async def execute(self, assignment: Assignment) -> Proposal:
        """Waits for its turn first."""
        async with self._turns:
            return await self._executor.execute(assignment)


@dataclass(slots=True)
class Budget:
    """Money that the executors of one run share."""

    limit_usd: Decimal
    spent_usd: Decimal = field(default_factory=Decimal)
    dearest_usd: Decimal = field(default_factory=Decimal)
    """The dearest call so far: what one that is called off is taken to have cost."""

    def charge(self, usage: Usage | None) -> None:
        """Books what is known of a price; an unknown one cannot be held against the limit."""
        paid = (usage.cost_usd if usage else None) or Decimal(0)
        self.spent_usd += paid
        self.dearest_usd = max(self.dearest_usd, paid)

    def charge_called_off(self) -> None:
        """Books a call whose price nobody will ever know as the dearest known one."""
        self.spent_usd += self.dearest_usd


@dataclass(frozen=True, slots=True)
class Budgeted:
    """Begins no call once the budget is used up. A call that runs is not cut off by it."""

    executor: Executor
    budget: Budget

    async def execute(self, assignment: Assignment) -> Proposal:
        """Raises DraftFailure, at no cost, when nothing is left."""
        if self.budget.spent_usd >= self.budget.limit_usd:
            raise DraftFailure(
                f"the budget of ${self.budget.limit_usd} is used up",
                hint="Give more with --budget or budget_usd in sef.toml.",
                usage=Usage(cost_usd=Decimal(0)),
            )
        try:
            proposal = await self.executor.execute(assignment)
        except DraftFailure as failure:
            self.budget.charge(failure.usage)
            raise
        except asyncio.CancelledError:
            self.budget.charge_called_off()
            raise
        self.budget.charge(proposal.usage)
        return proposal


def _sum(one: Usage, other: Usage | None) -> Usage:
    """Both together; a price that is unknown makes the sum unknown."""
    if other is None:
        return replace(one, cost_usd=None)
    known = one.cost_usd is not None and other.cost_usd is not None
    return Usage(
        cost_usd=(one.cost_usd or Decimal(0)) + (other.cost_usd or Decimal(0)) if known else None,
        seconds=one.seconds + other.seconds,
        model=other.model or one.model,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cache_read_tokens=one.cache_read_tokens + other.cache_read_tokens,
        cache_write_tokens=one.cache_write_tokens + other.cache_write_tokens,
    )
