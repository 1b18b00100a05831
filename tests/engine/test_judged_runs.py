"""Runs in which a model judges drafts: what it decides, what it costs, and what is not paid twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from test_engine import always, engine_for, of, task

from conftest import git
from sef.advice import Advised, Consulted
from sef.build.checking import chosen
from sef.build.executors import Crew
from sef.engine import Engine
from sef.events import Accepted, Drafted, Fact, Recorded, Rejected
from sef.metrics import costs
from sef.model import Answer, Kind, Proposal, Route, Task, Tier, Usage
from sef.plan import Plan
from sef.pools.local import LocalPool
from sef.protocols import Assignment, Executor
from sef.report import report
from sef.story import outcomes
from sef.testing import FakeClock, MemoryLedger, Recorder, Script, ScriptedExecutor
from sef.verifiers.judge import ModelJudge

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # real repositories


class Questions:
    """A router that takes every task for a question."""

    def route(self, task: Task) -> Route:
        return Route(
            tier=Tier.LIGHT, kind=Kind.EXPLORE, policy="standard", score=1, reason="a question"
        )


class Sitting:
    """A judge by letters, which may hang from a call on; it tries to write as well."""

    def __init__(self, *says: str, hangs_at: int = 99) -> None:
        self.says = says
        self.hangs_at = hangs_at
        self.asked: list[Assignment] = []

    async def execute(self, assignment: Assignment) -> Proposal:
        self.asked.append(assignment)
        if len(self.asked) == self.hangs_at:
            await asyncio.Event().wait()
        (assignment.checkout.path / "scribbled").write_text("by the judge")
        says = self.says[min(len(self.asked), len(self.says)) - 1]
        return Proposal(answer=Answer(text=says), usage=Usage(cost_usd=Decimal("0.05")))


class Patient(FakeClock):
    """A clock on which a sleep never ends."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


def verdicts(**by_letter: str) -> str:
    drafts = {
        letter: {"verdict": verdict, "problem": "a.py:1: no", "confidence": 0.8}
        for letter, verdict in by_letter.items()
    }
    return json.dumps({"drafts": drafts})


def says(text: str, cost: str) -> Script:
    return Script(says=text, cost_usd=Decimal(cost), seconds=1)


async def judged_engine(
    root: Path, tmp_path: Path, names: Sequence[str], sitting: Executor, ledger: MemoryLedger
) -> Engine:
    """An engine with light, a target and a judge that takes as many drafts as there are tasks."""
    light = {name: says(f"{name} is in a.py:1", "0.01") for name in names}
    target = {name: says(f"the target on {name}", "0.20") for name in names}
    made = await engine_for(root, tmp_path, light, target, always, Recorder())
    workspace, parts = made._workspace, made._parts
    executors: Mapping[str, Executor] = {
        "light": ScriptedExecutor(light, clock=parts.clock, model="light"),
        "target": ScriptedExecutor(target, clock=parts.clock, model="target"),
        "sitting": sitting,
    }
    pool = LocalPool(workspace, executors)
    repository = workspace._git
    judge = ModelJudge(
        pool, repository, Patient(), executor="sitting", target="target", batch=len(names)
    )
    return Engine(
        replace(
            parts,
            router=Questions(),
            pool=pool,
            ledger=ledger,
            verifiers={**parts.verifiers, "judge": judge},
            asked=("judge",),
        ),
        workspace,
    )


def judged(root: Path, tmp_path: Path, names: Sequence[str], sitting: Sitting) -> tuple[Fact, ...]:
    async def work() -> tuple[Fact, ...]:
        engine = await judged_engine(root, tmp_path, names, sitting, MemoryLedger())
        facts = await engine.run(Plan(tuple(task(name) for name in names)))
        assert len(asyncio.all_tasks()) == 1
        return facts

    return asyncio.run(work())


def test_the_judge_accepts_an_answer(repository: Make, tmp_path: Path) -> None:
    """Which it was asked about twice; the report tells its price and the probability."""
    root = repository({"a.py": "x = 1\n"})
    facts = judged(root, tmp_path, ["one"], Sitting(verdicts(A="right")))
    (accepted,) = of(facts, Accepted)
    assert accepted.executor == "light"
    assert accepted.verdict.cost_usd == Decimal("0.10")
    assert accepted.verdict.probability == pytest.approx(0.759, abs=0.01)
    assert costs(facts).cost == Decimal("0.11")
    told = report(facts)
    (attempt,) = told.tasks[0].attempts
    assert (attempt.cost_usd, attempt.verification_usd) == (Decimal("0.01"), Decimal("0.10"))
    assert attempt.probability == accepted.verdict.probability
    assert (outcomes(facts)[0].status, told.cost_usd) == ("done", Decimal("0.11"))
    assert len(git(root, "worktree", "list").splitlines()) == 1
    assert "scribbled" not in git(root, "status", "--porcelain")


