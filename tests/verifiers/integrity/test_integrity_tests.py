"""Tests that a draft weakens, and those that it may change."""

from __future__ import annotations

import pytest
from integrity_project import TESTS, decisive, judge

ADD = "Support words and add tests for it"
UPDATE = "Rename fold and update the tests"


def edited(old: str, new: str) -> dict[str, str | None]:
    assert old in TESTS
    return {"tests/test_ops.py": TESTS.replace(old, new, 1)}


@pytest.mark.parametrize(
    ("old", "new", "sign"),
    [
        ("    assert fold([]) == 0\n", "", "assertion-removed"),
        ("    assert fold([]) == 0\n", "    fold([]) == 0\n", "assertion-removed"),
        ("fold([]) == 0", "fold([]) is not None", "assertion-weaker"),
        ("fold([]) == 0", "fold([]) >= 0", "assertion-weaker"),
        ("fold([]) == 0", "fold([]) in (0, None)", "assertion-weaker"),
        ("fold([]) == 0", "fold([]) == 0 or fold([]) is None", "assertion-weaker"),
        ("fold([]) == 0", "bool(fold([])) == bool(0)", "assertion-weaker"),
        ("fold([]) == 0", "not fold([])", "assertion-weaker"),
        ("fold([1, 2, 3]) == 6", "fold([1, 2, 3]) == 7", "expected-edited"),
        ("fold([1, 2, 3]) == 6", "fold([1, 2, 4]) == 6", "expected-edited"),
        ("fold([1, 2, 3]) == 6", "fold([1, 2, 3]) == sum([1, 2, 3])", "expected-edited"),
        ("abs=1e-4", "abs=1e-1", "tolerance-widened"),
        ("== pytest.approx(0.3333, abs=1e-4)", "< 0.5", "assertion-weaker"),
        ('ZeroDivisionError, match="by zero"', "ZeroDivisionError", "assertion-weaker"),
        ('ZeroDivisionError, match="by zero"', "Exception", "assertion-weaker"),
        ('("three", 5), ', "", "cases-removed"),
        ('("three", 5)', '("three", 4)', "expected-edited"),
        ('("eleven", 6)]', '("eleven", 6)][:1]', "cases-removed"),
        ("def test_ratio", "def check_ratio", "test-not-collected"),
        ("class TestMore", "class More", "test-not-collected"),
        ("def test_ratio", "async def test_ratio", "test-not-collected"),
        ("def test_ratio", "@pytest.mark.skip\ndef test_ratio", "test-skipped"),
        ("def test_ratio():\n", "def test_ratio():\n    pytest.skip('x')\n", "test-skipped"),
        ("def test_ratio", "@pytest.mark.flaky\ndef test_ratio", "test-skipped"),
        ("class TestMore", "@pytest.mark.xfail\nclass TestMore", "test-skipped"),
        ("def test_fold", "pytestmark = pytest.mark.skip\n\n\ndef test_fold", "test-skipped"),
        (
            "    assert fold([]) == 0\n",
            "    if fold:\n        assert fold([]) == 0\n",
            "assertion-guarded",
        ),
        (
            "    assert fold([1, 2, 3]) == 6\n",
            "    if not fold:\n        return\n    assert fold([1, 2, 3]) == 6\n",
            "assertion-guarded",
        ),
    ],
)
def test_a_weaker_test_rejects_unless_tests_may_change(old: str, new: str, sign: str) -> None:
    """Also where the task asks for new tests: they allow no weaker old one."""
    assert sign in decisive(judge(edited(old, new)))
    assert sign in decisive(judge(edited(old, new), ADD))


