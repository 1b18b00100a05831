"""The tests stage: reached tests first, bases shared, flaky ones named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from judged import judged, writes

from sef.checks import PYTHON, Check, CheckRun, Failure
from sef.environment import Proof
from sef.fusion import score
from sef.model import Counts, Evidence
from sef.verifiers import compare

Make = Callable[..., Path]
_OPS = "def add(a, b):\n    return a + b\n\ndef sub(a, b):\n    return a - b\n"
_BAD = _OPS.replace("a - b", "a + b")
_MUL = _OPS + "\ndef mul(a, b):\n    return a * b\n"
_FASTER = _OPS.replace("return a - b", "return -b + a")
_PROJECT = {
    "calc/__init__.py": "",
    "calc/ops.py": _OPS,
    "calc/words.py": "def loud(text):\n    return text.upper()\n",
    "tests/test_ops.py": (
        "from calc.ops import add, sub\n\ndef test_add():\n    assert add(2, 3) == 5\n\n"
        "def test_sub():\n    assert sub(2, 3) == -1\n"
    ),
    "tests/test_words.py": "from calc.words import loud\n\n"
    + "".join(f"def test_{n}():\n    assert loud('a' * {n}) == 'A' * {n}\n\n" for n in range(6)),
}
_ALL = "python -m pytest"
_SUB = f"{_ALL} tests/test_ops.py::test_sub"


@pytest.mark.slow
def test_what_a_change_reaches_is_told(repository: Make, tmp_path: Path) -> None:
    """A change that no test reaches passes them all, and that is no sign of anything."""
    found = judged(
        repository(_PROJECT),
        tmp_path,
        writes({"calc/ops.py": _FASTER}),
        writes({"calc/ops.py": _MUL}),
    )
    assert [one.accepted for one in found.verdicts] == [True, True]
    assert found.signs(0)["change-reached"] == "1 test may come to the change"
    assert found.signs(1)["change-unreached"] == "no test reaches the change"
    assert [one.passed for one in found.verdicts[1].evidence] == [True, None]
    assert score(found.verdicts[0].evidence) > score(found.verdicts[1].evidence)


@pytest.mark.slow
def test_the_base_is_run_once_a_tree(repository: Make, tmp_path: Path) -> None:
    """Another commit of the same tree has the same base."""
    good = writes({"calc/ops.py": _FASTER})
    found = judged(repository(_PROJECT), tmp_path, good, good, good, twice=True)
    assert all(one.accepted for one in found.verdicts)
    assert [where for where, _ in found.runs] == ["draft", "base", "draft", "draft"]


@pytest.mark.slow
def test_reached_tests_that_fail_reject_early(repository: Make, tmp_path: Path) -> None:
    """Where all tests take long; what fails is run once more, alone, and all tests are not."""
    bad = writes({"calc/ops.py": _BAD})
    found = judged(repository(_PROJECT), tmp_path, bad, bad, long_s=0.0, first=60.0)
    late, early = found.verdicts
    assert "test_sub" in late.reason
    assert early.reason == (
        "tests: 1 new failing of those that the change reaches: tests/test_ops.py::test_sub"
    )
    assert not early.accepted
    assert not early.undecided
    assert found.runs[-3:] == (("draft", _SUB), ("base", _SUB), ("draft", _SUB))


@pytest.mark.slow
def test_reached_tests_that_pass_accept_nothing(repository: Make, tmp_path: Path) -> None:
    """All tests are run then."""
    good = writes({"calc/ops.py": _FASTER})
    found = judged(repository(_PROJECT), tmp_path, good, good, long_s=0.0, first=60.0)
    assert found.runs[-2:] == (("draft", _SUB), ("draft", _ALL))
    assert [one.accepted for one in found.verdicts] == [True, True]


@pytest.mark.slow
def test_a_test_that_needs_others_before_it_does_not_reject_early(
    repository: Make, tmp_path: Path
) -> None:
    """It fails alone on the base, too."""
    needy = (
        "import calc.words as w\nfrom calc.ops import sub\n"
        "def test_first(): w.ready = True\n"
        "def test_second():\n    assert w.ready\n    assert sub(2, 3) == -1\n"
    )
    files = {**_PROJECT, "tests/test_ops.py": needy}
    good = writes({"calc/ops.py": _FASTER})
    found = judged(repository(files), tmp_path, good, good, long_s=0.0, first=60.0)
    assert [one.accepted for one in found.verdicts] == [True, True], found.verdicts[1].reason
    assert ("base", f"{_ALL} tests/test_ops.py::test_second") in found.runs


@pytest.mark.slow
def test_a_test_that_fails_now_and_then_is_named_and_excused(
    repository: Make, tmp_path: Path
) -> None:
    """It fails the first time on the draft, whose own fork is not the one it is run in again."""
    count = tmp_path / "count"
    count.write_text("0")
    flaky = (
        "import fcntl, pathlib\nfrom calc.ops import add\n\ndef test_luck():\n"
        f"    path = pathlib.Path({str(count)!r})\n    n = int(path.read_text()) + 1\n"
        "    path.write_text(str(n))\n    assert add(n, 0) != 1\n"
    )
    files = {**_PROJECT, "tests/test_luck.py": flaky}
    found = judged(repository(files), tmp_path, writes({"calc/ops.py": _FASTER}), unheld=True)
    assert found.verdict.accepted, found.verdict.reason
    assert found.signs()["flaky"] == (
        "ended differently on the same tree: tests/test_luck.py::test_luck"
    )
    assert [where for where, _ in found.runs] == ["draft", "base", "draft", "draft"]


@pytest.mark.slow
def test_what_a_draft_leaves_in_its_tree_excuses_nothing(repository: Make, tmp_path: Path) -> None:
    """Each repetition has a fork of its own: a draft that fails first fails again."""
    sly = _OPS.replace(
        "    return a - b",
        "    import pathlib\n    seen = pathlib.Path('seen')\n    first = not seen.exists()\n"
        "    seen.touch()\n    return 0 if first else a - b",
    )
    verdict = judged(repository(_PROJECT), tmp_path, writes({"calc/ops.py": sly})).verdict
    assert (verdict.accepted, verdict.undecided) == (False, False)
    assert "tests/test_ops.py::test_sub" in verdict.reason


def _run(exit_code: int, counts: Counts, *failing: str) -> CheckRun:
    return CheckRun(
        check=Check(name="tests", runner="pytest", argv=(PYTHON, "-m", "pytest"), python=True),
        exit_code=exit_code,
        counts=counts,
        failing=frozenset(failing),
        failures=tuple(Failure(id=one, reason="MemoryError") for one in failing),
        summary="said",
        output_tail="",
        proof=Proof(proved=True, level="hidden", reason="r"),
        seconds=1.0,
        timed_out=False,
    )


@pytest.mark.parametrize(
    ("run", "excused", "passed"),
    [
        (_run(1, Counts(passed=2, failed=1), "a"), "a", True),
        (_run(1, Counts(passed=2, failed=1), "a"), "b", False),
        (_run(1, Counts(passed=1, failed=2), "a", "b"), "a", False),
        (_run(1, Counts(passed=1, failed=1), "a"), "a", False),  # one is gone
        (_run(2, Counts(passed=2, failed=1), "a"), "a", False),  # not what failing tests give
        (_run(1, Counts(passed=2, errors=1), "a"), "a", False),  # it never passed here
        (_run(1, Counts(failed=3), "a"), "a", False),
    ],
)
def test_what_is_excused_counts_as_passed(run: CheckRun, excused: str, passed: bool) -> None:
    base = _run(0, Counts(passed=3))
    found = compare.red(run, base, fewer=False, excused=frozenset((excused,)))
    assert bool(found.passed) is passed


def test_failures_by_lack_of_memory_alone_are_undecided() -> None:
    """Where another test fails, or the base lacked it too, they are not."""
    run = _run(1, Counts(passed=2, failed=1), "a")
    found = compare.starved(run, _run(0, Counts(passed=3)))
    assert found is not None
    assert found.passed is None
    assert compare.starved(run, run) is None
    assert compare.starved(_run(1, Counts(passed=2, failed=1)), None) is None


def test_unreached_takes_back_what_passing_gives() -> None:
    """Tests that cannot tell a change from its base are no evidence for it."""
    holds = Evidence(verifier="tests", passed=True, detail="", sign="tests-hold")
    unreached = Evidence(verifier="tests", passed=None, detail="", sign="change-unreached")
    assert score((holds, unreached)) == pytest.approx(score(()))
