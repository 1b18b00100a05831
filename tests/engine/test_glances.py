"""Drafts are looked at while they are written, and hopeless ones stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from test_engine import engine_for, of, writes

from conftest import git
from sef.events import Accepted, Fact, Failed
from sef.glances import ENOUGH, EVERY, Glances
from sef.model import Answer, Evidence, Kind, Proposal, Task, Usage, Verdict
from sef.plan import Plan
from sef.protocols import Assignment
from sef.steps import Step, ToolStep
from sef.testing import Recorder

Make = Callable[..., Path]
WROTE = ToolStep(name="Write", asked="1", writes=True)
TASK = Task(id="one", text="do one", kind=Kind.IMPLEMENT)


def said(passed: bool, verifier: str = "scope", *, undecided: bool = False) -> Verdict:
    evidence = (Evidence(verifier=verifier, passed=passed, detail="why"),)
    return Verdict(accepted=passed, undecided=undecided, reason="why", evidence=evidence)


def stopped_after(verdicts: list[Verdict | None], step: Step = WROTE) -> int:
    """The glance after which the draft was given up; 0: it never was."""
    left = iter(verdicts)

    async def look() -> Verdict | None:
        return next(left)

    async def work() -> int:
        glances = Glances(look)
        for number in range(EVERY * len(verdicts)):
            if await glances.hopeless(step):
                return (number + 1) // EVERY
        return 0

    return asyncio.run(work())


NO, YES, OTHER = said(False), said(True), said(False, "static")


@pytest.mark.parametrize(
    ("verdicts", "after"),
    [
        ([NO, NO, NO], 3),
        ([NO, YES, NO, NO], 0),
        ([NO, None, NO, NO, NO], 5),
        ([NO, OTHER, OTHER, OTHER], 4),
        ([NO, OTHER, NO, OTHER], 0),
        ([said(False, undecided=True)] * 5, 0),
    ],
)
def test_the_same_verifier_must_reject_it_time_and_again(
    verdicts: list[Verdict | None], after: int
) -> None:
    """Half a draft is often wrong; what is undecided, or another fault each time, may pass."""
    assert stopped_after(verdicts) == after


@pytest.mark.parametrize("step", [replace(WROTE, writes=False), replace(WROTE, failed=True)])
def test_only_writing_counts(step: Step) -> None:
    """Reading changes nothing that could be looked at."""
    assert stopped_after([NO] * 9, step) == 0


class Trespassing:
    """Writes to a path, step by step."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.steps = 0

    async def execute(self, assignment: Assignment) -> Proposal:
        place = assignment.checkout.path / self._path
        place.parent.mkdir(parents=True, exist_ok=True)
        for self.steps in range(1, 4 * EVERY):
            place.write_text(f"step {self.steps}\n")
            before = sorted(assignment.checkout.path.rglob("*"))
            await assignment.report(WROTE)
            assert sorted(assignment.checkout.path.rglob("*")) == before
        return Proposal(answer=Answer(text="done"), usage=Usage(cost_usd=Decimal("0.01")))


def run(root: Path, tmp_path: Path, light: Trespassing) -> tuple[Fact, ...]:
    async def work() -> tuple[Fact, ...]:
        target = {"one": writes("b.py", "y = 2\n", "0.2")}
        engine = await engine_for(root, tmp_path, light, target, lambda _: True, Recorder())
        return await engine.run(Plan((TASK,)))

    return asyncio.run(work())


@pytest.mark.slow
def test_a_draft_out_of_scope_is_stopped_before_its_end(repository: Make, tmp_path: Path) -> None:
    """The target is given the task, and what was written until then."""
    root = repository({"a.py": "x = 1\n"})
    light = Trespassing(".github/workflows/ci.yml")
    facts = run(root, tmp_path, light)
    (failed,) = of(facts, Failed)
    assert failed.reason.startswith("stopped as hopeless: .github/workflows/ci.yml is")
    assert light.steps == EVERY * ENOUGH
    assert failed.partial is not None
    assert [one.executor for one in of(facts, Accepted)] == ["target"]
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.slow
def test_a_draft_in_scope_is_left_to_come_to_its_end(repository: Make, tmp_path: Path) -> None:
    """Nothing of the glances is seen in its fork, its index or the result."""
    root = repository({"a.py": "x = 1\n"})
    facts = run(root, tmp_path, Trespassing("c.py"))
    assert not of(facts, Failed)
    assert [one.executor for one in of(facts, Accepted)] == ["light"]
    assert git(root, "show", "sef/r1:c.py") == f"step {4 * EVERY - 1}\n"
