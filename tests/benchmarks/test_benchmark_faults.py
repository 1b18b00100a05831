"""Faults are placed into changed lines, one each; hidden tests are those that a commit brought."""

from __future__ import annotations

import ast

from benchmarks.verifier.hidden import hidden_tests
from benchmarks.verifier.hunks import changed_lines
from benchmarks.verifier.mutants import CLASSES, faults

BEFORE = '''\
"""A module."""

LIMIT = 3


def first(a, b):
    """Says é."""
    return a + b


def last(rows):
    return rows[0]
'''
AFTER = '''\
"""A module."""

LIMIT = 3


def first(a, b):
    """Says é."""
    if a < b and not a:
        return max(a, b, "é") + len("x")  # é
    return a + b


def last(rows):
    return rows[-1]
'''


def made(most: int = 200, seed: str = "1"):
    before = {"pkg/one.py": BEFORE, "pkg/two.py": "X = 1\n"}
    return faults(before, {"pkg/one.py": AFTER}, most, seed)


def test_every_class_has_faults() -> None:
    """All eight of them, on a change that gives occasion for each."""
    assert {fault.class_name for fault in made()} == set(CLASSES)


def test_a_fault_parses_and_differs_from_the_right_draft() -> None:
    """What cannot be parsed would be no test of a judge."""
    for fault in made():
        for text in fault.changes.values():
            ast.parse(text or "")
        assert fault.changes != {"pkg/one.py": AFTER}, fault


def test_faults_lie_in_changed_lines() -> None:
    """Lines that the commit did not touch stay as they are."""
    lines = changed_lines(BEFORE, AFTER)
    assert lines == {8, 9, 14}
    for fault in made():
        if fault.class_name not in ("reverted-hunk", "wrong-file"):
            assert fault.line in lines
            assert changed_lines(AFTER, fault.changes["pkg/one.py"] or "") == {fault.line}


def test_a_reverted_hunk_is_not_the_whole_draft() -> None:
    """Nothing changed would be an empty draft, which is another thing."""
    for fault in made():
        assert fault.changes.get("pkg/one.py") != BEFORE


def test_the_same_seed_gives_the_same_faults() -> None:
    """And another one others: the cache relies on it."""
    assert made(4) == made(4)
    assert made(4) != made(4, seed="2")


def test_hidden_are_new_and_changed_tests() -> None:
    """Not those that were there before as they are."""
    before = {"tests/test_a.py": "def test_old():\n    pass\n\ndef test_new():\n    pass\n"}
    after = {"tests/test_a.py": "def test_old():\n    pass\n\ndef test_new():\n    assert 1\n"}
    assert hidden_tests(before, after) == ("tests/test_a.py::test_new",)


def test_a_changed_fixture_takes_the_whole_file() -> None:
    """Any of its tests may mean something else now."""
    before = {"tests/test_a.py": "X = 1\ndef test_it():\n    assert X\n"}
    after = {"tests/test_a.py": "X = 2\ndef test_it():\n    assert X\n"}
    assert hidden_tests(before, after) == ("tests/test_a.py",)


def test_a_removed_test_file_hides_nothing() -> None:
    """There is nothing to be run."""
    assert hidden_tests({"tests/test_a.py": "X = 1\n"}, {"tests/test_a.py": None}) == ()
