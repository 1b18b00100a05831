"""pytest's last line, its short summary, and its JUnit report."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from sef.checks.check import Failure, Report
from sef.model import Counts
from sef.text import one_line, plain

XML_LIMIT: Final = 32 * 1024 * 1024
"""Bytes of a report beyond which it is not read."""
_LAST_LINE = re.compile(
    r"=*\s*(?P<body>no tests ran|\d+ [a-z]+(?: [a-z]+)?(?:, \d+ [a-z]+(?: [a-z]+)?)*)"
    r" in [\d.]+s?(?: \([^()]{1,40}\))?\s*=*"
)
_PART = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed|deselected)(?=,|$)")
_SUBTESTS = re.compile(r"(\d+) subtests (?:passed|skipped|xfailed)")
_BANNER = re.compile(r"!{3,} (?P<said>.{1,1000}?) !{3,}")
_SHORT = re.compile(
    r"(?:FAILED|ERROR|SUBFAILED(?:\(.*?\)|\[.*?\])*) (?P<id>\S.*?)(?: - (?P<reason>.*))?"
)
_EXCEPTION = re.compile(r" {2,3}[A-Za-z_][\w.]*(?:: |$)")
_SHORT_HEAD = "short test summary info"
_LONGEST_LINE = 2_000
_LONGEST_ID = 500
_FEW: Final = 2_000
"""Tests up to which those that passed are named: of many, nobody asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One test of a JUnit report; `results` is empty when it passed."""

    id: str
    results: tuple[tuple[str, str], ...]
    """What it ended with, and why."""
    torn_down: bool
    """True when the only trouble came after the test itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A last line."""

    counts: Counts
    subtests: int
    """Parts of tests that passed or were skipped: in a report each is a test."""


def pytest_report(text: str, xml: bytes | None, *, fork: bool = False) -> Report:
    """The counts of pytest's JUnit report, and what only its last line tells apart.

    Only the line knows which tests passed although marked as failing, and how many were left
    out. Where the two disagree, or the report is missing, the code that ran may have printed the
    line: in a `fork` there are then no counts. Ids come from the report, or from the short summary.
    """
    cases = None if xml is None else _cases(xml)
    told = _last_totals(text)
    stopped = _stopped(text)
    if cases is None:
        failures = _short_summary(text)
        if fork:
            note = "its report is missing" if xml is None else "its report cannot be read"
            return Report(failures=_unique(failures), stopped=stopped, note=note)
        return _report(told.counts if told else None, failures, stopped)
    counts, note = _weighed(_counted(cases), told)
    report = _report(None if fork and note else counts, _failures(cases), stopped, note)
    return replace(report, passing=_passing(cases), left_out=_left_out(cases))


def pytest_sessions(text: str) -> Report:
    """The sum over every pytest session in the output of another program."""
    sums: Counter[str] = Counter()
    sessions = [told.counts for told in _totals(text.splitlines())]
    for session in sessions:
        sums.update({name: getattr(session, name) for name in Counts.__slots__})
    total = Counts(**sums) if sessions else None
    return _report(total, _short_summary(text), _stopped(text))


def _report(counts: Counts | None, failures: list[Failure], stopped: str, note: str = "") -> Report:
    bad = counts.failed + counts.errors if counts else 0
    unnamed = max(0, bad - len(failures))
    return Report(
        counts=counts, failures=_unique(failures), unnamed=unnamed, stopped=stopped, note=note
    )


def _unique(failures: list[Failure]) -> tuple[Failure, ...]:
    found: dict[str, Failure] = {}
    for failure in failures:
        found.setdefault(failure.id, failure)
    return tuple(found.values())


def _stopped(text: str) -> str:
    """pytest's banner where it did not run all it had found: -x, --maxfail, pytest.exit, ctrl-C."""
    found = (_BANNER.fullmatch(line) for line in text.splitlines() if line.startswith("!!!"))
    return next((one_line(one["said"]) for one in found if one), "")


def _weighed(counted: Counts, told: _Told | None) -> tuple[Counts, str]:
    """What the report counted with what only the line knows; and the doubt where they disagree."""
    if told is None:
        return counted, ""
    said = told.counts
    if _results(said) == _results(counted) and said.passed + said.xpassed == counted.passed:
        return said, ""
    more = _total(counted) - _total(said)
    if not 0 <= more <= told.subtests or said.xpassed > counted.passed:
        return counted, f"its last line says {said}, its report {counted}"
    passed = counted.passed - said.xpassed - (more if _results(said) == _results(counted) else 0)
    extra = {"passed": passed, "xpassed": said.xpassed, "deselected": said.deselected}
    return replace(counted, **extra), ""


def _results(counts: Counts) -> tuple[int, ...]:
    return counts.failed, counts.errors, counts.skipped, counts.xfailed


def _total(counts: Counts) -> int:
    return counts.ran + counts.skipped