@pytest.mark.parametrize(
    ("old", "new", "sign"),
    [
        ("fold([]) == 0", "True", "assertion-void"),
        ("fold([]) == 0", "fold([]) == fold([])", "assertion-void"),
        ("fold([]) == 0", "(fold([]) == 0, 'message')", "assertion-void"),
        ("fold([]) == 0", "fold([]) == 0 or True", "assertion-void"),
        ("fold([]) == 0", "len([fold([])]) >= 0", "assertion-void"),
        (
            "    assert fold([]) == 0\n",
            "    try:\n        assert fold([]) == 0\n    except Exception:\n        pass\n",
            "assertion-swallowed",
        ),
        (
            "    assert fold([]) == 0\n",
            "    with suppress(AssertionError):\n        assert fold([]) == 0\n",
            "assertion-swallowed",
        ),
        ("    assert fold.__name__", "    return\n    assert fold.__name__", "assertion-removed"),
        (
            "def test_ratio",
            "def test_other():\n    pass\n\n\ndef helper_ratio",
            "test-not-collected",
        ),
    ],
)
def test_what_no_task_can_mean_rejects_where_tests_may_change(
    old: str, new: str, sign: str
) -> None:
    """A test that demands nothing is none, whoever asked for another one."""
    assert sign in decisive(judge(edited(old, new), UPDATE))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fold([1, 2, 3]) == 6", "fold([1, 2, 3]) == 7"),
        ("fold([]) == 0", "fold([]) >= 0"),
        ("abs=1e-4", "abs=1e-1"),
        ('("three", 5), ', ""),
    ],
)
def test_a_task_to_change_tests_is_allowed_what_it_asks_for(old: str, new: str) -> None:
    """It is evidence that others weigh, and no more."""
    found = judge(edited(old, new), UPDATE)
    assert found
    assert not decisive(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    assert fold([]) == 0\n", "    assert fold([]) == 0\n    assert fold([4]) == 4\n"),
        ("def test_ratio", "def test_new():\n    assert fold([5]) == 5\n\n\ndef test_ratio"),
        ("def test_ratio", "def test_ratio_of_two"),
        ("abs=1e-4", "abs=1e-6"),
        ("ratio(1, 3) == pytest", "ratio(1, 3) < 9\n    assert ratio(1, 3) == pytest"),
        ('("three", 5)', '("three", 5), ("four", 4)'),
        ("import pytest\n", "import sys\nimport pytest\n"),
        ("def test_fold():\n", 'def test_fold():\n    """Sums."""\n'),
        ("assert fold([1, 2, 3]) == 6\n", "assert fold([1, 2, 3]) == 6, 'sum'\n"),
    ],
)
def test_more_or_renamed_tests_are_welcome(old: str, new: str) -> None:
    """Nothing of them rejects, whatever the task says."""
    assert not decisive(judge(edited(old, new), ADD))
    assert not decisive(judge(edited(old, new)))


def test_a_deleted_test_rejects_unless_the_task_removes_tests() -> None:
    """One of them, or its whole file."""
    start = TESTS.index("def test_ratio")
    end = TESTS.index("@pytest.mark.parametrize")
    less = {"tests/test_ops.py": TESTS[:start] + TESTS[end:]}
    gone: dict[str, str | None] = {"tests/test_ops.py": None}
    for changes in (less, gone):
        assert "test-deleted" in decisive(judge(changes))
        assert "test-deleted" in decisive(judge(changes, UPDATE))
        assert not decisive(judge(changes, "Remove ratio and its tests"))


def test_a_test_that_moved_to_another_file_is_not_gone() -> None:
    """It is, where no runner looks into that file."""
    moved = {"tests/test_ops.py": None, "tests/test_sums.py": TESTS}
    assert not decisive(judge(moved))
    hidden = {"tests/test_ops.py": None, "tests/sums.py": TESTS}
    assert decisive(judge(hidden)) == {"test-not-collected"}


def test_an_expected_value_that_the_task_names_may_be_edited() -> None:
    """The author said so."""
    changes = edited("fold([1, 2, 3]) == 6", "fold([1, 2, 3]) == 700")
    assert not decisive(judge(changes, "fold of the first three is to be 700"))
    assert decisive(judge(changes, "fold of the first three is wrong"))


