"""Executors around executors: tried again, so many at once, within a budget."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from sef.errors import DraftFailure, Transient
from sef.executors.wrappers import Budget, Budgeted, Limited, Retrying
from sef.model import Answer, Checkout, Effort, Kind, Proposal, Route, Task, Tier, Usage
from sef.protocols import Assignment
from sef.testing import FakeClock

ASSIGNMENT = Assignment(
    task=Task(id="t", text="x"),
    route=Route(tier=Tier.LIGHT, kind=Kind.IMPLEMENT, policy="fast", score=1, reason=""),
    checkout=Checkout(path=Path("/f"), commit="c", users=False, files=(), base_files=()),
    effort=Effort.LOW,
)


def usage(cost: str | None) -> Usage:
    return Usage(cost_usd=None if cost is None else Decimal(cost), seconds=1, input_tokens=10)


class Failing:
    """Fails so often, each time at a price, then answers."""

    def __init__(self, failures: int, price: str | None = "0.01") -> None:
        self.left = failures
        self.calls = 0
        self.price = price

    async def execute(self, assignment: Assignment) -> Proposal:
        self.calls += 1
        if self.left:
            self.left -= 1
            raise Transient("overloaded", usage=usage(self.price))
        return Proposal(answer=Answer(text="ok"), usage=usage("0.10"))


def test_a_transient_failure_is_tried_again_later_and_its_price_added() -> None:
    """After 1 and 2 seconds; the proposal costs all three calls."""
    clock, failing = FakeClock(), Failing(2)
    proposal = asyncio.run(Retrying(failing, 3, clock).execute(ASSIGNMENT))
    assert (failing.calls, clock.now()) == (3, 3.0)
    assert (proposal.usage.cost_usd, proposal.usage.input_tokens) == (Decimal("0.12"), 30)


def test_when_every_try_fails_the_failure_has_the_price_of_all() -> None:
    """An unknown price among them makes it unknown."""
    with pytest.raises(Transient, match="overloaded") as raised:
        asyncio.run(Retrying(Failing(9), 2, FakeClock()).execute(ASSIGNMENT))
    assert raised.value.usage is not None
    assert raised.value.usage.cost_usd == Decimal("0.03")
    with pytest.raises(Transient) as raised:
        asyncio.run(Retrying(Failing(9, None), 2, FakeClock()).execute(ASSIGNMENT))
    assert raised.value.usage is not None
    assert raised.value.usage.cost_usd is None


class Stubborn:
    """Fails for good."""

    calls = 0

    async def execute(self, assignment: Assignment) -> Proposal:
        self.calls += 1
        raise DraftFailure("refused", usage=usage("0.02"))


def test_any_other_failure_is_not_tried_again() -> None:
    """It would only be paid twice."""
    stubborn = Stubborn()
    with pytest.raises(DraftFailure, match="refused"):
        asyncio.run(Retrying(stubborn, 3, FakeClock()).execute(ASSIGNMENT))
    assert stubborn.calls == 1


class Counting:
    """Knows how many calls ran at once."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def execute(self, assignment: Assignment) -> Proposal:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        return Proposal(answer=Answer(text=""), usage=usage("0.10"))


def test_no_more_run_at_once_than_allowed() -> None:
    """Ten calls, three at a time; all end."""
    counting = Counting()

    async def all_ten() -> int:
        limited = Limited(counting, 3)
        return len(await asyncio.gather(*(limited.execute(ASSIGNMENT) for _ in range(10))))

    assert asyncio.run(all_ten()) == 10
    assert counting.most == 3


def test_nothing_is_begun_once_the_budget_is_used_up() -> None:
    """Failures count too; the refusal costs nothing and says how to give more."""
    budget = Budget(Decimal("0.11"))

    async def spend() -> None:
        await Budgeted(Counting(), budget).execute(ASSIGNMENT)
        with pytest.raises(DraftFailure, match="refused"):
            await Budgeted(Stubborn(), budget).execute(ASSIGNMENT)
        with pytest.raises(DraftFailure, match=r"budget of \$0.11[\s\S]*--budget") as raised:
            await Budgeted(Counting(), budget).execute(ASSIGNMENT)
        assert raised.value.usage == Usage(cost_usd=Decimal(0))

    asyncio.run(spend())
    assert budget.spent_usd == Decimal("0.12")


def test_a_call_that_was_called_off_is_not_free() -> None:
    """Its price is unknown; the dearest known one stands in for it."""
    budget = Budget(Decimal(1))

    class Endless:
        async def execute(self, assignment: Assignment) -> Proposal:
            await asyncio.sleep(60)
            raise AssertionError

    async def spend() -> None:
        await Budgeted(Counting(), budget).execute(ASSIGNMENT)
        once = budget.spent_usd
        running = asyncio.create_task(Budgeted(Endless(), budget).execute(ASSIGNMENT))
        await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert budget.spent_usd == 2 * once > 0

    asyncio.run(spend())
