"""Which executors share the pace at which an address may be asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sef.build import Surroundings, crew
from sef.config import ExecutorConfig
from sef.errors import DraftFailure
from sef.model import Checkout, Effort, Kind, Route, Task, Tier
from sef.protocols import Assignment
from sef.sandbox import Level, Sandbox
from sef.testing import FakeClock
from sef.testing.provider import LoopbackProvider, Refused, Turn

pytest.importorskip("pydantic_ai_harness", reason="the extra api is not installed")


class Quick(FakeClock):
    """Waits for providers take no time; who waits for a standstill waits for ever."""

    async def sleep(self, seconds: float) -> None:
        if seconds > 200:
            await asyncio.Event().wait()
        await super().sleep(seconds)


@pytest.mark.slow
def test_an_address_is_asked_as_the_first_that_names_a_limit_wants(tmp_path: Path) -> None:
    """The limit holds for an executor before it that names none; each has its own retries."""
    clock = Quick()
    around = Surroundings(
        variables={}, home=tmp_path, clock=clock, sandbox=Sandbox(level=Level.OFF), wanting=""
    )
    refused = Turn(fault=Refused(status=529, kind="overloaded_error"), times=None)
    with LoopbackProvider([refused]) as provider:

        def config(name: str, retries: int, limit: int | None) -> ExecutorConfig:
            return ExecutorConfig(
                name=name,
                use="api",
                tier=Tier.TARGET,
                model=f"claude-{name}",
                base_url=provider.url,
                stuck_s=10_000,
                retries=retries,
                requests_per_minute=limit,
            )

        hands = crew([config("first", 0, None), config("second", 2, 2)], around)
        assignment = Assignment(
            task=Task(id="t", text="Do it."),
            route=Route(
                tier=Tier.TARGET, kind=Kind.IMPLEMENT, policy="fast", score=1.0, reason="a test"
            ),
            checkout=Checkout(path=tmp_path, commit="c", users=False, files=(), base_files=()),
            effort=Effort.LOW,
            tier=Tier.TARGET,
        )
        with pytest.raises(DraftFailure):
            asyncio.run(hands.executors["first"].execute(assignment))
        asked = [one.model for one in provider.requests]
    # The first asks once, then the second that takes over, three times.
    assert asked == ["claude-first", *["claude-second"] * 3]
    assert clock.now() >= 60