def test_recorded_outputs_are_tests_too() -> None:
    """Snapshots, and data in a folder of tests; new ones are welcome."""
    base = {"tests/data/out.txt": "6\n", "web/__snapshots__/a.snap": "x\n"}
    for path, value in base.items():
        assert decisive(judge({path: "7\n"}, base=base)) == {"golden-edited"}
        assert not decisive(judge({path: "7\n"}, "Update the snapshots", base=base))
        assert not decisive(judge({path: value, f"{path}.new": "1\n"}, base=base))


def test_values_at_the_top_of_a_test_module_are_expected_values() -> None:
    """Tests are held against them by their names."""
    before = "WANTED = [1, 2]\n\n\ndef test_a():\n    assert f() == WANTED\n"
    base: dict[str, str | None] = {"tests/test_b.py": before}
    found = judge({"tests/test_b.py": before.replace("[1, 2]", "[1, 3]")}, base=base)
    assert decisive(found) == {"expected-edited"}


@pytest.mark.parametrize(
    "code",
    [
        "def pytest_runtest_makereport(item, call):\n    pass\n",
        "def pytest_collection_modifyitems(items):\n    items.clear()\n",
        "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n",
        "collect_ignore = ['test_ops.py']\n",
        "import calc.ops\n\ncalc.ops.fold = lambda values: 6\n",
        "import time\n\ntime.time = lambda: 0\n",
        "import unittest\n\nunittest.TestCase.assertEqual = print\n",
        "import sys\n\nsys.modules['calc'] = None\n",
        "import os\n\nos._exit(0)\n",
        "@pytest.fixture(autouse=True)\ndef f(monkeypatch):\n"
        "    monkeypatch.setattr('calc.ops.fold', len)\n",
    ],
)
def test_set_up_that_meddles_with_what_is_judged_rejects(code: str) -> None:
    """Even beside new tests."""
    assert decisive(judge({"tests/conftest.py": f"import pytest\n\n{code}"}, ADD))


def test_a_fixture_is_only_a_fixture() -> None:
    """So are an option, and a patch in a test that is new."""
    fixture = "import pytest\n\n\n@pytest.fixture\ndef words():\n    return ['a']\n"
    assert not decisive(judge({"tests/conftest.py": fixture}, ADD))
    patched = (
        "from unittest import mock\n\nfrom calc import ops\n\n\ndef test_a():\n"
        "    with mock.patch('calc.ops.ratio', return_value=1):\n        assert ops.fold([1]) == 1\n"
    )
    assert not decisive(judge({"tests/test_new.py": patched}, ADD))


def test_a_test_that_replaces_what_it_asserts_on_rejects() -> None:
    """Also a new one: it tests its own double."""
    patched = (
        "from calc import ops\n\n\ndef test_a(monkeypatch):\n"
        "    monkeypatch.setattr(ops, 'fold', lambda v: 6)\n    assert ops.fold([1]) == 6\n"
    )
    assert decisive(judge({"tests/test_new.py": patched}, ADD)) == {"subject-mocked"}


def test_docstrings_inside_of_a_test_are_no_values() -> None:
    """Of helpers in it, and strings that stand alone; what it compares is one."""
    nested = TESTS + (
        "\n\ndef test_inner():\n    def helper():\n        'Gives one.'\n        return 1\n\n"
        "    size = 1\n    'How big.'\n    assert helper() == size\n"
    )
    reworded = nested.replace("'Gives one.'", "'It gives back one.'").replace(
        "'How big.'", "'Big.'"
    )
    base = {"tests/test_ops.py": nested}
    found = judge({"tests/test_ops.py": reworded}, "Improve the docstrings", base)
    assert not any(one.decisive for one in found)
    edited = judge({"tests/test_ops.py": reworded.replace("return 1", "return 2")}, "Tidy", base)
    assert any(one.decisive for one in edited)
