"""What the test runners of JavaScript projects print: node:test, jest, vitest, mocha."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from sef.checks.check import Failure, Report
from sef.model import Counts
from sef.text import one_line

_NODE = re.compile(
    r"^[#ℹ] tests \d+\n(?:[#ℹ] \w+ \d+\n)*[#ℹ] (?:pass|fail) +\d+$(?:\n[#ℹ] \w+ \d+$)*", re.M
)
_NODE_PART = re.compile(r"^[#ℹ] (\w+) +(\d+)$", re.MULTILINE)
_JEST = re.compile(r"^Tests: +(\d+ [^\n]*\d+ total)$", re.MULTILINE)
_VITEST = re.compile(r"^ *Tests +(\d+ [^\n]*)\(\d+\)$", re.MULTILINE)
_VITEST_ERRORS = re.compile(r"^ *Errors +(\d+) errors?$", re.MULTILINE)
_MOCHA = re.compile(
    r"^  (\d+) passing \([^)\n]*\)(?:\n  (\d+) pending)?(?:\n  (\d+) failing)?$", re.MULTILINE
)
_PART = re.compile(r"(\d+) (passed|failed|skipped|todo|pending|expected fail)\b")
_SUITE_BROKEN = re.compile(r"^ *● Test suite failed to run$", re.MULTILINE)
_TAP = re.compile(r"^(?P<indent> *)(?:# Subtest: (?P<head>.*)|not ok \d+(?: - (?P<bad>.*))?)$")
_TAP_WHY = re.compile(r"^ *(failureType|error): (.*)$")
_NAMED = re.compile(
    r"^(?:  ● (?!Test suite failed)(?P<jest>.+ › .+|(?!Console)\S.*)"
    r"| FAIL  (?P<vitest>\S+ > .+))$",
    re.MULTILINE,
)
_SPEC = re.compile(r"^ *✖ (?P<name>.+?) \([\d.]+m?s\)(?P<todo> # TODO.*)?$")
_MOCHA_FAILED = re.compile(r"^  \d+\) (.+)\n((?: {7}.+\n)+)", re.MULTILINE)
# A test that is only planned gives no result; nor does one that jest or mocha calls pending.
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pass": "passed", "passed": "passed", "fail": "failed", "failed": "failed",
        "cancelled": "errors", "skipped": "skipped", "todo": "skipped", "pending": "skipped",
        "expected fail": "xfailed",
    }
)  # fmt: skip


def node_report(text: str) -> Report:
    """The sum over the runs in the output; planned ("todo") tests count as skipped.

    A suite that jest could not load is one error, and so is each that vitest could not handle.
    """
    runs = [*_node(text), *_jest(text), *_vitest(text), *_mocha(text)]
    if not runs:
        return Report()
    counts = Counts(**sum(runs, Counter()))
    return Report(counts=counts, failures=_failures(text) if counts.red else ())


def _node(text: str) -> Iterator[Counter[str]]:
    for block in _NODE.finditer(text):
        yield _counter([(n, word) for word, n in _NODE_PART.findall(block[0])])


def _jest(text: str) -> Iterator[Counter[str]]:
    for line in _JEST.findall(text):
        yield _counter(_PART.findall(line))
    if broken := len(_SUITE_BROKEN.findall(text)):
        yield Counter(errors=broken)


def _vitest(text: str) -> Iterator[Counter[str]]:
    for line in _VITEST.findall(text):
        yield _counter(_PART.findall(line))
    for count in _VITEST_ERRORS.findall(text):
        yield Counter(errors=int(count))


def _mocha(text: str) -> Iterator[Counter[str]]:
    for passed, pending, failed in _MOCHA.findall(text):
        yield Counter(passed=int(passed), skipped=int(pending or 0), failed=int(failed or 0))


def _counter(parts: list[tuple[str, str]]) -> Counter[str]:
    counter: Counter[str] = Counter()
    for count, word in parts:
        if name := _NAMES.get(word):
            counter[name] += int(count)
    return counter


def _failures(text: str) -> tuple[Failure, ...]:
    found: dict[str, Failure] = {}
    for name, reason in (*_tap_failures(text), *_named_failures(text)):
        failure = Failure(id=one_line(name, 500), reason=one_line(reason))
        found.setdefault(failure.id, failure)
    return tuple(found.values())


def _tap_failures(text: str) -> Iterator[tuple[str, str]]:
    """The innermost failing tests, each with the names of those around it."""
    names: dict[int, str] = {}
    lines = text.splitlines()
    for number, line in enumerate(lines):
        found = _TAP.match(line)
        if not found:
            continue
        depth = len(found["indent"])
        if found["head"] is not None:
            names = {d: name for d, name in names.items() if d < depth} | {depth: found["head"]}
        elif not re.search(r" # (?:TODO|SKIP)\b", line, re.IGNORECASE):
            why = dict(_why(lines[number + 1 : number + 12]))
            if why.get("failureType") != "'subtestsFailed'":
                around = [name for d, name in sorted(names.items()) if d < depth]
                yield " > ".join((*around, found["bad"] or "?")), why.get("error", "").strip("'|-")


def _why(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line.strip() == "...":
            return
        if found := _TAP_WHY.match(line):
            yield found[1], found[2]


def _named_failures(text: str) -> Iterator[tuple[str, str]]:
    for found in _NAMED.finditer(text):
        yield found["jest"] or found["vitest"], ""
    _, _, spec = text.partition("✖ failing tests:\n")
    for line in spec.splitlines():
        if (named := _SPEC.match(line)) and not named["todo"]:
            yield named["name"], ""
    if _MOCHA.search(text):
        for title, rest in _MOCHA_FAILED.findall(text):
            yield " > ".join((title, *rest.split("\n"))).strip(" >:"), ""
