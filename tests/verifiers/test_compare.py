"""What a run of a check amounts to, held against its base."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sef.checks import PYTHON, Check, CheckRun, Failure
from sef.environment import Proof
from sef.model import Counts
from sef.verifiers import compare

_PROVED = Proof(proved=True, level="in-process", reason="seen")


def run(
    exit_code: int | None = 0,
    counts: Counts | None = None,
    failing: tuple[str, ...] = (),
    *,
    runner: str = "pytest",
    tail: str = "",
    proof: Proof = _PROVED,
    stopped: str = "",
    unnamed: int = 0,
    timed_out: bool = False,
    note: str = "",
) -> CheckRun:
    return CheckRun(
        check=Check(name="tests", runner=runner, argv=(PYTHON, "-m", runner), python=True),
        exit_code=exit_code,
        counts=counts,
        failing=frozenset(failing),
        failures=tuple(Failure(id=one, reason="why") for one in failing),
        summary=f"summary of {runner}",
        output_tail=tail,
        proof=proof,
        seconds=0.0,
        timed_out=timed_out,
        stopped=stopped,
        unnamed=unnamed,
        note=note,
    )


@pytest.mark.parametrize("runner", ["pytest", "unittest", "cargo", "go", "npm"])
def test_a_runner_that_counts_and_gives_no_totals_has_not_ended(runner: str) -> None:
    found = compare.alone(run(0, runner=runner, note="its report is missing"))
    assert found is not None
    assert (found.passed, found.accepts) == (None, False)
    assert "(its report is missing)" in found.detail


@pytest.mark.parametrize(
    ("base", "passed"),
    [
        (run(0, runner="make"), True),
        (run(2, runner="make"), None),
        (run(0, Counts(passed=2), runner="make"), None),
        (None, None),
    ],
)
def test_no_totals_of_a_command_count_where_its_base_gave_none(
    base: CheckRun | None, passed: bool | None
) -> None:
    green = run(0, runner="make")
    assert compare.alone(green) is None
    found = compare.green(green, base, fewer=False)
    assert found.passed is passed
    assert "by exit code only" in found.detail or not passed


@pytest.mark.parametrize(
    ("counts", "before", "fewer", "words"),
    [
        (Counts(passed=3), Counts(passed=2), False, ""),
        (Counts(passed=1), Counts(passed=2), False, "fewer tests pass than before"),
        (Counts(passed=1), Counts(passed=2), True, ""),
        (Counts(passed=2, skipped=1), Counts(passed=2), False, ""),
        (Counts(passed=2, skipped=1), Counts(passed=2, failed=1), False, "more tests are left out"),
        (Counts(passed=3, deselected=2), Counts(passed=3), True, ""),
        (Counts(passed=2, xfailed=1), Counts(passed=3), True, "more tests are left out"),
        (Counts(passed=2), Counts(passed=2, errors=1), False, ""),
    ],
)
def test_green_is_no_weaker_than_its_base(
    counts: Counts, before: Counts, fewer: bool, words: str
) -> None:
    """New tests may be left out; old ones may not."""
    found = compare.green(run(0, counts), run(int(before.red), before), fewer=fewer)
    assert found.passed is not bool(words)
    assert words in found.detail


def test_a_test_that_is_silenced_is_missed_by_name() -> None:
    """New tests make up for no old one that is skipped now; also where removing was asked for."""
    base = replace(run(0, Counts(passed=2)), passing=frozenset({"a", "b"}))
    draft = run(0, Counts(passed=3, skipped=1))
    silenced = replace(draft, left_out=frozenset({"a"}), passing=frozenset({"b", "c", "d"}))
    for fewer in (False, True):
        found = compare.green(silenced, base, fewer=fewer)
        assert found.passed is False
        assert "1 that passed on the base are skipped or expected to fail: a" in found.detail
    new = replace(draft, left_out=frozenset({"c"}))
    assert compare.green(new, base, fewer=False).passed


def test_a_base_without_tests_is_no_obstacle() -> None:
    """It imports nothing, so it proves nothing; one that broke had nothing that passed."""
    unproved = Proof(proved=False, level="undecided", reason="imported nothing")
    green = run(0, Counts(passed=1))
    for base in (None, run(5, Counts(), proof=unproved), run(4, proof=unproved)):
        assert compare.green(green, base, fewer=False).passed
    assert (
        compare.green(green, run(0, Counts(passed=1), proof=unproved), fewer=False).passed is None
    )
    assert compare.green(green, run(0), fewer=False).passed is None
    assert compare.green(green, run(0, Counts(passed=1), stopped="!"), fewer=False).passed is None


_OLD = run(1, Counts(passed=2, failed=1), ("a",))


@pytest.mark.parametrize(
    ("one", "base", "passed", "words"),
    [
        (_OLD, _OLD, True, "2 passed, 1 failed; a failed on the base in a fork too (why)"),
        (run(1, Counts(passed=2, errors=1), ("a",)), run(1, Counts(passed=2, errors=1), ("a",)), True, ""),
        (run(1, Counts(passed=1, failed=2), ("a", "b")), _OLD, False, "1 new failing: b"),
        (run(1, Counts(passed=1, failed=1), ("a",)), _OLD, False, "fewer tests pass"),
        (run(1, Counts(passed=3, failed=2), ("a",)), _OLD, False, "more fails than before"),
        (run(1, Counts(passed=2, failed=1), (), unnamed=1), _OLD, None, "not every failure"),
        (_OLD, run(1, Counts(passed=2, failed=1), ("a",), unnamed=1), None, "not every failure"),
        (_OLD, run(0, Counts(passed=3)), False, "summary of pytest: a (why)"),
        (_OLD, run(1, timed_out=True), False, "its base could not be judged"),
        (_OLD, run(1, Counts(failed=1), ("a",), stopped="x"), False, "its base could not be judged"),
        (run(3, Counts(passed=2, failed=1), ("a",)), _OLD, False, "exit code 3, on the base 1"),
        (run(2, tail="a\n|\nboom\n"), _OLD, False, "it ended with: a / boom"),
        (run(1, Counts(passed=2)), run(1, Counts(passed=2)), True, "exit code 1 on the base"),
        (run(1, Counts(errors=1), ("a",)), run(1, Counts(errors=1), ("a",)), None, "no test passed"),
    ],
)  # fmt: skip
def test_red_is_no_redder_than_its_base(
    one: CheckRun, base: CheckRun, passed: bool | None, words: str
) -> None:
    """Failures that are old, by name and number; a passing test that is gone is no old failure."""
    found = compare.red(one, base, fewer=False)
    assert found.passed is passed, found.detail
    assert words in found.detail


def test_a_doubt_shows_what_broke_rather_than_what_was_lacking() -> None:
    """On one line."""
    nothing = Proof(proved=False, level="undecided", reason="imported nothing", mend="name it")
    broke = compare.doubt(run(4, tail="E  no .env\n\n", proof=nothing))
    assert broke == "undecided: summary of pytest; it ended with: E no .env; name it"
    assert compare.doubt(run(0, proof=nothing)) == "undecided: imported nothing; name it"
    elsewhere = Proof(proved=False, level="undecided", reason="m came from x", offender="x")
    assert compare.doubt(run(1, proof=elsewhere)) == "undecided: m came from x"
    assert "before every test was run: Exit: done" in (
        compare.doubt(run(stopped="Exit: done")) or ""
    )


def test_a_refused_write_is_in_the_evidence_of_what_is_not_accepted() -> None:
    """A green test may have tried and caught the error: that is no finding."""
    tried = replace(run(), refused="its output tells of it")
    red = compare.Finding(False, "1 failed")
    assert compare.with_refused(red, tried).detail == "1 failed; its output tells of it"
    assert compare.with_refused(red, run()) is red
    green = compare.Finding(True, "1 passed")
    assert compare.with_refused(green, tried) is green
