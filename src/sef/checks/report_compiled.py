"""What cargo and go say about their tests."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sef.checks.check import Failure, Report
from sef.model import Counts
from sef.text import one_line

_CARGO = re.compile(
    r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored; \d+ measured;"
    r"(?: (\d+) filtered out)?",
    re.MULTILINE,
)
_CARGO_FAILED = re.compile(r"^test (.+?)(?: - should panic)? \.\.\. FAILED$", re.MULTILINE)
_CARGO_PANIC = re.compile(
    r"^---- (.+) stdout ----\n(?:.*\n){0,20}?.*panicked at (.*)\n(.*)$", re.MULTILINE
)
_GO_SAID = re.compile(r"\s+\S+\.go:\d+: |FAIL\t.*\[|panic: ")
_GO_PLACE = re.compile(r"^\s+\S+\.go:\d+: ")
_Key = tuple[str, str]


def cargo_report(text: str) -> Report:
    """The sum over the test binaries and documentation tests that ran; ignored is skipped."""
    results = [[int(n or 0) for n in found] for found in _CARGO.findall(text)]
    if not results:
        return Report()
    passed, failed, ignored, filtered = (sum(column) for column in zip(*results, strict=True))
    counts = Counts(passed=passed, failed=failed, skipped=ignored, deselected=filtered)
    return Report(counts=counts, failures=_cargo_failures(text))


def _cargo_failures(text: str) -> tuple[Failure, ...]:
    reasons = {name: said or where for name, where, said in _CARGO_PANIC.findall(text)}
    names = dict.fromkeys(_CARGO_FAILED.findall(text))
    return tuple(
        Failure(id=one_line(name, 500), reason=one_line(reasons.get(name, ""))) for name in names
    )


def go_report(text: str) -> Report:
    """The totals of `go test -json`, which gives none itself.

    Counted are the tests without subtests; a test with subtests only when it failed and none of
    them did. A package that failed without any failing test (it did not build) is one error.
    """
    run = _go_run(text)
    if not run.ends:
        return Report()
    sums = Counter(_go_count(key, action) for key, action in run.ends.items() if run.counts(key))
    failures = tuple(
        Failure(id=_go_id(key), reason=one_line(run.said.get(key, "")))
        for key in run.failed
        if run.counts(key)
    )
    return Report(counts=Counts(**sums), failures=failures)


@dataclass(frozen=True, slots=True, kw_only=True)
class _GoRun:
    """How each (package, test) ended; the test is "" for the package as a whole."""

    ends: Mapping[_Key, str]
    said: Mapping[_Key, str]
    failed: tuple[_Key, ...]
    parents: frozenset[_Key]
    blamed: frozenset[_Key]
    """Parents, and packages, of something that failed."""

    def counts(self, key: _Key) -> bool:
        failed_itself = self.ends[key] == "fail" and key not in self.blamed
        return failed_itself or bool(key[1] and key not in self.parents)


def _go_run(text: str) -> _GoRun:
    ends: dict[_Key, str] = {}
    said: dict[_Key, str] = {}
    for event in _go_events(text):
        key = (str(event.get("Package", "")), str(event.get("Test", "")))
        action, output = event.get("Action"), str(event.get("Output", ""))
        if action in ("pass", "fail", "skip"):
            ends[key] = str(action)
        elif action == "output" and _GO_SAID.match(output):
            said.setdefault(key, _GO_PLACE.sub("", output))
    failed = tuple(key for key, action in ends.items() if action == "fail")
    return _GoRun(
        ends=ends,
        said=said,
        failed=failed,
        parents=frozenset(above for key in ends for above in _above(key)),
        blamed=frozenset(above for key in failed for above in _above(key)),
    )


def _go_events(text: str) -> Iterator[Mapping[str, object]]:
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            yield event


def _above(key: _Key) -> Iterator[_Key]:
    package, test = key
    while test:
        test = test.rpartition("/")[0]
        yield package, test


def _go_count(key: _Key, action: str) -> str:
    if not key[1]:
        return "errors"
    return {"pass": "passed", "fail": "failed"}.get(action, "skipped")


def _go_id(key: _Key) -> str:
    return one_line(".".join(filter(None, key)), 500)
