"""What runners say, read back."""

from __future__ import annotations

import json

import pytest

from sef.checks.check import Report
from sef.checks.reports import read_report
from sef.model import Counts


def ids(report: Report) -> list[str]:
    return [failure.id for failure in report.failures]


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("=== 1 passed in 0.01s ===", Counts(passed=1)),
        ("34 passed, 2 failed in 1.20s", Counts(passed=34, failed=2)),
        (
            "\x1b[31m\x1b[1m1 failed\x1b[0m, \x1b[32m2 passed\x1b[0m in 0.1s",
            Counts(failed=1, passed=2),
        ),
        (
            "== 8 failed, 4 passed, 1 skipped, 5 deselected, 1 xfailed, 2 xpassed, 3 warnings,"
            " 3 errors, 2 rerun in 75.86s (0:01:15) ==",
            Counts(failed=8, passed=4, skipped=1, deselected=5, xfailed=1, xpassed=2, errors=3),
        ),
        ("1 failed, 2 passed, 3 subtests passed in 0.02s", Counts(failed=1, passed=2)),
        ("==== 1 error in 0.86s ====", Counts(errors=1)),
        ("==== no tests ran in 0.00s ====", Counts()),
        ("===== 3 tests collected in 0.01s =====", None),
        ("it passed in 2 s", None),
        ("", None),
    ],
)
def test_the_last_line_of_pytest_is_read(line: str, counts: Counts | None) -> None:
    assert read_report("pytest", f"1 passed in 9s\n{line}\n" if counts else line).counts == counts


def case(inner: str = "", **attributes: str) -> str:
    said = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"<testcase {said}>{inner}</testcase>"


def junit(*cases: str) -> bytes:
    return f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>".encode()


_CASES = (
    case(file="tests/test_a.py", classname="tests.test_a", name="test_ok"),
    case('<failure message="assert 1&#10;more"/>', file="tests/test_a.py",
         classname="tests.test_a.TestB", name="test_p[x::y]"),
    case('<skipped type="pytest.skip"/>', file="a.py", classname="a", name="s"),
    case('<skipped type="pytest.xfail"/>', file="a.py", classname="a", name="x"),
    case('<error message="failed on setup with &quot;KeyError: 1&quot;"/>', file="a.py",
         classname="a", name="e"),
    case('<error message="collection failure">E   ImportError: no&#10;</error>', file="test_c.py",
         classname="", name="test_c"),
)  # fmt: skip


def test_the_junit_report_names_the_failing_tests_as_pytest_does() -> None:
    report = read_report("pytest", "", junit(*_CASES))
    assert report.counts == Counts(passed=1, failed=1, errors=2, skipped=1, xfailed=1)
    assert [(f.id, f.reason) for f in report.failures] == [
        ("tests/test_a.py::TestB::test_p[x::y]", "assert 1"),
        ("a.py::e", "KeyError: 1"),
        ("test_c.py", "ImportError: no"),
    ]


def test_what_only_the_last_line_knows_is_taken_from_it() -> None:
    """Which tests passed against their mark, and how many were left out."""
    line = "1 passed, 4 deselected, 1 xpassed in 0.1s"
    report = read_report("pytest", line, junit(_CASES[0], _CASES[0]), fork=True)
    assert report.counts == Counts(passed=1, xpassed=1, deselected=4)


@pytest.mark.parametrize("line", ["99 passed in 0.1s", "no tests ran in 0.1s", "1 passed in 0.1s"])
def test_a_last_line_that_the_report_does_not_bear_out_counts_for_nothing(line: str) -> None:
    """In a fork nothing does; in the user's own tree the report."""
    xml = junit(_CASES[0], _CASES[1])
    assert read_report("pytest", line, xml, fork=True).counts is None
    own = read_report("pytest", line, xml)
    assert own.counts == Counts(passed=1, failed=1)
    assert "its last line says" in own.note


