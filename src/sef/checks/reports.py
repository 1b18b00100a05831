"""What a runner's own words amount to. Pure; what is not understood is None, never a guess."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Final

from sef.checks.check import Failure, Report
from sef.checks.report_compiled import cargo_report, go_report
from sef.checks.report_lint import lint_report
from sef.checks.report_node import node_report
from sef.checks.report_pytest import pytest_report, pytest_sessions
from sef.checks.report_unittest import unittest_report
from sef.model import Counts
from sef.text import plain


def read_report(runner: str, output: str, xml: bytes | None = None) -> Report:
    """The totals and failures in what `runner` printed.

    `xml` is pytest's JUnit report where there is one. Of tox, nox, make and unknown commands
    the lines of every known runner are summed; a session without any adds nothing.
    """
    text = plain(output, len(output))
    if runner == "pytest":
        return pytest_report(text, xml)
    return _READERS.get(runner, _any_report)(text)


def _any_report(text: str) -> Report:
    readers = (pytest_sessions, unittest_report, cargo_report, node_report)
    return _summed(reader(text) for reader in readers)


def _summed(reports: Iterable[Report]) -> Report:
    counts: Counts | None = None
    failures: dict[str, Failure] = {}
    for report in reports:
        if report.counts is not None:
            counts = report.counts if counts is None else _plus(counts, report.counts)
            failures |= {failure.id: failure for failure in report.failures}
    return Report(counts=counts, failures=tuple(failures.values()))


def _plus(one: Counts, other: Counts) -> Counts:
    names = [field.name for field in fields(Counts)]
    return Counts(**{name: getattr(one, name) + getattr(other, name) for name in names})


_READERS: Final[Mapping[str, Callable[[str], Report]]] = MappingProxyType(
    {
        "unittest": unittest_report,
        "cargo": cargo_report,
        "go": go_report,
        "npm": node_report,
        "ruff": lint_report,
        "flake8": lint_report,
        "mypy": lint_report,
        "pyright": lint_report,
    }
)
