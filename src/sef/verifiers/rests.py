"""What a check rests on beside the tests: scripts that its command names, settings. Pure."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from sef.checks import PYTHON, Check
from sef.checks.tools import BY_PATH, COUNTING
from sef.verifiers.paths import is_source

SETTINGS: Final = "pyproject.toml"
_TABLES: Final = (
    "pytest", "coverage", "tox", "nox", "ruff", "flake8", "mypy", "pyright", "basedpyright",
    "pylint", "black", "isort", "codespell", "poe", "taskipy",
)  # fmt: skip


def runs(check: Check, path: str) -> bool:
    """True where the check's command names the file and is what it is because of it.

    Of a runner or linter that is known, a source file that it names is what it judges.
    """
    if path not in set(_named(check)):
        return False
    return check.runner not in (*COUNTING, *BY_PATH) or not is_source(path)


def changed_tables(before: str, after: str) -> tuple[str, ...]:
    """The tools whose settings differ between two texts of pyproject.toml."""
    old, new = _tools(before), _tools(after)
    return tuple(name for name in _TABLES if old.get(name) != new.get(name))


def speaks_of(text: str, tool: str) -> bool:
    """True when the tool's name is a word of the text."""
    return re.search(rf"(?<![\w-]){re.escape(tool)}(?![\w-])", text, re.IGNORECASE) is not None


def _named(check: Check) -> Iterator[str]:
    for before, word in pairwise(("", *check.argv)):
        if word == PYTHON:
            continue
        value = word.partition("=")[2] if word.startswith("-") else word
        if before == "-m":
            module = word.replace(".", "/")
            yield from (f"{module}.py", f"{module}/__main__.py", f"{module}/__init__.py")
        elif value:
            yield os.path.normpath(value.partition("::")[0])


def _tools(text: str) -> dict[str, object]:
    try:
        tools = tomllib.loads(text).get("tool")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
    return tools if isinstance(tools, dict) else {}