def test_the_report_says_who_passed_where_the_totals_agree() -> None:
    xml = junit(_CASES[0], _CASES[1])
    report = read_report("pytest", "2 passed in 0.1s", xml, fork=True)
    assert (report.counts, ids(report)) == (
        Counts(passed=1, failed=1),
        ["tests/test_a.py::TestB::test_p[x::y]"],
    )


def test_parts_of_tests_are_tests_in_the_report_alone() -> None:
    line = "1 passed, 2 subtests passed in 0.1s"
    report = read_report("pytest", line, junit(*3 * (_CASES[0],)), fork=True)
    assert report.counts == Counts(passed=1)


def test_without_its_report_pytest_has_counted_nothing_in_a_fork() -> None:
    report = read_report("pytest", "2 passed in 0.1s", None, fork=True)
    assert (report.counts, report.note) == (None, "its report is missing")
    assert read_report("pytest", "2 passed in 0.1s").counts == Counts(passed=2)
    assert "cannot be read" in read_report("pytest", "", b"<", fork=True).note


@pytest.mark.parametrize(
    "banner",
    [
        "stopping after 1 failures",
        "Interrupted: 1 error during collection",
        "_pytest.outcomes.Exit: done",
        "KeyboardInterrupt",
    ],
)
@pytest.mark.parametrize("runner", ["pytest", "make"])
def test_a_session_that_ended_early_is_known(runner: str, banner: str) -> None:
    text = f"!!!!!!!!!! {banner} !!!!!!!!!!\n1 passed in 0.1s"
    assert read_report(runner, text, junit(_CASES[0])).stopped == banner
    assert read_report(runner, "!!! no\n1 passed in 0.1s", junit(_CASES[0])).stopped == ""


def test_failures_without_a_name_are_counted() -> None:
    """A test that fails and is not torn down has one name for both."""
    text = "== short test summary info ==\nFAILED a.py::t\nERROR a.py::t\n1 failed, 1 error in 1s"
    assert read_report("pytest", text).unnamed == 0
    assert read_report("make", text).unnamed == 0
    assert read_report("make", "2 failed in 1s").unnamed == 2
    assert read_report("npm", "  2 passing (7ms)\n  1 failing\n").unnamed in (0, 1)
    assert read_report("unittest", _UNITTEST).unnamed == 0
    assert read_report("unittest", "Ran 1 test in 0s\n\nFAILED (failures=1)\n").unnamed == 1


def test_several_ends_of_unittest_count_for_nothing_in_a_fork() -> None:
    text = "Ran 9 tests in 0.000s\n\nOK\n" + "Ran 1 test in 0.000s\n\nOK\n"
    assert read_report("unittest", text).counts == Counts(passed=10)
    report = read_report("unittest", text, fork=True)
    assert (report.counts, report.note) == (None, "it told the totals of 2 runs")


@pytest.mark.parametrize(
    "xml",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + junit(*_CASES),
        b'<?xml version="1.0"?><!doctype a>' + junit(*_CASES),
        ('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a>' + junit().decode()).encode("utf-16"),
        b"<testsuites>",
        b"\xff\xff",
    ],
)
def test_a_report_that_pytest_would_not_write_is_not_read(xml: bytes) -> None:
    text = "=== short test summary info ===\nFAILED a.py::t - no\n=== 1 failed in 0.1s ==="
    report = read_report("pytest", text, xml)
    assert report.counts == Counts(failed=1)
    assert ids(report) == ["a.py::t"]


def test_control_codes_do_not_survive_in_ids_and_reasons() -> None:
    text = "== short test summary info ==\nFAILED a.py::t\x1b]0;x\x07 - \x1b[2Jno\n1 failed in 1s"
    (failure,) = read_report("pytest", text).failures
    assert (failure.id, failure.reason) == ("a.py::t", "no")


