"""Accepted drafts that are done again by the target, and what that tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from test_engine import engine_for, of, run, task, writes

from conftest import git
from sef.events import Accepted, AuditBegan, Audited, Fact, RunFinished, Sampled
from sef.metrics import costs
from sef.model import Kind, Task
from sef.plan import Plan
from sef.protocols import Assignment, Case, Proposal
from sef.report import report
from sef.testing import Recorder, Script

Make = Callable[..., Path]
DRAWN = "t6"
"""A task of run r1 whose draw is below 0.05: the same in every run of that name."""
pytestmark = pytest.mark.slow  # real repositories


def as_tested(case: Case) -> bool | None:
    """Green when there are no tests, else when the code says what they want."""
    wanted = case.checkout.path / "tests/test_b.py"
    if not wanted.is_file():
        return True
    return (case.checkout.path / "b.py").read_text() == wanted.read_text()


def audited(repository: Make, tmp_path: Path, light: Script, target: Script) -> list[Audited]:
    root = repository({"a.py": "x = 1\n"})
    facts, _ = run(
        root, tmp_path, [task(DRAWN)], light={DRAWN: light}, target={DRAWN: target},
        rule=as_tested, audit=0.05,
    )  # fmt: skip
    assert git(root, "show", "sef/r1:b.py") == light.writes["b.py"]
    assert len(git(root, "worktree", "list").splitlines()) == 1
    (sample,) = of(facts, Sampled)
    assert sample.drawn
    assert 0.05 <= sample.propensity < 1
    assert costs(facts).cost == Decimal("0.01") + target.cost_usd
    assert isinstance(facts[-1], RunFinished)
    return of(facts, Audited)


def with_test(code: str, wanted: str) -> Script:
    files = {"b.py": code, "tests/test_b.py": wanted}
    return Script(says="done", writes=files, cost_usd=Decimal("0.20"), seconds=1)


def test_a_draft_that_fails_the_targets_tests_is_a_regression(
    repository: Make, tmp_path: Path
) -> None:
    """The target's own work passes them, so it would have been right."""
    (found,) = audited(repository, tmp_path, writes("b.py", "wrong"), with_test("right", "right"))
    assert found.regression is True
    assert found.usage.cost_usd == Decimal("0.20")


def test_a_draft_that_passes_the_targets_tests_is_none(repository: Make, tmp_path: Path) -> None:
    """Although the two differ."""
    (found,) = audited(repository, tmp_path, writes("b.py", "right"), with_test("right", "right"))
    assert found.regression is False


def test_a_target_that_is_wrong_itself_is_no_measure(repository: Make, tmp_path: Path) -> None:
    """A regression is a draft that is wrong where the target is right."""
    (found,) = audited(repository, tmp_path, writes("b.py", "wrong"), with_test("other", "right"))
    assert found.regression is False
    assert "not accepted" in found.reason


def test_the_same_change_is_no_regression(repository: Make, tmp_path: Path) -> None:
    """Two trees that are the same are equally right."""
    (found,) = audited(repository, tmp_path, writes("b.py", "y"), writes("b.py", "y", "0.20"))
    assert (found.regression, found.reason) == (False, "the target made the same change")


def test_without_a_test_of_the_targets_nothing_is_told(repository: Make, tmp_path: Path) -> None:
    """Two different changes that both look right."""
    (found,) = audited(repository, tmp_path, writes("b.py", "y"), writes("b.py", "z", "0.20"))
    assert found.regression is None


def test_a_target_that_fails_tells_nothing_and_hurts_nothing(
    repository: Make, tmp_path: Path
) -> None:
    """The run ends as it would have."""
    root = repository({"a.py": "x = 1\n"})
    facts, ended = run(
        root, tmp_path, [task(DRAWN)], light={DRAWN: writes("b.py", "y")}, target={}, audit=0.05
    )
    (found,) = of(facts, Audited)
    assert found.regression is None
    assert "no draft" in found.reason
    assert ended[DRAWN].status == "done"


def test_an_audit_that_is_called_off_has_an_unknown_price(repository: Make, tmp_path: Path) -> None:
    """The run is as complete as before it, and nobody knows what the target was paid."""
    root = repository({"a.py": "x = 1\n"})

    class Endless:
        began = False

        async def execute(self, assignment: Assignment) -> Proposal:
            self.began = True
            await asyncio.sleep(60)
            raise AssertionError

    target = Endless()

    async def work() -> tuple[Fact, ...]:
        light = {DRAWN: writes("b.py", "y")}
        engine = await engine_for(root, tmp_path, light, target, lambda _: True, Recorder(), 0.05)
        running = asyncio.create_task(engine.run(Plan((task(DRAWN),))))
        while not target.began:
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return engine.facts

    facts = asyncio.run(work())
    (began,) = of(facts, AuditBegan)
    (found,) = of(facts, Audited)
    assert (found.regression, found.usage.cost_usd) == (None, None)
    assert costs(facts).cost is None
    cut = [fact for fact in facts if fact is not found]  # as after kill -9
    assert costs(cut).cost is None
    told = report(cut).tasks[0]
    assert (told.status, told.audit and told.audit.reason) == ("done", "cut off")
    assert len(git(root, "worktree", "list").splitlines()) == 1
    assert began.executor == "target"


def test_without_audits_nothing_is_drawn(repository: Make, tmp_path: Path) -> None:
    """And an accepted draft still has its probability."""
    root = repository({"a.py": "x = 1\n"})
    facts, _ = run(
        root, tmp_path, [task(DRAWN)], light={DRAWN: writes("b.py", "y")}, target={}, audit=0.0
    )
    assert not of(facts, Sampled, Audited)
    (accepted,) = of(facts, Accepted)
    assert accepted.verdict.probability == pytest.approx(0.922)


def test_an_answer_is_drafted_and_not_audited(repository: Make, tmp_path: Path) -> None:
    """No test could tell two answers apart, and two empty changes prove nothing."""
    root = repository({"a.py": "x = 1\n"})
    says = Script(says="x is at a.py:1", cost_usd=Decimal("0.01"), seconds=1)
    question = Task(id=DRAWN, text="where is x?", kind=Kind.EXPLORE)
    facts, ended = run(root, tmp_path, [question], light={DRAWN: says}, target={}, audit=0.05)
    (accepted,) = of(facts, Accepted)
    assert (accepted.executor, accepted.verifiers[-1]) == ("light", "citations")
    assert not of(facts, Sampled, AuditBegan)
    assert ended[DRAWN].answer == accepted.draft.answer
