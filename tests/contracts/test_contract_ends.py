"""How an attempt ends early: it is called off, or uses up what it was given."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from contracts.staff import CLAUDE, FORM, HAND, SCRIPTED, Staff, read, run, write
from contracts.world import Worker, World, at_work, connections_to, left_of, noise, surroundings
from sef.build import crew
from sef.config import ExecutorConfig
from sef.errors import DraftFailure
from sef.executors.wrappers import Budget
from sef.model import Proposal, Tier, Usage
from sef.testing.provider import Turn, Used

CALLED_OFF_S = 0.1
TRIES = 3


async def called_off(worker: Worker, ready: Callable[[], bool]) -> float:
    """Seconds from calling an attempt off to its end, less what the machine adds."""
    call = asyncio.ensure_future(worker.work())
    while not ready():
        assert not call.done(), call
        await asyncio.sleep(0.01)
    with noise() as worst:
        began = time.monotonic()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        took = time.monotonic() - began
    return took - worst[0]


async def gone(world: World, worker: Worker) -> None:
    """No process and no connection is left, half a second later at most."""
    ending = time.monotonic() + 0.5
    while left_of(world) or connections_to(worker.provider.url):
        if time.monotonic() > ending:
            assert left_of(world) == []
            assert connections_to(worker.provider.url) == 0
        await asyncio.sleep(0.01)


def begun(worker: Worker) -> Callable[[], bool]:
    """True when the request is out; of the scripted executor, a moment later."""
    later = time.monotonic() + 0.05
    return lambda: bool(worker.asked) if worker.staff.asks else time.monotonic() > later


@pytest.mark.slow
def test_called_off_while_the_model_thinks(world: World, staff: Staff) -> None:
    """The caller has it back in a tenth of a second; the open request is told, its price unknown."""
    hanging = [Turn(delay_s=60, times=None)] if staff.asks else [write("new.txt", "x")]
    took: list[float] = []

    async def go() -> None:
        for _ in range(TRIES):
            world.steps.clear()
            async with at_work(world, staff, hanging, seconds=60) as worker:
                took.append(await called_off(worker, begun(worker)))
                await gone(world, worker)
                assert len(worker.asked) == (1 if staff.asks else 0)
            if took[-1] <= CALLED_OFF_S:
                break

    asyncio.run(go())
    assert min(took) <= CALLED_OFF_S, took
    assert not (world.fork / "new.txt").exists()
    if staff.asks:
        (step,) = world.models
        assert step.failed
        assert step.usage.cost_usd is None
        assert step.usage.requests == 1


@pytest.mark.slow
def test_called_off_while_a_command_runs(world: World, asking: Staff) -> None:
    """The command and what it started are gone too; the answered request is told with its price."""
    command = run("touch began; setsid sleep 300 & sleep 300")
    took: list[float] = []

    async def go() -> None:
        for _ in range(TRIES):
            world.steps.clear()
            (world.fork / "began").unlink(missing_ok=True)
            async with at_work(world, asking, [command]) as worker:
                took.append(await called_off(worker, (world.fork / "began").exists))
                await gone(world, worker)
                assert len(worker.asked) == 1
            if took[-1] <= CALLED_OFF_S:
                break

    asyncio.run(go())
    assert min(took) <= CALLED_OFF_S, took
    assert [(one.failed, one.usage.cost_usd) for one in world.models] == [
        ("", Decimal("0.0000035"))
    ]


def test_called_off_it_is_charged(world: World, staff: Staff) -> None:
    """The run's budget is charged for an attempt that is called off: as known, else as the dearest."""
    budget = Budget(limit_usd=Decimal(1))
    budget.charge(Usage(cost_usd=Decimal("0.25")))
    hanging = [Turn(delay_s=60, times=None)] if staff.asks else []

    async def go() -> None:
        async with at_work(world, staff, hanging, seconds=60, budget=budget) as worker:
            await called_off(worker, begun(worker))

    asyncio.run(go())
    assert budget.spent_usd == Decimal("0.5")


EACH = Used(input_tokens=1_000, output_tokens=500)
LIMITS: dict[str, tuple[dict[str, object], str, int]] = {
    "requests": ({"max_requests": 2}, r"\b2 requests", 2),
    "tokens": ({"max_tokens": 2_000}, r"\b2000 tokens", 2),
    "usd": ({"max_usd": Decimal("0.0004")}, r"\b0\.0004\b", 2),
}
COST = Decimal("0.00035")
"""Of each request, for both models: 0.10 and 0.50 US dollars a million tokens."""


@pytest.mark.parametrize("limit", LIMITS)
def test_crossing_a_limit_names_it(world: World, asking: Staff, limit: str) -> None:
    """It fails for good, with the price of what was asked until then; nothing more is asked."""
    config, words, count = LIMITS[limit]
    # Two moves in turn: the same one three times would end it as stuck.
    moves = [read("one.txt"), run("true")] * 5
    script = [asking.turn(world.fork, one, used=EACH) for one in moves]

    async def go() -> int:
        async with at_work(world, asking, script, **config) as worker:
            with pytest.raises(DraftFailure, match=words) as caught:
                await worker.work()
            assert type(caught.value) is DraftFailure
            assert caught.value.usage is not None
            assert caught.value.usage.cost_usd == COST * count
            assert caught.value.usage.requests == count
            assert caught.value.usage.output_tokens == 500 * count
            await gone(world, worker)
            return len(worker.asked)

    assert asyncio.run(go()) == count == len(world.models)


