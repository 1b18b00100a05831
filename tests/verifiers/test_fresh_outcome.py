"""What runs of fresh tests amount to; pure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sef.checks import Check, CheckRun
from sef.checks.check import Failure
from sef.environment import Proof
from sef.model import Counts
from sef.verifiers.fresh.outcome import (
    SIGNS,
    Found,
    Usable,
    at_base,
    on_draft,
    says_of_base,
    verdict,
)
from sef.verifiers.fresh.reasons import Ground, broken, unstated
from sef.weights import WEIGHTS

FILE = "tests/test_new.py"
ONE, TWO, OLD = f"{FILE}::test_one", f"{FILE}::test_two", f"{FILE}::test_old"
GROUND = Ground.of(("calc/ops.py", "src/app/main.py"), "Add a module shapes with area(x)")


def run(
    passing: tuple[str, ...] = (), failing: dict[str, str] | None = None, *, proved: bool = True
) -> CheckRun:
    failing = failing or {}
    return CheckRun(
        check=Check(name="tests", runner="pytest", argv=("pytest",), python=False),
        exit_code=1 if failing else 0,
        counts=Counts(passed=len(passing), failed=len(failing)),
        failing=frozenset(failing),
        failures=tuple(Failure(id=test, reason=why) for test, why in failing.items()),
        summary="",
        output_tail="",
        proof=Proof(proved=proved, level="hidden", reason="nothing seen"),
        seconds=1.0,
        timed_out=False,
        passing=frozenset(passing),
    )


def test_what_fails_by_chance_on_the_base_is_left_out() -> None:
    """It must fail both times."""
    first = run((OLD,), {ONE: "assert 1 == 2", TWO: "assert 3 == 4"})
    usable = at_base(first, run((OLD, TWO), {ONE: ""}), (FILE,), GROUND)
    assert usable.tests == {ONE}
    assert usable.left_out == (f"{TWO} (flaky on the base)", f"{OLD} (passes on the base)")


def test_what_fails_by_chance_on_the_draft_is_left_out() -> None:
    """Whichever of the two runs was green; it neither holds nor fails."""
    usable = Usable(tests=frozenset((ONE, TWO)))
    found = on_draft(run((ONE,), {TWO: "x"}), run((ONE, TWO)), usable)
    assert (found.held, dict(found.failed)) == ((ONE,), {})
    assert found.left_out == (f"{TWO} (flaky on the draft)",)
    found = on_draft(run((ONE,), {TWO: "x"}), run((), {ONE: "y", TWO: "x"}), usable)
    assert (found.held, dict(found.failed)) == ((), {TWO: "x"})


def test_a_test_without_a_result_has_not_passed() -> None:
    """As where the draft has it skipped or left out: doubt rejects."""
    usable = Usable(tests=frozenset((ONE, TWO)), files=frozenset(("o.py",)))
    found = on_draft(run((OLD, TWO)), None, usable)
    assert found.held == (TWO,)
    assert set(found.silent) == {ONE, "o.py"}
    said = verdict(found, ())
    assert (said.accepted, said.undecided) == (False, True)
    assert said.evidence[0].sign == "fresh-unrun"


def test_more_tests_skipped_than_on_the_base_is_a_doubt() -> None:
    """Nobody knows which tests a file has that did not import on the base."""
    usable = at_base(run((), {FILE: "No module named 'shapes'"}), None, (FILE,), GROUND)
    skipping = replace(run((ONE,)), counts=Counts(passed=1, skipped=1))
    said = verdict(on_draft(skipping, None, usable), ())
    assert said.undecided
    assert "1 more than on the base" in said.reason


def test_a_file_that_no_longer_imports_fails() -> None:
    """Its tests had failed one by one on the base."""
    usable = Usable(tests=frozenset((ONE, TWO)))
    found = on_draft(run((), {FILE: "ImportError: no"}), run((), {FILE: "ImportError: no"}), usable)
    assert dict(found.failed) == {FILE: "ImportError: no"}
    assert found.left_out == ()


def test_a_base_on_which_nothing_was_imported_is_believed() -> None:
    """Only where every file failed at once: a test that ran must be known to judge the base."""
    assert says_of_base(run((), {FILE: "No module named 'shapes'"}, proved=False), (FILE,))
    assert says_of_base(run((), {ONE: "No module named 'shapes'"}, proved=False), (FILE,))
    assert not says_of_base(run((), {ONE: "assert 0"}, proved=False), (FILE,))
    assert not says_of_base(run((OLD,), {FILE: ""}, proved=False), (FILE,))


@pytest.mark.parametrize(
    ("reason", "is_broken"),
    [
        ("SyntaxError: invalid syntax", True),
        ("IndentationError: unexpected indent", True),
        ("ModuleNotFoundError: No module named 'requests'", True),
        ("ImportError: cannot import name 'x' from 'numpy' (/site/numpy.py)", True),
        ("AttributeError: module 'os' has no attribute 'nowhere'", True),
        ("ModuleNotFoundError: No module named 'shapes'", False),
        ("ModuleNotFoundError: No module named 'calc.shapes'", False),
        ("ImportError: cannot import name 'area' from 'app.main' (/x/main.py)", False),
        ("AttributeError: module 'calc.ops' has no attribute 'area'", False),
        ("assert 1 == 2", False),
        ("AssertionError: file a.py, line 3", False),
        ("file /fork/tests/test_new.py, line 3", True),
        ('failed on setup with "file /fork/tests/test_new.py, line 3', True),
        ('failed on setup with "ValueError: no', False),
        ("", False),
    ],
)
def test_a_reason_tells_a_broken_test(reason: str, is_broken: bool) -> None:
    """What the project, or the task, could never give."""
    assert bool(broken(reason, GROUND)) is is_broken


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("ImportError: cannot import name 'surface' from 'calc.ops' (x)", "surface"),
        ("AttributeError: module 'calc.ops' has no attribute 'surface'", "surface"),
        ("NameError: name 'surface' is not defined", "surface"),
        ("ModuleNotFoundError: No module named 'calc.surface'", "surface"),
        ("ImportError: cannot import name 'area' from 'calc.ops' (x)", ""),
        ("ImportError: cannot import name 'elsewhere' from 'calc.ops' (x)", ""),
        ("AttributeError: 'NoneType' object has no attribute 'surface'", ""),
    ],
)
def test_only_a_name_of_the_tests_is_unstated(reason: str, name: str) -> None:
    """The task's own, and what the tests do not speak of, is the draft's fault."""
    assert unstated(reason, GROUND, {"surface", "area"}) == name


def test_an_evidence_is_short_whatever_the_tests_say() -> None:
    """Their names and reasons are a model's."""
    failed = {f"{FILE}::test_{'x' * 900}\n{n}": "assert\x1b[31m\n" + "y" * 900 for n in range(50)}
    said = verdict(Found(failed=failed, left_out=("z" * 900,) * 50), ("n" * 900,))
    (evidence,) = said.evidence
    assert len(evidence.detail) <= 400
    assert "\n" not in evidence.detail
    assert "\x1b" not in evidence.detail
    assert evidence.sign in SIGNS


def test_only_what_holds_speaks_for_a_draft() -> None:
    """Signs of nothing weigh nothing."""
    assert {key for key in WEIGHTS if key[0] in SIGNS} == {("fresh-hold", True)}
