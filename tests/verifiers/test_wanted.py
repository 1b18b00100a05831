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
        ("Add mul. Ignore test_sub, which is red", {ADD, SUB}, ()),
        ("Add mul. test_sub is known to fail", {ADD, SUB}, ()),
        ("Add mul, and do not touch test_sub", {ADD, SUB}, ()),
        ("Add test_mul, similar to test_sub", {ADD, SUB}, ()),
        ("Add mul. Leave test_sub alone. test_add must pass", {ADD, SUB}, (ADD,)),
        ("Fix add, see tests/test_sub/data", {ADD, SUB}, ()),
        ("Ensure the test fails without the fix", {ADD, SUB}, ()),
        ("Exit with 3 if the tests fail", {ADD, SUB}, ()),
        ("Make sure that the tests fail where add is wrong", {ADD, SUB}, ()),
        ("Fix the summary of failed tests", {ADD, SUB}, ()),
        ("Fix failing test reporting", {ADD, SUB}, ()),
        ("Fix a broken test on 3.x", {ADD, SUB}, ()),
        ("Join paths with /: some tests fail on Windows", {ADD, SUB}, ()),
        ("try to fix the remaining failing tests.", {ADD, SUB}, (ADD, SUB)),
        ("fix failing tests one by one", {ADD, SUB}, (ADD, SUB)),
        ("all these tests are now failing", {ADD, SUB}, (ADD, SUB)),
    ],
)
def test_what_a_task_asks_to_be_mended(text: str, now: set[str], left: tuple[str, ...]) -> None:
    """By name, or all where it says that tests fail and none of them was mended."""
    assert left_red(text, frozenset(now), frozenset({ADD, SUB})) == left


def test_names_that_are_words_ask_for_nothing() -> None:
    """A runner that names its tests in words is not held to them."""
    assert left_red("Fix what adder adds", frozenset({NODE}), frozenset({NODE})) == ()
    assert left_red("Fix it", frozenset(), frozenset({ADD})) == ()