def test_the_judge_rejects_an_answer(repository: Make, tmp_path: Path) -> None:
    """The target answers; its work is not judged."""
    root = repository({"a.py": "x = 1\n"})
    sitting = Sitting(verdicts(A="wrong"))
    facts = judged(root, tmp_path, ["one"], sitting)
    (rejected,) = of(facts, Rejected)
    assert "a.py:1: no" in rejected.verdict.reason
    assert [one.executor for one in of(facts, Accepted)] == ["target"]
    assert len(sitting.asked) == 1
    assert costs(facts).cost == Decimal("0.26")


def test_tasks_of_a_moment_share_a_question(repository: Make, tmp_path: Path) -> None:
    """Its price is divided to the last digit, and each task has its own part and verdict."""
    root = repository({"a.py": "x = 1\n"})
    names = ["one", "two", "three"]
    sitting = Sitting(
        verdicts(A="right", B="right", C="right"), verdicts(X="right", Y="right", Z="right")
    )
    facts = judged(root, tmp_path, names, sitting)
    assert len(sitting.asked) == 2
    assert len({one.call for one in of(facts, Consulted)}) == 2
    told = of(facts, Advised)
    assert sorted(one.task for one in told) == sorted(names * 2)
    assert sum(one.advice.usage.cost_usd or 0 for one in told) == Decimal("0.10")
    assert [one.executor for one in of(facts, Accepted)] == ["light"] * 3
    assert costs(facts).cost == Decimal("0.13")


def test_a_resumed_run_does_not_ask_again_what_was_answered(
    repository: Make, tmp_path: Path
) -> None:
    """Killed in the second question, it puts the second alone; the draft is not paid again."""
    root = repository({"a.py": "x = 1\n"})
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()

    async def work() -> None:
        ledger, first = MemoryLedger(), Sitting(verdicts(A="right"), hangs_at=2)
        engine = await judged_engine(root, tmp_path / "x", ["one"], first, ledger)
        running = asyncio.create_task(engine.run(Plan((task("one"),))))
        while len(first.asked) < 2:
            await asyncio.sleep(0.005)
        past: list[Recorded] = list(ledger.recorded)  # as after kill -9
        running.cancel()
        await asyncio.wait([running])
        assert [type(one.fact) for one in ledger.recorded].count(Advised) == 2
        second = Sitting(verdicts(A="right"))
        again = await judged_engine(root, tmp_path / "y", ["one"], second, MemoryLedger())
        await again._workspace.reopen(again._workspace.base)
        facts = await again.resume(past)
        assert len(second.asked) == 1
        assert "what was found" in second.asked[0].task.text
        assert len(of(facts, Drafted)) == 1
        (accepted,) = of(facts, Accepted)
        assert accepted.executor == "light"
        told = report(facts)
        assert (told.status, told.cut_off_calls, told.saved_usd) == ("ok", 1, None)

    asyncio.run(work())


class Nobody:
    async def execute(self, assignment: Assignment) -> Proposal:
        raise AssertionError


@pytest.mark.parametrize(
    ("name", "tiers", "judge"),
    [
        ("off", (Tier.STANDARD, Tier.TARGET), None),
        ("auto", (Tier.LIGHT, Tier.STANDARD, Tier.TARGET), "standard"),
        ("auto", (Tier.LIGHT, Tier.TARGET), "target"),
        ("auto", (Tier.LIGHT,), None),
        ("light", (Tier.LIGHT, Tier.TARGET), "light"),
        ("standard", (Tier.LIGHT, Tier.TARGET), None),
    ],
)
def test_who_judges(name: str, tiers: tuple[Tier, ...], judge: str | None) -> None:
    """As [verify] says, as far as it can be had here."""
    names = {tier: tier.name.lower() for tier in tiers}
    hands = Crew(executors={one: Nobody() for one in names.values()}, tiers=names)
    assert chosen(name, hands) == judge
