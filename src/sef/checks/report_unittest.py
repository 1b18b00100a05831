"""What unittest prints at the end of a run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sef.checks.check import Failure, Report
from sef.model import Counts
from sef.text import one_line

_END = re.compile(
    r"^Ran (?P<ran>\d+) tests? in [\d.]+s\n\n"
    r"(?P<word>OK|FAILED|NO TESTS RAN)(?: \((?P<parts>.*)\))?$",
    re.MULTILINE,
)
_HEAD = re.compile(
    r"^={70}\n(?P<kind>FAIL|ERROR): (?P<name>\S+) \((?P<where>[^()\s]+)\)", re.MULTILINE
)
_FIXTURE_SKIPPED = re.compile(r"^setUp(?:Class|Module) \([^()\n]+\) \.\.\. skipped ", re.MULTILINE)
_PART = re.compile(r"(failures|errors|skipped|expected failures|unexpected successes)=(\d+)")
_RULE: Final = ("=" * 70, "-" * 70)
_FIXTURES: Final = ("setUpClass", "tearDownClass", "setUpModule", "tearDownModule")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    name: str
    failure: Failure


def unittest_report(text: str, *, fork: bool = False) -> Report:
    """The sum over every run in the output; in a fork one run is one, several are none.

    unittest never says how many tests passed. It is what is left of the tests it ran; a test
    whose parts fail several times counts once there, and a fixture that fails is no test.
    """
    counts: Counts | None = None
    failures: dict[str, Failure] = {}
    start = named = 0
    ends = list(_END.finditer(text))
    for end in ends:
        part = text[start : end.start()]
        troubles = list(_troubles(part))
        named += len(troubles)
        for trouble in troubles:
            failures.setdefault(trouble.failure.id, trouble.failure)
        counts = _added(counts, _counts(end, troubles, part))
        start = end.end()
    bad = counts.failed + counts.errors if counts else 0
    several = fork and len(ends) > 1
    return Report(
        counts=None if several else counts,
        failures=tuple(failures.values()),
        unnamed=max(0, bad - named),
        note=f"it told the totals of {len(ends)} runs" if several else "",
    )


def _added(before: Counts | None, more: Counts) -> Counts:
    if before is None:
        return more
    sums = {name: getattr(before, name) + getattr(more, name) for name in Counts.__slots__}
    return Counts(**sums)


def _counts(end: re.Match[str], troubles: list[_Trouble], text: str) -> Counts:
    said = {name: int(count) for name, count in _PART.findall(end["parts"] or "")}
    skipped, xfailed = said.get("skipped", 0), said.get("expected failures", 0)
    xpassed = said.get("unexpected successes", 0)
    bad = {trouble.failure.id for trouble in troubles if trouble.name not in _FIXTURES}
    # A class that is skipped as a whole is one skip, and none of the tests that ran.
    skipped_tests = skipped - len(_FIXTURE_SKIPPED.findall(text))
    return Counts(
        passed=max(0, int(end["ran"]) - len(bad) - skipped_tests - xfailed - xpassed),
        failed=said.get("failures", 0),
        errors=said.get("errors", 0),
        skipped=skipped,
        xfailed=xfailed,
        xpassed=xpassed,
    )


def _troubles(text: str) -> Iterator[_Trouble]:
    heads = list(_HEAD.finditer(text))
    for index, head in enumerate(heads):
        until = heads[index + 1].start() if index + 1 < len(heads) else len(text)
        reason = _reason(text[head.end() : until])
        yield _Trouble(name=head["name"], failure=Failure(id=_identity(head), reason=reason))


def _identity(head: re.Match[str]) -> str:
    """`module.Class.test_method`; Python before 3.11 left the last part out."""
    name, where = head["name"], head["where"]
    whole = where if where.endswith(f".{name}") or name in _FIXTURES else f"{where}.{name}"
    prefix = f"{name} in " if name in _FIXTURES else ""
    return one_line(prefix + whole, 500)


def _reason(block: str) -> str:
    """The line of the exception that ended the last traceback."""
    _, _, traceback = block.rpartition("Traceback (most recent call last):\n")
    lines = [line for line in traceback.splitlines() if line and line not in _RULE]
    return one_line(next((line for line in lines if not line.startswith(" ")), ""))
