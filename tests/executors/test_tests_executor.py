"""Running the tests on request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from sef.checks.check import PYTHON, Check, CheckRun, Failure
from sef.environment import Proof
from sef.errors import DraftFailure, UsageError
from sef.executors.tests import TestsExecutor
from sef.model import (
    Answer,
    Checkout,
    Counts,
    Effort,
    Kind,
    Proposal,
    Request,
    Route,
    Task,
    Tier,
)
from sef.protocols import Assignment

_CHECK = Check(name="tests", runner="pytest", argv=(PYTHON, "-m", "pytest"), python=True)
_OWN = Proof(proved=True, level="own tree", reason="it ran in your own tree")


def run_of(
    *,
    exit_code: int | None = 1,
    counts: Counts | None = None,
    failures: int = 0,
    proof: Proof = _OWN,
    timed_out: bool = False,
) -> CheckRun:
    every = [Failure(id=f"a.py::test_{n}", reason="assert 0" if n else "") for n in range(failures)]
    return CheckRun(
        check=_CHECK,
        exit_code=exit_code,
        counts=counts,
        failing=frozenset(failure.id for failure in every),
        failures=tuple(every[:50]),
        summary="said in 1.2 s (pytest, python -m pytest)",
        output_tail="last words\n",
        proof=proof,
        seconds=1.2,
        timed_out=timed_out,
    )


class Runner:
    """Gives the run it was made with, or raises it."""

    def __init__(self, result: CheckRun | Exception, *, checks: tuple[Check, ...] = (_CHECK,)):
        self.result = result
        self.checks = checks
        self.asked: list[str | None] = []

    async def detect(self, checkout: Checkout) -> tuple[Check, ...]:
        return self.checks

    async def run(self, check: Check, checkout: Checkout, *, only: str | None = None) -> CheckRun:
        self.asked.append(only)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def propose(
    runner: Runner, subject: str = "", fingerprint: Callable[[], Awaitable[str]] | None = None
) -> Proposal:
    tree = Checkout(path=Path("/p"), commit="c", users=True, files=(), base_files=())
    route = Route(
        tier=Tier.NONE,
        kind=Kind.VALIDATE,
        policy="fast",
        score=1,
        reason="",
        request=Request(executor="tests", what="run", subject=subject),
    )
    given = Assignment(task=Task(id="a", text="x"), route=route, checkout=tree, effort=Effort.LOW)
    return asyncio.run(TestsExecutor(runner, fingerprint).execute(given))  # type: ignore[arg-type]


def answer(runner: Runner, subject: str = "") -> Answer:
    return propose(runner, subject).answer


def test_red_tests_are_an_answer() -> None:
    counts = Counts(passed=34, failed=2)
    proposal = propose(Runner(run_of(counts=counts, failures=2)))
    assert proposal.answer.text.splitlines() == [
        "said in 1.2 s (pytest, python -m pytest)",
        "  a.py::test_0",
        "  a.py::test_1: assert 0",
    ]
    assert (proposal.answer.counts, proposal.answer.exit_code) == (counts, 1)
    assert (proposal.usage.cost_usd, proposal.usage.model) == (Decimal(0), None)


def test_many_failures_are_counted() -> None:
    lines = answer(Runner(run_of(counts=Counts(failed=70), failures=70))).text.splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  and 50 more"


def test_a_part_is_handed_on_and_named() -> None:
    runner = Runner(run_of(exit_code=0, counts=Counts(passed=1)))
    assert answer(runner, "tests/test_a.py").text.endswith(", only tests/test_a.py")
    assert runner.asked == ["tests/test_a.py"]


def test_where_nothing_was_counted_the_runner_speaks_for_itself() -> None:
    said = answer(Runner(run_of(exit_code=4))).text
    assert said.endswith("\nexit code 4; it ended with:\nlast words")


def test_a_run_that_changed_the_tree_says_so() -> None:
    states = iter(("", " M a.py"))

    async def fingerprint() -> str:
        return next(states)

    runner = Runner(run_of(exit_code=0, counts=Counts(passed=1)))
    assert "The run changed the tree" in propose(runner, fingerprint=fingerprint).answer.text


@pytest.mark.parametrize(
    ("runner", "reason"),
    [
        (Runner(run_of(), checks=()), "no way to run tests was found.*: set a command"),
        (Runner(run_of(timed_out=True)), "did not end: said.*; the last it said: last words$"),
        (Runner(run_of(exit_code=None)), "were not run"),
        (Runner(run_of(proof=Proof(proved=False, level="", reason="doubt"))), "doubt"),
        (Runner(UsageError("absent", hint="name one")), "^absent: name one$"),
    ],
)
def test_a_run_that_says_nothing_about_the_tree_is_a_failure(runner: Runner, reason: str) -> None:
    with pytest.raises(DraftFailure, match=reason) as failure:
        propose(runner)
    assert "\n" not in str(failure.value)