def test_within_its_limits_it_ends_in_a_draft(world: World, asking: Staff) -> None:
    """A limit that is reached exactly is not crossed; the client ends at the very dollar."""
    script = [asking.turn(world.fork, one, used=EACH) for one in (read("one.txt"), HAND)]
    config = {"max_requests": 2, "max_tokens": 3_000, "max_usd": COST * 2 + Decimal("0.00001")}

    async def go() -> Proposal:
        async with at_work(world, asking, script, **config) as worker:
            return await worker.work()

    assert asyncio.run(go()).usage.cost_usd == COST * 2


def test_the_same_tool_call_three_times_is_stuck(world: World, asking: Staff) -> None:
    """It is ended, with the price of all that was asked, of a request that was begun by then too."""
    script = [asking.turn(world.fork, read("one.txt"), times=None)]

    async def go() -> int:
        async with at_work(world, asking, script) as worker:
            with pytest.raises(DraftFailure, match="stuck") as caught:
                await worker.work()
            assert caught.value.usage is not None
            assert caught.value.usage.requests == len(world.models)
            return len(worker.asked)

    # Claude Code asks on by itself, until it is told to stop; that may be before the provider hears
    # it, or before the client has said that it asked.
    most = 4 if asking is CLAUDE else 3
    assert 3 <= asyncio.run(go()) <= most
    assert 3 <= len(world.models) <= most


def test_a_model_that_says_nothing_is_stuck(world: World, asking: Staff) -> None:
    """After the seconds that sef.toml allows it is called off; the open request has no price."""
    hanging = [Turn(delay_s=60, times=None)]

    async def go() -> None:
        async with at_work(world, asking, hanging, stuck_s=4) as worker:
            with pytest.raises(DraftFailure, match=r"stuck.*4 s") as caught:
                await worker.work()
            assert caught.value.usage is not None
            assert caught.value.usage.cost_usd is None
            await gone(world, worker)

    asyncio.run(go())


def test_a_budget_that_is_used_up_asks_nothing(world: World, staff: Staff) -> None:
    """The call that uses it up ends as it would; the next one does not begin, and is free."""
    budget = Budget(limit_usd=Decimal("0.000001"))

    async def go() -> None:
        async with at_work(world, staff, [], budget=budget) as worker:
            proposal = await worker.work()
            assert budget.spent_usd == proposal.usage.cost_usd
            asked = len(worker.asked)
            with pytest.raises(DraftFailure, match="budget") as caught:
                await worker.work()
            assert caught.value.usage == Usage(cost_usd=Decimal(0))
            assert len(worker.asked) == asked

    asyncio.run(go())


def test_without_a_sandbox_nobody_asks(world: World, asking: Staff) -> None:
    """Where one is required and none works the executor cannot be had, and says the way out."""
    around = surroundings(
        world, {"PATH": os.environ["PATH"], "HOME": str(world.home), "K": "key-1"}
    )
    bare = type(around)(
        variables=around.variables,
        home=around.home,
        clock=around.clock,
        sandbox=None,
        wanting="no sandbox works here: apt install bubblewrap",
    )
    config = ExecutorConfig(
        name="worker",
        use=asking.use,
        tier=Tier.STANDARD,
        model=asking.model,
        provider=asking.provider,
        key_variable="K",
    )
    made = crew([config], bare)
    assert made.executors == {}
    (problem,) = made.problems
    assert re.search("worker cannot be had.*apt install bubblewrap", problem)


def test_the_scripted_executor_needs_no_sandbox(world: World) -> None:
    """It runs nothing."""
    around = surroundings(world, {"PATH": os.environ["PATH"], "HOME": str(world.home)})
    script = world.root / "s.toml"
    script.write_text('[[script]]\ntask = "t"\n')
    config = ExecutorConfig(name="w", use=SCRIPTED.use, tier=Tier.STANDARD, script=script)
    assert crew([config], around).problems == ()


@pytest.mark.slow
def test_an_answer_without_end_is_a_failure(world: World, staff: Staff) -> None:
    """An answer of more than a million characters is not read on; the failure says so, and the
    request is told."""
    if not staff.asks:
        pytest.skip("it asks no model")
    form = {**FORM, "result": "word " * 220_000}
    name, _ = staff.call(HAND, world.fork)

    async def answered() -> None:
        async with at_work(world, staff, [Turn(calls=((name, form),), times=None)]) as worker:
            with pytest.raises(DraftFailure, match="longer than 1,000,000 characters") as caught:
                await worker.work()
            assert type(caught.value) is DraftFailure
            assert len(worker.asked) == len(world.models) == 1

    asyncio.run(answered())
