"""A draft that takes long, and the target that starts beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from test_engine import engine_for, of, task

from conftest import git
from sef.events import (
    Accepted,
    Answered,
    Cancelled,
    Dispatched,
    Exhausted,
    Fact,
    Failed,
    Recorded,
    Rejected,
)
from sef.experience import Past, Promise, experience
from sef.hedge import Hedge
from sef.model import Answer, Proposal, Status, Tier, Usage
from sef.plan import Plan
from sef.policy import Decider
from sef.protocols import Assignment, Case
from sef.report import report
from sef.story import outcomes
from sef.testing import Recorder

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # real repositories


class Timed:
    """Writes a file after a number of turns of the event loop; tells when it is called off."""

    def __init__(self, name: str, path: str, seconds: float) -> None:
        self._name, self._path, self._seconds = name, path, seconds
        self.began = self.called_off = 0

    async def execute(self, assignment: Assignment) -> Proposal:
        self.began += 1
        try:
            await asyncio.sleep(self._seconds)
        except asyncio.CancelledError:
            self.called_off += 1
            raise
        (assignment.checkout.path / self._path).write_text(self._name)
        usage = Usage(cost_usd=Decimal("0.10"), seconds=self._seconds, model=self._name)
        return Proposal(answer=Answer(text=self._name), usage=usage)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every draft is hedged after no time at all."""
    found = Hedge(delay_s=0.0, cost=0.0, latency_s=0.0, usd_per_hour=1000.0)
    monkeypatch.setattr(Decider, "_hedge", lambda *_: found)


def hedged(
    root: Path, tmp_path: Path, light: Timed, target: Timed, rule: Callable[[Case], bool | None]
) -> tuple[Fact, ...]:
    async def work() -> tuple[Fact, ...]:
        engine = await engine_for(root, tmp_path, light, target, rule, Recorder())
        return await engine.run(Plan((task("one"),)))

    return asyncio.run(work())


def status(facts: tuple[Fact, ...]) -> Status:
    (outcome,) = outcomes(facts)
    return outcome.status


def test_an_accepted_draft_calls_the_target_off(repository: Make, tmp_path: Path) -> None:
    """The target's call is told as failed, with a price that nobody knows."""
    root = repository({"a.py": "x = 1\n"})
    light, target = Timed("light", "b.txt", 0.2), Timed("target", "b.txt", 30)
    facts = hedged(root, tmp_path, light, target, lambda _: True)
    assert [one.executor for one in of(facts, Dispatched)] == ["light", "target"]
    assert [one.executor for one in of(facts, Accepted)] == ["light"]
    (lost,) = of(facts, Failed)
    assert (lost.executor, lost.usage.cost_usd, target.called_off) == ("target", None, 1)
    assert git(root, "show", "sef/r1:b.txt") == "light"
    assert status(facts) is Status.DONE
    assert len(git(root, "worktree", "list").splitlines()) == 1


def test_a_target_that_is_done_first_calls_the_draft_off(repository: Make, tmp_path: Path) -> None:
    """It is trusted, so nothing is left to wait for."""
    root = repository({"a.py": "x = 1\n"})
    light, target = Timed("light", "b.txt", 30), Timed("target", "b.txt", 0.1)
    facts = hedged(root, tmp_path, light, target, lambda _: True)
    assert [one.executor for one in of(facts, Accepted)] == ["target"]
    assert (light.called_off, target.called_off) == (1, 0)
    assert git(root, "show", "sef/r1:b.txt") == "target"
    assert report(facts).tasks[0].executor == "target"
    lost = experience([Past(at=0, facts=facts)], Promise())
    assert lost.estimates.of("implement/1", "light", Tier.LIGHT).tried == 0


def test_a_rejected_draft_waits_for_the_target(repository: Make, tmp_path: Path) -> None:
    """Which is not started a second time."""
    root = repository({"a.py": "x = 1\n"})
    light, target = Timed("light", "b.txt", 0.1), Timed("target", "b.txt", 0.6)

    def rule(case: Case) -> bool | None:
        return (case.checkout.path / "b.txt").read_text() == "target"

    facts = hedged(root, tmp_path, light, target, rule)
    assert [one.executor for one in of(facts, Rejected)] == ["light"]
    assert [one.executor for one in of(facts, Accepted)] == ["target"]
    assert (light.began, target.began) == (1, 1)
    assert status(facts) is Status.DONE


def test_two_that_fail_exhaust_the_task(repository: Make, tmp_path: Path) -> None:
    """Each with its own reason."""
    root = repository({"a.py": "x = 1\n"})

    class Broken(Timed):
        async def execute(self, assignment: Assignment) -> Proposal:
            await asyncio.sleep(self._seconds)
            raise RuntimeError(self._name)

    facts = hedged(root, tmp_path, Broken("light", "", 0.1), Broken("target", "", 0.2), bool)
    assert {one.executor for one in of(facts, Failed)} == {"light", "target"}
    assert of(facts, Exhausted)
    assert status(facts) is Status.FAILED


def test_calling_the_run_off_calls_both_off(repository: Make, tmp_path: Path) -> None:
    """Nothing goes on without an owner."""
    root = repository({"a.py": "x = 1\n"})
    light, target = Timed("light", "b.txt", 30), Timed("target", "b.txt", 30)

    async def work() -> tuple[Fact, ...]:
        engine = await engine_for(root, tmp_path, light, target, lambda _: True, Recorder())
        running = asyncio.create_task(engine.run(Plan((task("one"),))))
        while not (light.began and target.began):
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return engine.facts

    facts = asyncio.run(work())
    assert (light.called_off, target.called_off) == (1, 1)
    assert of(facts, Cancelled)
    assert len(git(root, "worktree", "list").splitlines()) == 1


def test_a_run_that_was_killed_asks_neither_twice(repository: Make, tmp_path: Path) -> None:
    """What each had answered is taken up where it was."""
    root = repository({"a.py": "x = 1\n"})
    light, target = Timed("light", "b.txt", 0.1), Timed("target", "b.txt", 0.2)
    facts = hedged(root, tmp_path, light, target, lambda _: False)
    cut: list[Recorded] = []
    for fact in facts:
        if isinstance(fact, Rejected | Accepted | Failed):
            break
        cut.append(Recorded(fact=fact, seconds=0.0))
    calls = {one.fact.call: one.fact.executor for one in cut if isinstance(one.fact, Dispatched)}
    answered = {calls[one.fact.call] for one in cut if isinstance(one.fact, Answered)}
    again = tmp_path / "again"
    again.mkdir()
    fresh = Timed("light", "b.txt", 0.1), Timed("target", "b.txt", 0.2)

    async def resumed() -> None:
        engine = await engine_for(root, again, *fresh, lambda _: False, Recorder())
        await engine.resume(cut)

    asyncio.run(resumed())
    assert "light" in answered
    assert fresh[0].began == 0
    assert fresh[1].began == (0 if "target" in answered else 1)
