"""Drafts of a small project, judged by what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sef.model import Task
from sef.verifiers.integrity import Asked, Finding, findings

TESTS = """import pytest

from calc.ops import fold, ratio


def test_fold():
    assert fold([1, 2, 3]) == 6
    assert fold([]) == 0


def test_ratio():
    assert ratio(1, 3) == pytest.approx(0.3333, abs=1e-4)
    with pytest.raises(ZeroDivisionError, match="by zero"):
        ratio(1, 0)


@pytest.mark.parametrize(("word", "size"), [("one", 3), ("three", 5), ("eleven", 6)])
def test_size(word, size):
    assert fold(word) == size


class TestMore:
    def test_name(self):
        assert fold.__name__ == "fold"
"""
OPS = '''"""Sums."""


def fold(values):
    """The sum of the values."""
    total = 0
    for value in values:
        total += value
    return total


def ratio(a, b):
    return a / b
'''
BASE = {"calc/ops.py": OPS, "calc/__init__.py": "", "tests/test_ops.py": TESTS}


def judge(
    changes: Mapping[str, str | None],
    text: str = "Fix the crash on empty input",
    base: Mapping[str, str | None] | None = None,
) -> tuple[Finding, ...]:
    """Findings about changes to the small project; `text` is the task."""
    asked = Asked(Task(id="t", text=text))
    return findings({**BASE, **(base or {})}, changes, asked)


def decisive(found: Iterable[Finding]) -> set[str]:
    """Signs of the findings that reject."""
    return {one.sign for one in found if one.decisive}
