"""pytest's last line, its short summary, and its JUnit report."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
_SHORT = re.compile(r"(?:FAILED|ERROR) (?P<id>\S.*?)(?: - (?P<reason>.*))?")
_EXCEPTION = re.compile(r" {2,3}[A-Za-z_][\w.]*(?:: |$)")
_SHORT_HEAD = "short test summary info"
_LONGEST_LINE = 2_000
_LONGEST_ID = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One test of a JUnit report; `results` is empty when it passed."""

    id: str
    results: tuple[tuple[str, str], ...]
    """What it ended with, and why."""
    torn_down: bool
    """True when the only trouble came after the test itself."""


def pytest_report(text: str, xml: bytes | None) -> Report:
    """The counts of pytest's last line, or of its JUnit report where it printed no such line.

    The ids come from the JUnit report, or from the short summary where that is missing. A test
    that passes although it is marked as failing is told apart by the last line alone.
    """
    cases = None if xml is None else _cases(xml)
    told = next(_totals(reversed(text.splitlines())), None)
    if cases is None:
        return Report(counts=told, failures=_short_summary(text))
    return Report(counts=told or _counted(cases), failures=_failures(cases))


def pytest_sessions(text: str) -> Report:
    """The sum over every pytest session in the output of another program."""
    sums: Counter[str] = Counter()
    sessions = list(_totals(text.splitlines()))
    for session in sessions:
        sums.update({name: getattr(session, name) for name in Counts.__slots__})
    total = Counts(**sums) if sessions else None
    return Report(counts=total, failures=_short_summary(text))


def _totals(lines: Iterable[str]) -> Iterator[Counts]:
    for line in lines:
        if len(line) > _LONGEST_LINE or not (found := _LAST_LINE.fullmatch(line.strip())):
            continue
        parts = {word.replace("errors", "error"): int(n) for n, word in _parts(found["body"])}
        if parts or found["body"] == "no tests ran":
            yield Counts(errors=parts.pop("error", 0), **parts)


def _parts(body: str) -> list[tuple[str, str]]:
    return _PART.findall(body)


def _short_summary(text: str) -> tuple[Failure, ...]:
    failures: dict[str, Failure] = {}
    inside = False
    for line in text.splitlines():
        if _SHORT_HEAD in line:
            inside = True
        elif inside and len(line) <= _LONGEST_LINE and (found := _SHORT.fullmatch(line)):
            failure = Failure(id=_clean(found["id"]), reason=one_line(found["reason"] or ""))
            failures.setdefault(failure.id, failure)
        elif line.startswith("==="):
            inside = False
    return tuple(failures.values())


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


def _failures(cases: list[_Case]) -> tuple[Failure, ...]:
    failures: dict[str, Failure] = {}
    for case in cases:
        for result, reason in case.results:
            if result in ("failed", "errors"):
                failures.setdefault(case.id, Failure(id=case.id, reason=reason))
    return tuple(failures.values())