_RULE, _THIN = "=" * 70, "-" * 70
_UNITTEST = f"""\
setUpClass (t.Skipped) ... skipped 'not here'
{_RULE}
FAIL: test_a (t.A.test_a) (i=1)
{_THIN}
Traceback (most recent call last):
  File "t.py", line 1, in test_a
AssertionError: 1 != 2

{_RULE}
FAIL: test_a (t.A.test_a) (i=2)
{_THIN}
Traceback (most recent call last):
AssertionError: 2 != 3

{_RULE}
ERROR: test_b (t.A)
{_THIN}
Traceback (most recent call last):
KeyError: 'x'

{_RULE}
ERROR: setUpClass (t.B)
{_THIN}
Traceback (most recent call last):
ValueError

{_THIN}
Ran 7 tests in 0.001s

FAILED (failures=2, errors=2, skipped=2, expected failures=1, unexpected successes=1)
"""


def test_unittest_is_read_and_what_passed_is_what_is_left() -> None:
    report = read_report("unittest", _UNITTEST)
    assert report.counts == Counts(passed=2, failed=2, errors=2, skipped=2, xfailed=1, xpassed=1)
    assert [(f.id, f.reason) for f in report.failures] == [
        ("t.A.test_a", "AssertionError: 1 != 2"),
        ("t.A.test_b", "KeyError: 'x'"),
        ("setUpClass in t.B", "ValueError"),
    ]


@pytest.mark.parametrize(
    ("end", "counts"),
    [
        ("Ran 1 test in 0.000s\n\nOK\n", Counts(passed=1)),
        ("Ran 3 tests in 0.000s\n\nOK (skipped=1)\n", Counts(passed=2, skipped=1)),
        ("Ran 0 tests in 0.000s\n\nNO TESTS RAN\n", Counts()),
        ("Traceback\n", None),
    ],
)
def test_the_end_of_unittest_is_read(end: str, counts: Counts | None) -> None:
    assert read_report("unittest", end).counts == counts


def test_cargo_is_summed_over_its_binaries() -> None:
    text = (
        "test a::good ... ok\ntest a::bad ... FAILED\n\n---- a::bad stdout ----\n\n"
        "thread 'a::bad' (1) panicked at src/lib.rs:9:5:\nassertion `left == right` failed: why\n\n"
        "test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.0s\n"
        "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n"
    )
    report = read_report("cargo", text)
    assert report.counts == Counts(passed=4, failed=1, skipped=1, deselected=2)
    assert [(f.id, f.reason) for f in report.failures] == [
        ("a::bad", "assertion `left == right` failed: why")
    ]
    assert read_report("cargo", "error: could not compile `x`").counts is None


def go(*events: tuple[str, str, str, str]) -> str:
    names = ("Action", "Package", "Test", "Output")
    return "\n".join(
        json.dumps({n: v for n, v in zip(names, event, strict=True) if v}) for event in events
    )


def test_go_counts_leaves_and_packages_that_do_not_build() -> None:
    text = "# p/broken\n./x.go:3: undefined\n" + go(
        ("pass", "p", "TestA", ""),
        ("skip", "p", "TestS", ""),
        ("output", "p", "TestT/one", "    a_test.go:7: got 1\n"),
        ("fail", "p", "TestT/one", ""),
        ("pass", "p", "TestT/two", ""),
        ("fail", "p", "TestT", ""),
        ("pass", "p", "TestOwn/sub", ""),
        ("fail", "p", "TestOwn", ""),
        ("fail", "p", "", ""),
        ("output", "q", "", "FAIL\tq [build failed]\n"),
        ("fail", "q", "", ""),
        ("pass", "r", "", ""),
    )
    report = read_report("go", text)
    assert report.counts == Counts(passed=3, failed=2, errors=1, skipped=1)
    assert [(f.id, f.reason) for f in report.failures] == [
        ("p.TestT/one", "got 1"),
        ("p.TestOwn", ""),
        ("q", "FAIL q [build failed]"),
    ]
    assert read_report("go", '{"Action": 1}\n{bad\n[]').counts is None


