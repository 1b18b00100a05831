"""What a runner's own words amount to. Pure; what is not understood is None, never a guess."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Final

from sef.checks.check import Failure, Report
from sef.checks.report_compiled import cargo_report, go_report
from sef.checks.report_lint import lint_report
from sef.checks.report_node import node_report
from sef.checks.report_pytest import pytest_report, pytest_sessions
from sef.checks.report_unittest import unittest_report
from sef.checks.tools import BY_PATH
from sef.model import Counts
from sef.text import plain


def read_report(
    runner: str, output: str, xml: bytes | None = None, *, fork: bool = False
) -> Report:
    """The totals and failures in what `runner` printed.

    `xml` is pytest's JUnit report where there is one. Of tox, nox, make and unknown commands
    the lines of every known runner are summed; a session without any adds nothing. With `fork`
    nothing is counted that the judged code could have said in the runner's place by printing it.
    """
    text = plain(output, len(output))
    if runner == "pytest":
        return pytest_report(text, xml, fork=fork)
    if runner == "unittest":
        return unittest_report(text, fork=fork)
    return _READERS.get(runner, _any_report)(text)


def _any_report(text: str) -> Report:
    readers = (pytest_sessions, unittest_report, _named(cargo_report), _named(node_report))
    return _summed([reader(text) for reader in readers])


def _named(reader: Callable[[str], Report]) -> Callable[[str], Report]:
    """The reader, which also tells how many failures have no name of their own."""

    def read(text: str) -> Report:
        report = reader(text)
        bad = report.counts.failed + report.counts.errors if report.counts else 0
        return replace(report, unnamed=max(0, bad - len(report.failures)))

    return read


def _summed(reports: Sequence[Report]) -> Report:
    counts: Counts | None = None
    failures: dict[str, Failure] = {}
    for report in reports:
        if report.counts is not None:
            counts = report.counts if counts is None else _plus(counts, report.counts)
            failures |= {failure.id: failure for failure in report.failures}
    return Report(
        counts=counts,
        failures=tuple(failures.values()),
        unnamed=sum(report.unnamed for report in reports),
        stopped=next((report.stopped for report in reports if report.stopped), ""),
    )


def _plus(one: Counts, other: Counts) -> Counts:
    names = [field.name for field in fields(Counts)]
    return Counts(**{name: getattr(one, name) + getattr(other, name) for name in names})


_READERS: Final[Mapping[str, Callable[[str], Report]]] = MappingProxyType(
    {
        "cargo": _named(cargo_report),
        "go": _named(go_report),
        "npm": _named(node_report),
        **dict.fromkeys(BY_PATH, lint_report),
    }
)
