"""Fresh tests in the engine: they reject, are paid once, and are no part of the result."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from test_engine import always, engine_for

from conftest import git
from sef.advice import Advised, Consulted
from sef.build import open_engine
from sef.checks import CheckRunner
from sef.engine import Engine
from sef.environment import Environments
from sef.events import Accepted, Fact, Recorded, Rejected
from sef.metrics import costs
from sef.model import Answer, Proposal, Task, Tier, Usage
from sef.plan import Plan
from sef.protocols import Assignment
from sef.repository import find_repository
from sef.story import outcomes
from sef.testing import FakeClock, MemoryLedger, Recorder
from sef.verifiers.fresh import FreshTests, Writer

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # real repositories
OPS = "def add(a, b):\n    return a + b\n"
WRONG = OPS + "\n\ndef mul(a, b):\n    return a + b\n"
RIGHT = OPS + "\n\ndef mul(a, b):\n    return a * b\n"
PROJECT = {
    "calc/__init__.py": "",
    "calc/ops.py": OPS,
    "tests/test_ops.py": "from calc.ops import add\n\ndef test_add():\n    assert add(2, 3) == 5\n",
}
FRESH = "from calc import ops\n\ndef test_mul():\n    assert ops.mul(3, 4) == 12\n"
TASK = Task(id="one", text="Add a function mul to calc/ops.py that multiplies two numbers")


class Both:
    """Writes code, or tests where it is asked for those; keeps what it was given."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.given: list[Assignment] = []

    async def execute(self, assignment: Assignment) -> Proposal:
        self.given.append(assignment)
        tests = assignment.task.id == "one.fresh"
        path, text = ("tests/test_mul.py", FRESH) if tests else ("calc/ops.py", self.code)
        (assignment.checkout.path / path).write_text(text)
        return Proposal(answer=Answer(text="done"), usage=Usage(cost_usd=Decimal("0.01")))

    @property
    def asked(self) -> list[str]:
        return [one.task.id for one in self.given]


async def engine_with(
    root: Path, scratch: Path, light: Both, target: Both, ledger: MemoryLedger
) -> Engine:
    scratch.mkdir()
    engine = await engine_for(root, scratch, light, target, always, Recorder())
    workspace, parts = engine._workspace, engine._parts
    environments = Environments(
        tree=root, scratch=scratch, python=Path(sys.executable), variables=dict(os.environ)
    )
    fresh = FreshTests(
        pool=parts.pool,
        workspace=workspace,
        git=(await find_repository(root)).git,
        runner=CheckRunner(environments, scratch, 60),
        clock=FakeClock(),
        writers=(
            Writer(name="light", tier=Tier.LIGHT),
            Writer(name="target", tier=Tier.TARGET),
        ),
    )
    verifiers = {**parts.verifiers, "fresh": fresh}
    parts = replace(parts, verifiers=verifiers, asked=("fresh",), settled=1.0, ledger=ledger)
    return Engine(parts, workspace)


def of(facts: tuple[Fact, ...], kind: type[Fact]) -> list[Fact]:
    return [one for one in facts if isinstance(one, kind)]


def test_a_wrong_draft_that_passes_the_projects_tests_is_redone(
    repository: Make, tmp_path: Path
) -> None:
    """The target is told which test failed and not how it is written; nothing of it lands."""
    root = repository(PROJECT)
    light, target = Both(WRONG), Both(RIGHT)

    async def work() -> tuple[Fact, ...]:
        engine = await engine_with(root, tmp_path / "x", light, target, MemoryLedger())
        return await engine.run(Plan((TASK,)))

    facts = asyncio.run(work())
    (rejected,) = of(facts, Rejected)
    assert isinstance(rejected, Rejected)
    assert rejected.verdict.evidence[-1].sign == "fresh-fail"
    assert rejected.verdict.cost_usd == Decimal("0.01")
    assert (light.asked, target.asked) == (["one"], ["one.fresh", "one"])
    (said,) = target.given[1].findings
    assert "tests/test_mul.py::test_mul" in said
    assert "def test_mul" not in said
    assert "ops.mul(3" not in "".join(line for line in said.splitlines() if line[:1] in "+- ")
    assert git(root, "ls-tree", "-r", "--name-only", "sef/r1").split() == sorted(PROJECT)
    assert git(root, "show", "sef/r1:calc/ops.py") == RIGHT
    assert costs(facts).cost == Decimal("0.03")
    assert outcomes(facts)[0].commit


def test_what_was_told_before_a_cut_is_not_asked_again(repository: Make, tmp_path: Path) -> None:
    """The run goes on from the fact that the tests were written."""
    root = repository(PROJECT)
    first, writer = Both(RIGHT), Both(RIGHT)
    light, target = Both(RIGHT), Both(RIGHT)

    async def work() -> tuple[Fact, ...]:
        ledger = MemoryLedger()
        engine = await engine_with(root, tmp_path / "x", first, writer, ledger)
        running = asyncio.create_task(engine.run(Plan((TASK,))))
        while not any(isinstance(one.fact, Advised) for one in ledger.recorded):
            await asyncio.sleep(0.005)
        past: list[Recorded] = list(ledger.recorded)
        running.cancel()
        await asyncio.wait([running])
        at = next(n for n, one in enumerate(past) if isinstance(one.fact, Advised))
        again = await engine_with(root, tmp_path / "y", light, target, MemoryLedger())
        await again._workspace.reopen(again._workspace.base)
        return await again.resume(past[: at + 1])

    facts = asyncio.run(work())
    assert (first.asked, writer.asked) == (["one"], ["one.fresh"])
    assert (light.asked, target.asked) == ([], [])
    assert len(of(facts, Consulted)) == len(of(facts, Advised)) == 1
    (accepted,) = of(facts, Accepted)
    assert isinstance(accepted, Accepted)
    assert accepted.verdict.evidence[-1].sign == "fresh-hold"


def test_sef_toml_says_who_writes(repository: Make, tmp_path: Path) -> None:
    """off, auto, or a name; a light model alone does not write tests for its own drafts."""
    script = "[executors.{0}]\nuse = 'scripted'\ntier = {1}\nscript = 'plays.toml'\nmodel = '{0}'\n"
    executors = script.format("small", 1) + script.format("mid", 2) + script.format("big", 3)
    root = repository({**PROJECT, "plays.toml": ""})

    async def parts(fresh: str, executors: str) -> tuple[tuple[str, ...], list[str]]:
        settings = tmp_path / "project" / "sef.toml"
        settings.write_text(f"[verify]\nfresh = '{fresh}'\njudge = 'off'\n{executors}")
        async with open_engine(root, config=settings) as engine:
            fresh_tests = engine._parts.verifiers.get("fresh")
            if fresh_tests is None:
                return engine._parts.asked, []
            assert isinstance(fresh_tests, FreshTests)
            return engine._parts.asked, [one.name for one in fresh_tests._writing._writers]

    assert asyncio.run(parts("off", executors)) == ((), [])
    assert asyncio.run(parts("auto", executors)) == (("fresh",), ["mid", "big", "small"])
    assert asyncio.run(parts("big", executors)) == (("fresh",), ["big", "mid", "small"])
    assert asyncio.run(parts("auto", script.format("small", 1))) == ((), [])