def _last_totals(text: str) -> _Told | None:
    return next(_totals(reversed(text.splitlines())), None)


def _totals(lines: Iterable[str]) -> Iterator[_Told]:
    for line in lines:
        if len(line) > _LONGEST_LINE or not (found := _LAST_LINE.fullmatch(line.strip())):
            continue
        parts = {word.replace("errors", "error"): int(n) for n, word in _parts(found["body"])}
        if parts or found["body"] == "no tests ran":
            counts = Counts(errors=parts.pop("error", 0), **parts)
            subtests = sum(int(count) for count in _SUBTESTS.findall(found["body"]))
            yield _Told(counts=counts, subtests=subtests)


def _parts(body: str) -> list[tuple[str, str]]:
    return _PART.findall(body)


def _short_summary(text: str) -> list[Failure]:
    """One entry a line; a test that fails, and fails to be torn down, has two."""
    failures: list[Failure] = []
    inside = False
    for line in text.splitlines():
        if _SHORT_HEAD in line:
            inside = True
        elif inside and len(line) <= _LONGEST_LINE and (found := _SHORT.fullmatch(line)):
            reason = one_line(found["reason"] or "")
            failures.append(Failure(id=_clean(found["id"]), reason=reason))
        elif line.startswith("==="):
            inside = False
    return failures


def _cases(xml: bytes) -> list[_Case] | None:
    """The tests of a report, None when it cannot be trusted to be one.

    The judged code may have written it. A document type could declare entities that grow
    without bound; pytest writes none. Another encoding could hide one from the search.
    """
    if len(xml) > XML_LIMIT or b"<!DOCTYPE" in xml.upper() or b"<!ENTITY" in xml.upper():
        return None
    try:
        root = ET.fromstring(xml.decode("utf-8"))  # noqa: S314
    except (ET.ParseError, ValueError, RecursionError):
        return None
    return [_case(element) for element in root.iter("testcase")]


def _case(element: ET.Element) -> _Case:
    results = [(_result(child), _reason(child)) for child in element]
    said = [child.get("message", "") for child in element if _result(child)]
    return _Case(
        id=_node_id(element),
        results=tuple(result for result in results if result[0]),
        torn_down=len(said) == 1 and said[0].startswith("failed on teardown with "),
    )


def _result(child: ET.Element) -> str:
    if child.tag == "skipped":
        return "xfailed" if child.get("type") == "pytest.xfail" else "skipped"
    return {"failure": "failed", "error": "errors"}.get(child.tag, "")


def _reason(child: ET.Element) -> str:
    message = child.get("message", "")
    if message == "collection failure":
        said = re.findall(r"^E (.*)$", child.text or "", re.MULTILINE)
        named = [line for line in said if _EXCEPTION.match(line)]
        return one_line((named or said or [message])[0])
    if quoted := re.fullmatch(r'failed on (?:setup|teardown) with "(.*)"', message, re.DOTALL):
        message = quoted[1]
    return one_line(message.partition("\n")[0])


def _node_id(element: ET.Element) -> str:
    """The id as pytest prints it, put together again from its parts."""
    file = element.get("file", "").replace("\\", "/")
    name, holder = element.get("name", ""), element.get("classname", "")
    module = file.removesuffix(".py").replace("/", ".")
    if not file:
        return _clean(f"{holder}.{name}".strip("."))
    if not holder and name == module:
        return _clean(file)
    classes = holder.removeprefix(module).strip(".")
    return _clean("::".join(filter(None, (file, *classes.split("."), name))))


def _clean(identity: str) -> str:
    return plain(identity, _LONGEST_ID).replace("\n", " ")


def _counted(cases: list[_Case]) -> Counts:
    """A test whose teardown alone fails has passed, and is an error besides."""
    sums: Counter[str] = Counter()
    failed = {case.id for case in cases if "failed" in dict(case.results)}
    for case in cases:
        sums.update([result for result, _ in case.results] or ["passed"])
        if case.torn_down and case.id not in failed:
            sums["passed"] += 1
    return Counts(**sums)


def _passing(cases: list[_Case]) -> frozenset[str]:
    """Ids that passed each time they are named."""
    if len(cases) > _FEW:
        return frozenset()
    other = {case.id for case in cases if case.results}
    return frozenset(case.id for case in cases) - other


def _left_out(cases: list[_Case]) -> frozenset[str]:
    """Ids that were skipped or expected to fail, and gave no result."""
    if len(cases) > _FEW:
        return frozenset()
    results = {case.id: {result for result, _ in case.results} for case in cases}
    return frozenset(one for one, found in results.items() if found & {"skipped", "xfailed"})


def _failures(cases: list[_Case]) -> list[Failure]:
    return [
        Failure(id=case.id, reason=reason)
        for case in cases
        for result, reason in case.results
        if result in ("failed", "errors")
    ]
