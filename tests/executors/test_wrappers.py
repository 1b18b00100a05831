"""Executors around executors: tried again, so many at once, within a budget."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sef.errors import DraftFailure, Transient
from sef.executors.wrappers import Budget, Budgeted, FallingBack, Limited, Retrying
from sef.model import Answer, Checkout, Effort, Kind, Lane, Proposal, Route, Task, Tier, Usage
from sef.protocols import Assignment
from sef.steps import FallBack, ModelStep, Step, ToolStep
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
    """After 1 and 2 seconds at most; the proposal costs all three calls."""
    clock, failing = FakeClock(), Failing(2)
    proposal = asyncio.run(Retrying(failing, 3, clock, lambda: 1.0).execute(ASSIGNMENT))
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


class Served:
    """Answers; where it is told to, only after it used a tool and failed."""

    def __init__(
        self, *, fails_after_tool: bool = False, retry_after_s: float | None = None
    ) -> None:
        self.calls = 0
        self.fails = fails_after_tool or retry_after_s is not None
        self.uses_tool = fails_after_tool
        self.retry_after_s = retry_after_s

    async def execute(self, assignment: Assignment) -> Proposal:
        self.calls += 1
        if self.uses_tool:
            await assignment.report(ToolStep(name="Write", asked="w", writes=True))
        if self.fails and self.calls == 1:
            failure = Transient("overloaded", usage=usage("0.01"))
            failure.retry_after_s = self.retry_after_s
            raise failure
        return Proposal(answer=Answer(text="served"), usage=usage("0.10"))


def test_what_the_provider_asks_to_wait_is_waited() -> None:
    """17 s where it said 17; longer than two minutes is not waited for."""
    clock = FakeClock()
    asyncio.run(Retrying(Served(retry_after_s=17), 2, clock).execute(ASSIGNMENT))
    assert clock.now() == 17
    with pytest.raises(Transient):
        asyncio.run(Retrying(Served(retry_after_s=600), 2, FakeClock()).execute(ASSIGNMENT))


def test_an_attempt_that_used_a_tool_is_neither_repeated_nor_handed_on() -> None:
    """Its fork is not what it was; the partial work goes to the next stage instead."""
    served = Served(fails_after_tool=True)
    with pytest.raises(Transient):
        asyncio.run(Retrying(served, 3, FakeClock()).execute(ASSIGNMENT))
    assert served.calls == 1
    other = Served()
    both = FallingBack((("a", Served(fails_after_tool=True)), ("b", other)))
    with pytest.raises(Transient):
        asyncio.run(both.execute(ASSIGNMENT))
    assert other.calls == 0


def test_the_next_executor_takes_over_and_that_is_told() -> None:
    """With who could not, who does, why; the proposal costs both."""
    told: list[Step] = []

    async def report(step: Step) -> None:
        told.append(step)

    failing = Retrying(Failing(9), 1, FakeClock())
    both = FallingBack((("first", failing), ("second", Served())))
    proposal = asyncio.run(both.execute(replace(ASSIGNMENT, report=report)))
    assert told == [FallBack(executor="first", to="second", reason="overloaded")]
    assert proposal.usage.cost_usd == Decimal("0.12")


def test_who_waits_goes_by_lane_then_rank() -> None:
    """One turn at a time: the urgent one first, then the one with the longest chain behind it."""
    order: list[str] = []

    class Noting:
        async def execute(self, assignment: Assignment) -> Proposal:
            order.append(assignment.task.id)
            await asyncio.sleep(0.01)
            return Proposal(answer=Answer(text=""), usage=usage("0"))

    def asked(name: str, lane: Lane, rank: int) -> Assignment:
        return replace(ASSIGNMENT, task=Task(id=name, text="x", lane=lane), rank=rank)

    async def all_of_them() -> None:
        limited = Limited(Noting(), 1)
        waiting = [
            asked("running", Lane.BACKGROUND, 1),
            asked("short", Lane.NORMAL, 1),
            asked("long", Lane.NORMAL, 9),
            asked("late", Lane.BACKGROUND, 99),
            asked("urgent", Lane.URGENT, 0),
        ]
        await asyncio.gather(*(limited.execute(one) for one in waiting))

    asyncio.run(all_of_them())
    assert order == ["running", "urgent", "long", "short", "late"]


def test_one_that_gives_up_waiting_does_not_hold_the_others_up() -> None:
    """Cancelled in the queue, it leaves its place."""

    async def some() -> int:
        limited = Limited(Counting(), 1)
        running = [asyncio.create_task(limited.execute(ASSIGNMENT)) for _ in range(4)]
        await asyncio.sleep(0.005)
        running[1].cancel()
        ended = await asyncio.gather(*running, return_exceptions=True)
        return sum(isinstance(one, Proposal) for one in ended)

    assert asyncio.run(asyncio.wait_for(some(), 5)) == 3


def test_what_a_called_off_call_told_is_booked() -> None:
    """Its requests have prices: those, and not the dearest call's."""
    budget = Budget(Decimal(1), dearest_usd=Decimal("0.50"))

    class Asking:
        async def execute(self, assignment: Assignment) -> Proposal:
            step = ModelStep(requested="m", billed="m", usage=usage("0.03"))
            await assignment.report(step)
            await asyncio.sleep(60)
            raise AssertionError

    async def spend() -> None:
        running = asyncio.create_task(Budgeted(Asking(), budget).execute(ASSIGNMENT))
        await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(spend())
    assert budget.spent_usd == Decimal("0.03")
