"""Python test files: whom they are written for, and how unittest reaches all of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from sef.checks.check import PYTHON

_PYTEST = re.compile(r"(?<![\w.-])pytest\b")
_FOR_PYTEST = re.compile(
    r"^(?:import pytest\b|from pytest\b|(?:async )?def test_(?!suite\b)"
    r"|class Test\w*\s*(?:\(\s*\))?:)",
    re.MULTILINE,
)
_FOR_UNITTEST = re.compile(
    r"^\s*(?:import unittest\b(?!\.mock)|from unittest import [^\n]*TestCase"
    r"|class \w+\(.*TestCase)",
    re.MULTILINE,
)
_FILES_AT_MOST = 500


def pytest_named(text: str) -> bool:
    """True where a list of requirements or a configuration speaks of pytest."""
    return bool(_PYTEST.search(text))


def written_for_pytest(texts: Sequence[str]) -> bool:
    """True when a test file needs pytest, or when none of them uses unittest."""
    if any(_FOR_PYTEST.search(text) for text in texts):
        return True
    return not any(_FOR_UNITTEST.search(text) for text in texts)


def unittest_command(tests: Sequence[str], files: Collection[str]) -> tuple[str, ...] | None:
    """The command that runs every one of `tests`, None where there is none.

    Discovery only descends into packages, so it starts in the folder above the outermost one;
    where the files have no such folder in common they are named one by one.
    """
    if not tests:
        return None
    unittest = (PYTHON, "-m", "unittest")
    starts = {_start(path, files) for path in tests}
    patterns = {_pattern(path) for path in tests}
    if len(starts) == len(patterns) == 1:
        return (*unittest, "discover", "-v", *_where(starts.pop()), *_which(patterns.pop()))
    return (*unittest, "-v", *tests[:_FILES_AT_MOST])


def unittest_narrowed(path: str, node: str, files: Collection[str]) -> tuple[str, ...]:
    """The command for one folder, one file, or one test in it (`Class::test_method`)."""
    unittest = (PYTHON, "-m", "unittest", "discover", "-v")
    if not path.endswith(".py"):
        return (*unittest, "-s", f"./{path}", *_top(_start(f"{path.rstrip('/')}/x", files)))
    folder, name = str(PurePosixPath(path).parent), PurePosixPath(path).name
    one = ("-k", _selecting(node)) if node else ()
    return (*unittest, "-s", f"./{folder}", *_top(_start(path, files)), "-p", name, *one)


def _selecting(node: str) -> str:
    """unittest matches the pattern against `module.Class.test_method`."""
    return f"*.{node.replace('::', '.')}" if "::" in node else f"*.{node}.*"


def _start(path: str, files: Collection[str]) -> str:
    folder = PurePosixPath(path).parent
    while str(folder) != "." and str(folder / "__init__.py") in files:
        folder = folder.parent
    return str(folder)


def _pattern(path: str) -> str:
    return "test*.py" if path.rpartition("/")[2].startswith("test") else "*_test.py"


def _where(start: str) -> tuple[str, ...]:
    return () if start == "." else ("-s", start)


def _which(pattern: str) -> tuple[str, ...]:
    return () if pattern == "test*.py" else ("-p", pattern)


def _top(start: str) -> tuple[str, ...]:
    return ("-t", f"./{start}")
