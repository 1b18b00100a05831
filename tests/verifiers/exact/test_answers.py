"""Answers: what they say of places, history and runs is looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import git as run_git
from sef.checks.check import PYTHON, Check, CheckRun
from sef.environment import Proof
from sef.git import Git
from sef.model import (
    Answer,
    Checkout,
    Counts,
    Draft,
    Kind,
    Match,
    Patch,
    Route,
    Task,
    Tier,
    Usage,
    Verdict,
)
from sef.protocols import Case
from sef.verifiers.exact import SIGNS, Citations
from sef.verifiers.exact.claimed import judged

Make = Callable[[dict[str, str]], Path]
_FILES = {
    "calc/ops.py": "import os\n\n\ndef add(a, b):\n    return a + b\n"
    + "\n" * 9
    + "x = add(1, 2)\n",
    "calc/far.py": "\n" * 40 + "y = 1\n",
    "README.md": "See `spare`.\n",
}


def judge(
    root: Path, answer: str, *, asked: str = "Where is add defined?", **more: object
) -> Verdict:
    commit = run_git(root, "rev-parse", "HEAD").strip()
    case = Case(
        task=Task(id="t", text=asked),
        route=Route(tier=Tier.LIGHT, kind=Kind.EXPLORE, policy="fast", score=1, reason=""),
        draft=Draft(
            answer=Answer(text=answer.replace("COMMIT", commit[:9]), **more),  # type: ignore[arg-type]
            patch=Patch(base=commit, commit=commit),
            usage=Usage(cost_usd=None),
        ),
        checkout=Checkout(
            path=root, commit=commit, users=False, files=tuple(sorted(_FILES)), base_files=()
        ),
        base=commit,
    )
    verdict = asyncio.run(Citations(Git(git_dir=root / ".git", work_tree=root)).verify(case))
    assert all(one.sign in SIGNS for one in verdict.evidence)
    return verdict


@pytest.mark.parametrize(
    ("answer", "accepted", "words"),
    [
        ("`add` is defined at `calc/ops.py:4`.", True, "right"),
        ("`add()` is in ops.py, line 5:\n```python\n    return a + b\n```", True, "right"),
        ("`add` is at /tmp/sef-r1-2/calc/ops.py:4-5", True, "right"),
        ("`add` is defined at calc/far.py:20.", False, "not within 3 lines"),
        ("`add` is used at calc/ops.py:15.", False, "defined at calc/ops.py:4"),
        ("`add` is defined at calc/no.py:4.", False, "no such file"),
        ("`add` is defined at calc/ops.py:400.", False, "has 15 lines"),
        ("At `calc/ops.py:4`:\n```\nreturn a - b\n```", False, "quoted line"),
        ("It is defined in the calc package.", None, "names no place"),
        ("`sub` is not defined anywhere.", True, "right"),
        ("There are no uses of `add` in the repository.", False, "calc/ops.py:15"),
        ("There are no uses of `add` in the tests.", None, "part of the tree"),
        ("There are no uses of `spare`.", True, "right"),
        ("`add` does not exist.", False, "calc/ops.py:4"),
        ("The last commit is COMMIT by Ada.", True, "right"),
        ("The last commit is COMMIT by Bob.", False, "not by Bob"),
        ("See commit deadbeef1.", False, "no commit deadbeef1"),
        ("There is 1 commit in the repository.", True, "right"),
        ("There are 7 commits in total.", False, "git counts 1"),
        ("The current branch is `main`: branch `main`.", True, "right"),
        ("It is on branch `topic`.", False, "topic"),
    ],
)
def test_what_an_answer_says_is_looked_up(
    answer: str, accepted: bool | None, words: str, repository: Make
) -> None:
    """None is undecided, which accepts nothing."""
    verdict = judge(repository(_FILES), answer)
    assert words in verdict.reason
    assert (verdict.accepted, verdict.undecided) == (accepted is True, accepted is None)


def test_the_places_of_an_answer_are_looked_up_too(repository: Make) -> None:
    root = repository(_FILES)
    good = Match(path="calc/ops.py", line=4, text="def add(a, b):")
    assert judge(root, "here", matches=(good,)).accepted
    for bad in (
        Match(path="calc/ops.py", line=5, text="def add(a, b):"),
        Match(path="calc/none.py", line=0, text=""),
    ):
        assert not judge(root, "here", matches=(good, bad)).accepted


def run(exit_code: int = 0, counts: Counts | None = None) -> CheckRun:
    return CheckRun(
        check=Check(name="tests", runner="pytest", argv=(PYTHON, "-m", "pytest"), python=True),
        exit_code=exit_code,
        counts=counts,
        failing=frozenset(),
        failures=(),
        summary="summary",
        output_tail="",
        proof=Proof(proved=True, level="in-process", reason="seen"),
        seconds=0.0,
        timed_out=False,
    )


_TWO = run(1, Counts(passed=2, failed=1))


@pytest.mark.parametrize(
    ("answer", "ours", "accepted"),
    [
        (Answer(text="2 passed, 1 failed"), _TWO, True),
        (Answer(text="3 tests passed"), _TWO, False),
        (Answer(text="All tests pass."), _TWO, False),
        (Answer(text="Not all tests pass: 1 failure, exit code 1"), _TWO, True),
        (Answer(text="exit code 0"), _TWO, False),
        (Answer(text="done"), _TWO, False),
        (Answer(text="", counts=Counts(passed=3)), _TWO, False),
        (Answer(text="", counts=Counts(passed=2, failed=1), exit_code=1), _TWO, True),
        (Answer(text="2 passed, no failures"), run(0, Counts(passed=2)), True),
        (Answer(text="2 passed and nothing failed"), run(0, Counts(passed=2)), True),
        (Answer(text="900 passed (2 passed before lunch)"), run(0, Counts(passed=2)), False),
        (Answer(text="No, they fail. 2 passed."), run(0, Counts(passed=2)), False),
        (Answer(text="2 passed, but the total is broken."), run(0, Counts(passed=2)), False),
        (Answer(text="The linter is clean"), run(0), True),
        (Answer(text="Found 3 errors"), run(0), False),
    ],
)
def test_numbers_are_those_of_our_own_run(answer: Answer, ours: CheckRun, accepted: bool) -> None:
    """An answer without any is not accepted."""
    found = [*judged(answer, ours)]
    assert all(one.sign in SIGNS for one in found)
    assert (not any(one.stops and not one.passed for one in found)) is accepted
