"""What runs of fresh tests amount to, on the base and on a draft. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from sef.checks import CheckRun
from sef.model import Evidence, Verdict
from sef.text import one_line
from sef.verifiers.fresh.reasons import Ground, broken, no_module

SIGNS: Final = MappingProxyType(
    {
        "fresh-hold": "Fresh tests fail on the base and pass on the draft; none fails on it.",
        "fresh-fail": "Every fresh test that fails on the base fails on the draft too.",
        "fresh-divided": "Some of them pass on the draft and some fail: one side is wrong.",
        "fresh-unrun": "Fresh tests gave no result on the draft, by its doing or not.",
        "fresh-none": "No fresh test was written, or none of them shows anything.",
    }
)
"""Slug -> what it means."""
_LONGEST: Final = 400
_NAMED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Usable:
    """The fresh tests that fail on the base."""

    tests: frozenset[str] = frozenset()
    """Ids of single tests."""
    files: frozenset[str] = frozenset()
    """Files that fail as a whole there, as where they import what is still to be made."""
    left_out: tuple[str, ...] = ()
    """The others, each with the reason why it shows nothing."""
    reasons: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Why they fail there."""
    skipped: int = 0
    """Tests that were not run there."""

    def has(self, test: str) -> bool:
        """True where a result of that test, or file, on a draft says something."""
        path = test.partition("::")[0]
        alone = test == path and any(one.startswith(f"{path}::") for one in self.tests)
        return test in self.tests or path in self.files or alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What became of them on a draft."""

    held: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Test and reason."""
    left_out: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    """What gave no result, although it was run on the base."""


def ended(run: CheckRun) -> bool:
    """True where the run came to its end and every result in it has a name."""
    clean = not (run.timed_out or run.stopped or run.unnamed)
    return clean and run.exit_code in (0, 1) and run.counts is not None


def says_of_base(run: CheckRun, files: Collection[str]) -> bool:
    """True where a red run on the base can be believed.

    Where no file could even be imported, nothing of the project need have been seen.
    """
    if not ended(run):
        return False
    why = reasons(run)
    at_once = all(one in files or no_module(why.get(one, "")) for one in run.failing)
    at_once = at_once and bool(run.failing) and not run.passing
    return run.proof.proved or (at_once and run.proof.offender is None)


def at_base(
    run: CheckRun, again: CheckRun | None, files: Collection[str], ground: Ground
) -> Usable:
    """The tests of `files` that fail on the base, each time where it was run twice there."""
    why = reasons(run)
    left: list[str] = []
    tests: set[str] = set()
    whole: set[str] = set()
    for test in sorted(run.failing):
        if _path(test) not in files:
            continue
        if said := broken(why.get(test, ""), ground):
            left.append(f"{test} ({said})")
        elif again is not None and test not in again.failing:
            left.append(f"{test} (flaky on the base)")
        elif test in files:
            whole.add(test)
        else:
            tests.add(test)
    passing = (test for test in sorted(run.passing) if _path(test) in files)
    left.extend(f"{test} (passes on the base)" for test in passing)
    return Usable(
        tests=frozenset(tests),
        files=frozenset(whole),
        left_out=tuple(left),
        reasons=MappingProxyType(why),
        skipped=_skipped(run),
    )


def on_draft(run: CheckRun, again: CheckRun | None, usable: Usable) -> Found:
    """Which of them pass on the draft, and which fail, each time where it was run twice."""
    other = again or run
    why = reasons(run)
    mine = {test for test in run.failing | run.passing if usable.has(test)}
    flaky = {test for test in mine if (test in run.failing) != (test in other.failing)}
    failed = {test: why.get(test, "") for test in sorted(mine & run.failing - flaky)}
    silent = {
        test for test in usable.tests if test not in mine and _path(test) not in run.failing
    } | {path for path in usable.files if not any(_path(test) == path for test in mine)}
    if not silent and _skipped(run) > usable.skipped:
        silent = {f"{_skipped(run) - usable.skipped} more than on the base"}
    return Found(
        held=tuple(sorted(mine & run.passing - flaky)),
        failed=MappingProxyType(failed),
        left_out=tuple(f"{test} (flaky on the draft)" for test in sorted(flaky)),
        silent=tuple(sorted(silent)),
    )


def _skipped(run: CheckRun) -> int:
    counts = run.counts
    return counts.skipped + counts.xfailed + counts.deselected if counts else 0


def reasons(run: CheckRun) -> dict[str, str]:
    """By test; the first ones only."""
    return {one.id: one.reason for one in run.failures}


def _path(test: str) -> str:
    return test.partition("::")[0]


def verdict(found: Found, notes: Sequence[str]) -> Verdict:
    """What the tests say of the draft. `notes` are told after what they found."""
    held, failed = len(found.held), len(found.failed)
    total = held + failed
    notes = (*notes, *left_out(found.left_out))
    if found.silent and not failed:
        named = ", ".join(one_line(one, 120) for one in found.silent[:_NAMED])
        return unrun(f"fresh tests were skipped on the draft: {named}", notes)
    if not total:
        return nothing("fresh tests show nothing", *notes)
    if not failed:
        said = f"{_tests(held)} the draft and {'fail' if held > 1 else 'fails'} without it"
        return _judged(True, "fresh-hold", said, notes)
    test, why = next(iter(found.failed.items()))
    first = f"{one_line(test, 120)}: {one_line(why, 160)}" if why else one_line(test, 120)
    if held:
        said = f"{failed} of {total} fresh tests fail on the draft ({first})"
        return _judged(None, "fresh-divided", said, notes)
    which = "the fresh test fails" if total == 1 else f"all {total} fresh tests fail"
    return _judged(False, "fresh-fail", f"{which} on the draft ({first})", notes)


def _tests(count: int) -> str:
    return "1 fresh test passes on" if count == 1 else f"{count} fresh tests pass on"


def left_out(rows: Sequence[str]) -> tuple[str, ...]:
    """One note on the tests that show nothing; none where there are none."""
    if not rows:
        return ()
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return (f"left out: {', '.join(one_line(row, 120) for row in rows[:_NAMED])}{more}",)


def unrun(why: str, notes: Sequence[str]) -> Verdict:
    """The draft was not judged, and that may be its own doing: undecided."""
    return _judged(None, "fresh-unrun", f"undecided: {why}", notes)


def nothing(why: str, *notes: str) -> Verdict:
    """There are no tests that show anything: that is nothing against the draft."""
    return _judged(None, "fresh-none", why, notes, accepted=True)


def not_judged(why: str) -> Verdict:
    """Nobody was asked."""
    return _judged(None, "", f"not judged: {why}", (), accepted=True)


def _judged(
    passed: bool | None, sign: str, said: str, notes: Sequence[str], *, accepted: bool = False
) -> Verdict:
    detail = one_line("; ".join((said, *notes)), _LONGEST)
    accepts = accepted or passed is True
    evidence = Evidence(verifier="fresh", passed=passed, detail=detail, sign=sign)
    return Verdict(
        accepted=accepts,
        undecided=passed is None and not accepts,
        reason=one_line(f"fresh: {detail}", _LONGEST + 20),
        evidence=(evidence,),
    )
