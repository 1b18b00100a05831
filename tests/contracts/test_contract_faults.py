"""Every fault of a provider ends an attempt in one defined way, and is paid for as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from contracts.staff import HAND, Staff, read
from contracts.world import Worker, World, at_work
from sef.errors import DraftFailure, Transient
from sef.executors.claude.account import Account
from sef.executors.settings import ModelSettings
from sef.model import Usage
from sef.testing.provider import FAULTS, Refused, Turn

Noting = Callable[[str, object], None]
DRAFT, PASSING, FINAL = "draft", "transient", "failure"
ONCE: dict[str, dict[str, str]] = {
    # Once, and good answers afterwards; what is not named ends in a draft.
    "claude": {"refusal": FINAL},
    "api": {"max_tokens": FINAL, "refusal": FINAL, "slow first byte": DRAFT},
}
STAYING: dict[str, str] = {
    # Without end, for every executor.
    "rate limited": PASSING,
    "overloaded": PASSING,
    "server error": PASSING,
    "stream cut": PASSING,
    "connection reset": PASSING,
    "garbage JSON": PASSING,
    "wrong content type": PASSING,
    "malformed tool input": FINAL,
    "unknown tool": FINAL,
    "max_tokens": FINAL,
    "refusal": FINAL,
    "another model": FINAL,
    "slow first byte": FINAL,
}
UNTOLD = {"claude": {"garbage JSON", "wrong content type"}}
"""The client sends the request again and says nothing of the first: one step, two requests."""
AGAIN = "claude"
"""Its client sends a request that was refused again: with 400 and 404 in other forms, of which it
tells once, with 401 as it was."""
FREE = {"rate limited", "overloaded", "server error"}
"""The provider said no before it began: nothing is paid for the fault itself."""


def test_no_fault_is_left_out() -> None:
    """What is tried here is every fault that a provider is known to show."""
    assert set(STAYING) == set(FAULTS)


def fitted(staff: Staff, world: World, name: str) -> Turn:
    """The fault, with the executor's own name for the tool that it calls wrongly."""
    turn = FAULTS[name]
    if name == "malformed tool input":
        tool, _ = staff.call(read("one.txt"), world.fork)
        return replace(turn, calls=((tool, str(turn.calls[0][1])),))
    return turn


async def ended(worker: Worker) -> tuple[str, Usage | None]:
    """How the attempt ended. Any other exception is a breach of the contract."""
    worker.world.steps.clear()
    try:
        proposal = await worker.work()
    except Transient as failure:
        return PASSING, failure.usage
    except DraftFailure as failure:
        return FINAL, failure.usage
    return DRAFT, proposal.usage


def booked(worker: Worker, usage: Usage | None) -> None:
    """The usage is the sum of the steps: known, or None, and never 0 where something was paid."""
    steps = [one.usage for one in worker.world.models]
    assert usage is not None
    assert usage.requests == len(steps) > 0
    costs = [one.cost_usd for one in steps]
    if None in costs:
        assert usage.cost_usd is None
    else:
        assert usage.cost_usd == sum(map(Decimal, costs))  # type: ignore[arg-type]
    for step in worker.world.models:
        if step.usage.output_tokens or step.usage.input_tokens:
            assert step.usage.cost_usd is None or step.usage.cost_usd > 0
        if not step.failed:
            assert step.usage.output_tokens == 5
            assert step.billed is not None
    assert usage.output_tokens == sum(one.output_tokens for one in steps)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_passes(
    world: World, asking: Staff, name: str, record_property: Noting
) -> None:
    """Met once, it is survived where the same request may succeed, within twenty seconds."""
    record_property("faults met by", asking.name)
    expected = ONCE[asking.use].get(name, DRAFT)
    hand = asking.turn(world.fork, HAND, times=None)

    async def go() -> None:
        async with at_work(world, asking, [fitted(asking, world, name), hand]) as worker:
            how, usage = await ended(worker)
            assert how == expected
            booked(worker, usage)
            untold = 1 if name in UNTOLD.get(asking.name, ()) else 0
            assert len(world.models) == len(worker.asked) - untold

    asyncio.run(go())
    if name in FREE:
        assert world.models[0].usage.cost_usd == 0
        assert world.models[0].failed
    if name in ("stream cut", "connection reset"):
        assert world.models[0].usage.cost_usd is None
        assert world.models[0].failed


@pytest.mark.slow
@pytest.mark.parametrize("name", STAYING)
def test_a_fault_that_stays(
    world: World, asking: Staff, name: str, record_property: Noting
) -> None:
    """Met each time, it ends the attempt: for good, or as one that may succeed later."""
    record_property("faults met by", asking.name)
    turn = replace(fitted(asking, world, name), times=None)

    async def go() -> None:
        # One that repeats itself without a hand-back is ended by its limit at the latest.
        async with at_work(world, asking, [turn], max_requests=6) as worker:
            how, usage = await ended(worker)
            assert how == STAYING[name]
            booked(worker, usage)
            if name in FREE:
                assert usage is not None
                assert usage.cost_usd == 0

    asyncio.run(go())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_what_is_refused_is_not_sent_again(
    world: World, asking: Staff, status: int, record_property: Noting
) -> None:
    """A 4xx is the request's own fault: it ends the attempt for good, free of charge."""
    record_property("faults met by", asking.name)
    refused = Turn(fault=Refused(status=status, kind="invalid_request_error"), times=None)

    async def go() -> int:
        async with at_work(world, asking, [refused]) as worker:
            with pytest.raises(DraftFailure, match=str(status)) as caught:
                await worker.work()
            assert type(caught.value) is DraftFailure
            assert caught.value.usage is not None
            assert caught.value.usage.cost_usd == 0
            return len(worker.asked)

    count = asyncio.run(go())
    assert count == len(world.models) == 1 or asking.name == AGAIN
    assert count <= 6
    assert {one.usage.cost_usd for one in world.models} == {Decimal(0)}


def test_a_stream_that_the_client_ends_itself_has_no_price() -> None:
    """Claude Code now and then closes a stream that was cut, in order but without a reason to stop,
    and then says that it asks again: one request, cut, of which nobody knows the price."""
    settings = ModelSettings(executor="worker", model="claude-haiku-5-5")
    account = Account(settings, plan=False, now=lambda: 0.0, today=lambda: date(2026, 11, 22))
    usage = {"input_tokens": 10, "output_tokens": 1}
    message = {"id": "m1", "model": settings.model, "usage": usage}
    steps = [
        *account.requesting(),
        *account.streamed({"type": "message_start", "message": message}),
        *account.streamed({"type": "message_stop"}),
        *account.retried(None),
    ]
    assert [(bool(one.failed), one.usage.cost_usd) for one in steps] == [(True, None)]
