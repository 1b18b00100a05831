"""Steps of executors become facts, stop drafts and are booked; drafts are handed over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from test_engine import always, engine_for

from sef.engine import Engine
from sef.errors import DraftFailure
from sef.events import Dispatched, Drafted, Fact, Failed, Resumed
from sef.metrics import costs
from sef.model import Answer, Proposal, Task, Usage
from sef.plan import Plan
from sef.protocols import Assignment, Case
from sef.reasons import STOPPED
from sef.report import report
from sef.steps import ModelCalled, ModelStep, Step, ToolCalled, ToolStep, together
from sef.testing import Recorder

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # real repositories
TASK = Task(id="one", text="Write it")


def asked(billed: str = "m", cost: str = "0.01") -> ModelStep:
    usage = Usage(cost_usd=Decimal(cost), model=billed, input_tokens=5, requests=1)
    return ModelStep(requested="m", billed=billed, usage=usage)


class Working:
    """Reports steps, writes a file, and ends as told; keeps what it was given."""

    def __init__(
        self, *steps: Step, writes: str = "", fails: str = "", hangs: bool = False
    ) -> None:
        self.steps = steps
        self.writes = writes
        self.fails = fails
        self.hangs = hangs
        self.given: list[Assignment] = []

    async def execute(self, assignment: Assignment) -> Proposal:
        self.given.append(assignment)
        if self.writes:
            (assignment.checkout.path / "made.txt").write_text(self.writes)
        for step in self.steps:
            await assignment.report(step)
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise DraftFailure(self.fails)
        usage = together(one.usage for one in self.steps if isinstance(one, ModelStep))
        return Proposal(answer=Answer(text="done"), usage=usage)


def run(
    root: Path,
    tmp_path: Path,
    light: Working,
    target: Working,
    *,
    rule: Callable[[Case], bool | None] = always,
    change: Callable[[Engine], None] = lambda _: None,
) -> tuple[Fact, ...]:
    async def work() -> tuple[Fact, ...]:
        engine = await engine_for(root, tmp_path, light, target, rule, Recorder())
        change(engine)
        return await engine.run(Plan((TASK,)))

    return asyncio.run(work())


def cold(engine: Engine) -> None:
    engine._cascades = replace(engine._cascades, warm=False)


def handovers(facts: Sequence[Fact]) -> list[str]:
    return [one.handover for one in facts if isinstance(one, Dispatched)]


def test_the_target_is_given_the_rejected_diff_and_why(repository: Make, tmp_path: Path) -> None:
    """A short note; the journal says that it was given."""
    root = repository({"a.txt": "a\n"})
    target = Working(asked(), writes="good\n")
    light = Working(asked(), writes="bad\n")
    facts = run(root, tmp_path, light, target, rule=lambda case: "bad" not in made(case))
    (note,) = target.given[0].findings
    assert "light was rejected: ruled False" in note
    assert "+bad" in note
    assert handovers(facts) == ["", "warm"]
    assert light.given[0].findings == ()


def made(case: Case) -> str:
    return (case.checkout.path / "made.txt").read_text()


def test_a_cold_target_is_given_nothing(repository: Make, tmp_path: Path) -> None:
    """The switch is off; the journal says so, and the task's end still says why."""
    root = repository({"a.txt": "a\n"})
    target = Working(fails="no idea")
    light = Working(writes="bad\n")
    facts = run(root, tmp_path, light, target, rule=lambda _: False, change=cold)
    assert target.given[0].findings == ()
    assert handovers(facts) == ["", "cold"]
    assert report(facts).tasks[0].reason == "target failed: no idea"


def test_what_a_failed_attempt_had_written_is_handed_over(repository: Make, tmp_path: Path) -> None:
    """It is charged, is no rejection, and its partial work is a finding."""
    root = repository({"a.txt": "a\n"})
    target = Working(writes="good\n")
    facts = run(root, tmp_path, Working(asked(), writes="half\n", fails="crossed"), target)
    (failed,) = (one for one in facts if isinstance(one, Failed))
    assert failed.usage.cost_usd == Decimal("0.01")
    assert failed.partial is not None
    assert "ended without a draft: crossed" in target.given[0].findings[0]
    assert "+half" in target.given[0].findings[0]


def test_every_step_is_a_fact(repository: Make, tmp_path: Path) -> None:
    """With what it repeats, in order, under the call's key."""
    read = ToolStep(name="Read", asked="a")
    facts = run(
        repository({"a.txt": "a\n"}),
        tmp_path,
        Working(asked(), read, read, asked(), writes="x\n"),
        Working(),
    )
    used = [one.step for one in facts if isinstance(one, ToolCalled)]
    assert [one.repeated for one in used] == [False, True]
    calls = {one.call for one in facts if isinstance(one, ToolCalled | ModelCalled | Dispatched)}
    assert len(calls) == 1
    (drafted,) = (one for one in facts if isinstance(one, Drafted))
    assert drafted.draft.usage.requests == 2


def bounded(engine: Engine) -> None:
    """The draft is stopped after two requests."""
    route = engine.route

    def routed(plan: Plan) -> object:
        found = {}
        for name, one in route(plan).items():
            assert one.cascade is not None
            first, *rest = one.cascade.stages
            stages = (replace(first, most_requests=2), *rest)
            found[name] = replace(one, cascade=replace(one.cascade, stages=stages))
        return found

    engine.route = routed  # type: ignore[method-assign, assignment]


def test_a_draft_with_too_many_requests_is_stopped(repository: Make, tmp_path: Path) -> None:
    """It failed, at the price of what it asked; the target takes over."""
    light = Working(*(asked() for _ in range(5)), writes="x\n")
    target = Working(asked(cost="0.5"), writes="y\n")
    facts = run(repository({"a.txt": "a\n"}), tmp_path, light, target, change=bounded)
    (failed,) = (one for one in facts if isinstance(one, Failed))
    assert failed.reason.startswith(STOPPED)
    assert failed.usage.cost_usd == Decimal("0.03")
    assert report(facts).tasks[0].executor == "target"


def test_another_model_than_asked_for_saves_nothing(repository: Make, tmp_path: Path) -> None:
    """The cost is booked, the saving is unknown, and the report names both models."""
    root = repository({"a.txt": "a\n"})
    facts = run(root, tmp_path, Working(fails="no"), Working(asked("other"), writes="x\n"))
    told = report(facts)
    assert costs(facts).substituted
    assert (told.saved_usd, told.saved_is) == (None, "unknown")
    (_, attempt) = told.tasks[0].attempts
    assert (attempt.model, attempt.requested) == ("other", "m")


def test_what_a_killed_call_had_paid_is_counted(repository: Make, tmp_path: Path) -> None:
    """Asked again after a resumption, the call costs what it told before it was cut off, too."""
    root = repository({"a.txt": "a\n"})
    facts = run(root, tmp_path, Working(asked(), writes="x\n"), Working())
    whole = costs(facts).cost
    assert whole == Decimal("0.01")
    at = next(at for at, one in enumerate(facts) if isinstance(one, ModelCalled))
    call = facts[at].call  # type: ignore[union-attr]
    begun = facts[: at + 1]
    again = (*begun, Resumed(run="r1", in_flight=(call,)), *facts[at:])
    assert costs(again).cost == 2 * whole