_TAP = """\
TAP version 13
# Subtest: good
ok 1 - good
# Subtest: todo
not ok 2 - todo # TODO
# Subtest: suite
    # Subtest: inner
    not ok 1 - inner
      ---
      failureType: 'testCodeFailure'
      error: 'boom: x'
      ...
    1..1
not ok 3 - suite
  ---
  type: 'suite'
  failureType: 'subtestsFailed'
  error: '1 subtest failed'
  ...
1..3
# tests 4
# suites 1
# pass 1
# fail 1
# cancelled 1
# skipped 0
# todo 1
# duration_ms 12.2
"""


def test_node_test_is_read_from_tap_and_from_its_own_words() -> None:
    report = read_report("npm", _TAP)
    assert report.counts == Counts(passed=1, failed=1, errors=1, skipped=1)
    assert [(f.id, f.reason) for f in report.failures] == [("suite > inner", "boom: x")]
    spec = "ℹ tests 2\nℹ suites 0\nℹ pass 1\nℹ fail 1\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\n"
    told = read_report(
        "npm", spec + "\n✖ failing tests:\n\ntest at a.js:1:1\n✖ bad (0.9ms)\n  no\n"
    )
    assert (told.counts, ids(told)) == (Counts(passed=1, failed=1), ["bad"])


@pytest.mark.parametrize(
    ("text", "counts", "failing"),
    [
        (
            "  ● math › adds\n\n    expect\n\nTest Suites: 1 failed, 1 total\n"
            "Tests:       1 failed, 1 skipped, 2 todo, 10 passed, 14 total\n",
            Counts(passed=10, failed=1, skipped=3),
            ["math › adds"],
        ),
        (
            "  ● Test suite failed to run\n\nTest Suites: 1 failed, 1 total\nTests:       0 total\n",
            Counts(errors=1),
            [],
        ),
        (
            " FAIL  a.test.ts > s > bad\n Test Files  1 failed (1)\n"
            "      Tests  1 failed | 3 passed | 1 skipped (5)\n     Errors  1 error\n",
            Counts(passed=3, failed=1, skipped=1, errors=1),
            ["a.test.ts > s > bad"],
        ),
        (
            "  2 passing (7ms)\n  1 pending\n  1 failing\n\n  1) Suite\n       bad:\n     Error: x\n",
            Counts(passed=2, failed=1, skipped=1),
            ["Suite > bad"],
        ),
        ("all fine, 3 passing thoughts", None, []),
    ],
)
def test_javascript_runners_are_read(text: str, counts: Counts | None, failing: list[str]) -> None:
    report = read_report("npm", text)
    assert (report.counts, ids(report)) == (counts, failing)


def test_the_sessions_of_tox_are_summed() -> None:
    text = "py311: x\n=== 2 passed in 0.1s ===\npy312: x\n=== 1 failed, 1 passed in 0.1s ===\ncongratulations\n"
    for runner in ("tox", "nox", "make", "command"):
        assert read_report(runner, text).counts == Counts(passed=3, failed=1)
        assert read_report(runner, "all good").counts is None


def test_findings_of_linters_keep_their_ids_when_lines_move() -> None:
    for text in (
        "src/a.py:1:8: F401 unused\nFound 1 error.\n",
        "src/a.py:9:8: F401 unused\nsrc/a.py:3: note: see\n",
    ):
        assert ids(read_report("ruff", text)) == ["src/a.py: F401 unused"]
    assert ids(read_report("mypy", "a.py:3: error: no  [x]\na.py:3: note: y\n")) == [
        "a.py: error: no [x]"
    ]
    assert ids(read_report("pyright", "  /p/a.py:3:1 - error: no\n")) == ["/p/a.py: error: no"]


@pytest.mark.parametrize("runner", ["pytest", "unittest", "cargo", "go", "npm", "make", "ruff"])
def test_hostile_output_is_read_in_bounded_time(runner: str) -> None:
    bad = (
        "1 passed, " * 30_000
        + "\n"
        + "a " * 200_000
        + "\n"
        + "=" * 200_000
        + "\n"
        + "    " * 90_000
    )
    read_report(runner, bad + "\n" + "---- a stdout ----\n" * 2_000)
