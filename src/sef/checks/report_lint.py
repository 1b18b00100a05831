"""Findings of linters and type checkers, one a line."""

from __future__ import annotations

import re

from sef.checks.check import Failure, Report
from sef.text import one_line

_FINDING = re.compile(
    r"^ *(?P<path>[^\s:][^:\n]{0,500}):(?P<line>\d+)(?::\d+)?(?::| -) (?!note: )(?P<said>.+)$",
    re.MULTILINE,
)


def lint_report(text: str) -> Report:
    """The findings of ruff, flake8, mypy and pyright. There are no counts: nothing was tested.

    An id has no line number, so that a finding stays the same when lines above it move.
    """
    failures: dict[str, Failure] = {}
    for found in _FINDING.finditer(text):
        said = one_line(found["said"])
        identity = f"{one_line(found['path'], 500)}: {said}"
        failures.setdefault(identity, Failure(id=identity, reason=f"line {found['line']}"))
    return Report(failures=tuple(failures.values()))
