"""Executors around executors: tried again, taken over, so many at once, within a budget."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sef.errors import DraftFailure, Transient
from sef.executors.line import LONGEST_WAIT_S, back_off_s
from sef.executors.turns import Turns
from sef.model import Proposal, Usage
from sef.protocols import Assignment, Clock, Executor
from sef.steps import FallBack, Step, Steps, together


@dataclass(frozen=True, slots=True)
class Retrying:
    """Asks again after a transient failure, as long as the attempt has used no tool.

    It waits as long as the provider asked for, else each time about twice as long.
    """

    executor: Executor
    times: int
    """How often it asks again."""
    clock: Clock
    draw: Callable[[], float] = random.random

    async def execute(self, assignment: Assignment) -> Proposal:
        """The first proposal, with the price of the failures before it added.

        Raises the last failure, with the price of all of them.
        """
        spent = Usage(cost_usd=Decimal(0))
        for attempt in range(self.times + 1):
            marked = Marking(assignment)
            try:
                proposal = await self.executor.execute(marked.assignment)
            except Transient as failure:
                spent = _with(spent, failure)
                wait_s = back_off_s(attempt, failure.retry_after_s, self.draw())
                if attempt == self.times or marked.used_tools or wait_s > LONGEST_WAIT_S:
                    raise _again(failure, spent) from failure
                await self.clock.sleep(wait_s)
            else:
                return replace(proposal, usage=together((spent, proposal.usage)))
        raise DraftFailure("it was never asked")


class Marking:
    """An assignment that knows the steps of its attempt."""

    def __init__(self, assignment: Assignment) -> None:
        self._outer = assignment
        self.assignment = replace(assignment, report=self._report)
        self.steps = Steps()

    @property
    def used_tools(self) -> bool:
        """True where the attempt may have written something."""
        return bool(self.steps.tools)

    async def _report(self, step: Step) -> None:
        await self._outer.report(self.steps.take(step))


@dataclass(frozen=True, slots=True)
class FallingBack:
    """Gives a call to the next executor where one is not served and has used no tool.

    They are of the same or a higher tier, in the order in which they are asked.
    """

    executors: Sequence[tuple[str, Executor]]
    """Names and executors; the first is the one that was asked for."""

    async def execute(self, assignment: Assignment) -> Proposal:
        """The first proposal. Raises the last failure, with the price of all."""
        spent = Usage(cost_usd=Decimal(0))
        for number, (name, executor) in enumerate(self.executors):
            marked = Marking(assignment)
            try:
                proposal = await executor.execute(marked.assignment)
            except Transient as failure:
                spent = _with(spent, failure)
                if marked.used_tools or number + 1 == len(self.executors):
                    raise _again(failure, spent) from failure
                to = self.executors[number + 1][0]
                await assignment.report(FallBack(executor=name, to=to, reason=failure.args[0]))
            else:
                return replace(proposal, usage=together((spent, proposal.usage)))
        raise DraftFailure("it was never asked")


class Limited:
    """Lets so many calls run at once; who waits goes by lane, then rank, then order."""

    def __init__(self, executor: Executor, at_once: int) -> None:
        self._executor = executor
        self._turns = Turns(at_once)

    async def execute(self, assignment: Assignment) -> Proposal:
        """Waits for its turn first."""
        async with self._turns.turn(assignment.task.lane, assignment.rank):
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

    def charge_called_off(self, told: Usage | None) -> None:
        """Books what the requests of a call cost; where nobody knows, as much as the dearest."""
        if told is not None and told.cost_usd is not None:
            self.charge(told)
        else:
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
        marked = Marking(assignment)
        try:
            proposal = await self.executor.execute(marked.assignment)
        except DraftFailure as failure:
            self.budget.charge(failure.usage)
            raise
        except asyncio.CancelledError:
            self.budget.charge_called_off(marked.steps.usage)
            raise
        self.budget.charge(proposal.usage)
        return proposal


def _with(spent: Usage, failure: DraftFailure) -> Usage:
    """Both together; a failure that does not say what it cost makes the sum unknown."""
    return together((spent, failure.usage or Usage(cost_usd=None)))


def _again(failure: Transient, spent: Usage) -> Transient:
    raised = Transient(failure.args[0], hint=failure.hint, usage=spent)
    raised.retry_after_s = failure.retry_after_s
    return raised
