"""Attempts that go nowhere, or cost too much, are stopped; and requests are paced."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest
from test_wrappers import ASSIGNMENT, usage

from sef.errors import DraftFailure
from sef.executors.line import Fault, Line, Paced, back_off_s
from sef.executors.settings import Limits
from sef.executors.turns import Pace
from sef.executors.watched import Watched
from sef.model import Answer, Proposal, Usage
from sef.protocols import Assignment
from sef.steps import ModelStep, Step, ToolStep
from sef.testing import FakeClock


class Playing:
    """Reports steps, then answers; with `hangs` it waits for ever first."""

    def __init__(self, *steps: Step, hangs: bool = False) -> None:
        self.steps = steps
        self.hangs = hangs
        self.ended = False

    async def execute(self, assignment: Assignment) -> Proposal:
        try:
            for step in self.steps:
                await assignment.report(step)
            if self.hangs:
                await asyncio.Event().wait()
        finally:
            self.ended = True
        return Proposal(answer=Answer(text="ok"), usage=usage("0"))


def asked(cost: str | None = "0.02", tokens: int = 10) -> ModelStep:
    spent = Usage(cost_usd=None if cost is None else Decimal(cost), input_tokens=tokens, requests=1)
    return ModelStep(requested="m", billed="m", usage=spent)


def used(arguments: str, *, writes: bool = False) -> ToolStep:
    return ToolStep(name="Read", asked=arguments, writes=writes)


def watched(
    playing: Playing, limits: Limits | None = None, clock: FakeClock | None = None
) -> Proposal:
    executor = Watched(playing, limits or Limits(), clock or FakeClock(), stuck_s=300)
    return asyncio.run(asyncio.wait_for(executor.execute(ASSIGNMENT), 10))


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        (Limits(requests=2), "2 requests"),
        (Limits(tokens=25), "25 tokens is crossed: 30"),
        (Limits(usd=Decimal("0.05")), r"\$0.05 is crossed: \$0.06"),
    ],
)
def test_a_limit_that_is_crossed_ends_the_attempt_and_is_named(limits: Limits, named: str) -> None:
    """The failure costs what was asked until then; it is no rejection."""
    with pytest.raises(DraftFailure, match=named) as raised:
        watched(Playing(asked(), asked(), asked(), asked()), limits)
    assert raised.value.usage is not None
    assert raised.value.usage.cost_usd == Decimal("0.06")


def test_an_unknown_price_is_no_reason_to_stop() -> None:
    """Turns and tokens are counted all the same."""
    assert watched(Playing(asked(None), asked(None)), Limits(usd=Decimal("0.01")))


def test_the_same_question_three_times_in_a_row_is_stuck() -> None:
    """Twice is not, nor is three times with something between."""
    watched(Playing(used("a"), used("a"), used("b"), used("a")))
    with pytest.raises(DraftFailure, match="used Read 3 times in a row"):
        watched(Playing(used("a"), used("a"), used("a")))


def test_where_nothing_ends_for_long_the_attempt_is_stuck() -> None:
    """It is called off, comes to its end, and costs what it told."""
    playing = Playing(asked(), hangs=True)

    class Moving(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            await asyncio.sleep(0.01)

    with pytest.raises(DraftFailure, match="for 300 s") as raised:
        watched(playing, clock=Moving())
    assert playing.ended
    assert raised.value.usage == replace(asked().usage)


def test_cancelling_the_watch_cancels_the_work() -> None:
    """And waits until it has ended."""
    playing = Playing(hangs=True)

    class Still(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(60)

    async def cancelled() -> None:
        work = asyncio.create_task(Watched(playing, Limits(), Still()).execute(ASSIGNMENT))
        await asyncio.sleep(0.01)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(cancelled())
    assert playing.ended


def test_back_off_doubles_with_jitter_and_obeys_the_provider() -> None:
    """Half of it is drawn; 60 s at most."""
    assert [back_off_s(n, None, 1.0) for n in range(3)] == [1, 2, 4]
    assert back_off_s(1, None, 0.0) == 1
    assert back_off_s(50, None, 1.0) == 60
    assert back_off_s(0, 7.5, 0.0) == 7.5


class Overloaded(Exception):
    """A fault that says how long to wait."""


def classified(error: Exception) -> Fault | None:
    if isinstance(error, Overloaded):
        return Fault(status=429, retry_after_s=30, reason="overloaded")
    return None


def test_a_line_waits_as_told_and_so_does_everybody_on_it() -> None:
    """A second request, sent meanwhile, passes only after the wait."""
    clock = FakeClock()
    line = Line(clock, Pace(clock))
    sent: list[float] = []

    async def first() -> str:
        sent.append(clock.now())
        if len(sent) == 1:
            raise Overloaded
        return "answer"

    assert asyncio.run(line.ask(first, transient=classified)) == "answer"
    assert sent == [0, 30]
    line.pace.close_for(10)

    async def other() -> float:
        return clock.now()

    assert asyncio.run(line.ask(other, transient=classified)) == 40


def test_what_is_not_transient_is_sent_once() -> None:
    """A request that is wrong stays wrong."""
    clock, sent = FakeClock(), 0

    async def wrong() -> None:
        nonlocal sent
        sent += 1
        raise ValueError("400")

    with pytest.raises(ValueError, match="400"):
        asyncio.run(Line(clock, Pace(clock)).ask(wrong, transient=classified))
    assert sent == 1


def test_requests_and_tokens_a_minute_are_kept() -> None:
    """Two requests a minute: the third waits until the first is a minute old. So with tokens."""

    async def moments(pace: Pace, tokens: int) -> list[float]:
        found = []
        for _ in range(5):
            await pace.admit()
            found.append(pace.clock.now())
            pace.used(tokens)
        return found

    clock = FakeClock()
    assert asyncio.run(moments(Pace(clock, requests=2), 5)) == [0, 0, 60, 60, 120]
    clock = FakeClock()
    assert asyncio.run(moments(Pace(clock, tokens=100), 100)) == [0, 60, 120, 180, 240]


def test_who_sends_requests_itself_waits_before_calls_only() -> None:
    """A call of three requests ends at once, though two a minute are allowed; the next one waits
    until they are a minute old. So a call that is called off is not kept waiting either."""
    clock = FakeClock()
    paced = Paced(Playing(asked(), asked(), asked()), Pace(clock, requests=2))

    async def moments() -> list[float]:
        found = []
        for _ in range(2):
            await paced.execute(ASSIGNMENT)
            found.append(clock.now())
        return found

    assert asyncio.run(moments()) == [0, 60]


def test_getting_ready_is_not_being_stuck() -> None:
    """An executor that loads for 1000 s first is watched from then on; so it is stopped later."""

    class Moving(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            await asyncio.sleep(0.01)

    clock = Moving()

    async def ready() -> None:
        await clock.sleep(1000)

    calm = Watched(Playing(asked()), Limits(), clock, 300, ready)
    assert asyncio.run(calm.execute(ASSIGNMENT)).answer.text == "ok"
    stuck = Watched(Playing(hangs=True), Limits(), clock, 300, ready)
    with pytest.raises(DraftFailure, match="for 300 s"):
        asyncio.run(stuck.execute(ASSIGNMENT))
    assert clock.now() >= 2300
