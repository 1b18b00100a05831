"""Failing tests that a task asks for are to pass, and no others."""

from __future__ import annotations

import pytest

from sef.verifiers.wanted import left_red

ADD, SUB = "tests/test_ops.py::TestOps::test_add[1-2]", "tests/test_ops.py::test_sub"
NODE = "adder adds"


@pytest.mark.parametrize(
    ("text", "now", "left"),
    [
        ("Fix add so that test_add passes", {ADD, SUB}, (ADD,)),
        ("Fix add so that test_add passes", {SUB}, ()),
        ("tests/test_ops.py::TestOps::test_add fails", {ADD}, (ADD,)),
        ("Fix the failing tests", {ADD, SUB}, (ADD, SUB)),
        ("Fix the two failing tests", {ADD}, ()),
        ("These tests fail: mend ops.py", {ADD, SUB}, (ADD, SUB)),
        ("Add mul to ops.py and make sure that all tests pass", {ADD, SUB}, ()),
        ("Add mul, no tests may fail", {ADD, SUB}, ()),
        ("Fix add in ops.py", {ADD, SUB}, ()),
        ("Fix add, seen in test_ops.py", {ADD, SUB}, ()),
        ("Rename test_addition to test_sum", {ADD, SUB}, ()),
    ],
)
def test_what_a_task_asks_to_be_mended(text: str, now: set[str], left: tuple[str, ...]) -> None:
    """By name, or all where it says that tests fail and none of them was mended."""
    assert left_red(text, frozenset(now), frozenset({ADD, SUB})) == left


def test_names_that_are_words_ask_for_nothing() -> None:
    """A runner that names its tests in words is not held to them."""
    assert left_red("Fix what adder adds", frozenset({NODE}), frozenset({NODE})) == ()
    assert left_red("Fix it", frozenset(), frozenset({ADD})) == ()
