"""What an executor does when all goes well: it works, reports every step, and books its price."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from contracts.staff import HAND, Staff, edit, read, run, search, write
from contracts.world import World, at_work, git
from sef.config.values import PricesConfig
from sef.model import Match, Proposal
from sef.prices import PriceTable, Tokens
from sef.testing.provider import FAULTS, Used


def test_it_reads_a_file_and_tells(world: World, asking: Staff) -> None:
    """The model sees the file; its answer and the place are handed back; nothing is changed."""

    async def go() -> tuple[Proposal, list[str], str]:
        async with at_work(world, asking, [read("one.txt")]) as worker:
            proposal = await worker.work("Say what is in one.txt.")
            assert worker.asked[0].model == asking.model
            return proposal, [one.last for one in worker.asked], worker.asked[0].system

    proposal, said, system = asyncio.run(go())
    assert "Say what is in one.txt." in said[0]
    assert "alpha" in said[1]
    assert "You change code so that it does what the task says" in system
    assert proposal.answer.text == "It says alpha."
    assert proposal.answer.matches == (Match(path="one.txt", line=1, text=""),)
    assert world.patch() == ""


def test_it_edits_files_in_its_fork_alone(world: World, staff: Staff) -> None:
    """Git finds the changes in the fork, and none in the user's tree or another fork."""
    before = world.state()

    async def go() -> Proposal:
        moves = [read("one.txt")] if staff.asks else []
        moves += [edit("one.txt", "alpha", "omega"), write("two.txt", "two\n")]
        async with at_work(world, staff, moves) as worker:
            return await worker.work()

    proposal = asyncio.run(go())
    assert proposal.answer.text.startswith("It says alpha.")
    assert world.state() == before
    patch = world.patch()
    assert "-alpha\n+omega\n" in patch
    assert "+++ b/two.txt" in patch
    assert git(world.main, "status", "--porcelain").split() == ["??", "unsaved.txt"]


def test_it_runs_a_command_in_its_fork(world: World, asking: Staff) -> None:
    """The command works in the fork, sees git's history, and its output is told to the model."""

    async def go() -> str:
        command = "pwd; git log --format=%s; echo made > made.txt"
        async with at_work(world, asking, [run(command)]) as worker:
            await worker.work()
            return worker.asked[1].last

    said = asyncio.run(go())
    assert str(world.fork) in said
    assert "start" in said
    assert (world.fork / "made.txt").read_text() == "made\n"


def test_every_request_and_every_tool_is_reported(world: World, asking: Staff) -> None:
    """In their order; a tool that could not do it, found nothing, or was asked before is marked."""
    moves = [
        read("one.txt"),
        read("not-there.txt"),
        search("nowhere-to-be-found"),
        read("one.txt"),
        run("true"),
    ]

    async def go() -> int:
        async with at_work(world, asking, moves) as worker:
            await worker.work()
            return len(worker.asked)

    assert asyncio.run(go()) == len(world.models) == len(moves) + 1
    order = [type(one).__name__ for one in world.steps]
    assert order == ["ModelStep", "ToolStep"] * len(moves) + ["ModelStep"]
    assert [one.failed for one in world.tools] == [False, True, False, False, False]
    assert [one.empty for one in world.tools][:4] == [False, False, True, False]
    assert [one.repeated for one in world.tools] == [False, False, False, True, False]
    assert [one.writes for one in world.tools] == [False, False, False, False, True]
    assert {one.usage.requests for one in world.models} == {1}


FIRST = Used(input_tokens=1_200, output_tokens=80, cache_read_tokens=4_000)
SECOND = Used(input_tokens=90, output_tokens=45, cache_read_tokens=5_000)
WRITTEN = {"cache_write_5m_tokens": 900, "cache_write_1h_tokens": 70}


def test_the_price_is_the_sum_over_the_requests(world: World, asking: Staff) -> None:
    """By the price table and in every class of tokens, to the cent's thousandth."""
    uses = [FIRST, SECOND]
    if asking.provider == "anthropic":
        # Chat completions do not tell what was written to a cache.
        uses = [replace(one, **WRITTEN) for one in uses]
    script = [asking.turn(world.fork, read("one.txt"), used=uses[0])]
    script.append(asking.turn(world.fork, HAND, used=uses[1]))

    async def go() -> Proposal:
        async with at_work(world, asking, script) as worker:
            return await worker.work()

    usage = asyncio.run(go()).usage
    expected = [price_of(asking, one, asking.model) for one in uses]
    assert [one.usage.cost_usd for one in world.models] == expected
    assert usage.cost_usd is not None
    assert abs(usage.cost_usd - sum(expected)) < Decimal("1e-5")
    assert usage.requests == 2
    assert usage.input_tokens == sum(one.input_tokens for one in uses)
    assert usage.output_tokens == sum(one.output_tokens for one in uses)
    assert usage.cache_read_tokens == sum(one.cache_read_tokens for one in uses)
    assert usage.cache_write_tokens == sum(one.cache_write_tokens for one in uses)
    assert usage.seconds > 0


def price_of(staff: Staff, used: Used, model: str) -> Decimal:
    tokens = Tokens(
        input=used.input_tokens,
        output=used.output_tokens,
        cache_read=used.cache_read_tokens,
        cache_write_5m=used.cache_write_5m_tokens,
        cache_write_1h=used.cache_write_1h_tokens,
    )
    today = datetime.now(UTC).date()
    price = PriceTable().price(tokens, model, on=today, provider=staff.provider)
    assert price is not None
    return price


def test_prices_of_the_users_own_are_taken(world: World, asking: Staff) -> None:
    """A model that no table has costs what sef.toml says."""

    async def go() -> Proposal:
        prices = PricesConfig(input=Decimal(2), output=Decimal(4))
        async with at_work(world, asking, [], model="my-own", prices=prices) as worker:
            return await worker.work()

    assert asyncio.run(go()).usage.cost_usd == (10 * 2 + 5 * 4) / Decimal(1_000_000)


def test_an_unknown_price_is_unknown(world: World, asking: Staff) -> None:
    """A model without a price costs None, never 0; its tokens are known."""

    async def go() -> Proposal:
        async with at_work(world, asking, [], model="my-own") as worker:
            return await worker.work()

    usage = asyncio.run(go()).usage
    assert usage.cost_usd is None
    assert (usage.input_tokens, usage.output_tokens, usage.requests) == (10, 5, 1)


@pytest.mark.parametrize("known", [True, False])
def test_another_model_is_a_fact(world: World, asking: Staff, known: bool) -> None:
    """The step names who was asked for and who answered, at the price of who answered."""
    other = asking.dearer if known else FAULTS["another model"].model
    hand = asking.turn(world.fork, HAND, model=other)

    async def go() -> Proposal:
        async with at_work(world, asking, [hand]) as worker:
            return await worker.work()

    proposal = asyncio.run(go())
    (step,) = world.models
    assert step.substituted
    assert (step.requested, step.billed) == (asking.model, other)
    assert proposal.usage.model == other
    expected = price_of(asking, Used(), str(other)) if known else None
    assert proposal.usage.cost_usd == expected


def test_a_dated_name_is_the_same_model(world: World, asking: Staff) -> None:
    """A provider that answers with the model's dated name has not put another in its place."""
    hand = asking.turn(world.fork, HAND, model=f"{asking.model}-20261001")

    async def go() -> None:
        async with at_work(world, asking, [hand]) as worker:
            await worker.work()

    asyncio.run(go())
    (step,) = world.models
    assert not step.substituted
