"""What a run of a check amounts to, by itself and held against its base. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sef.checks import CheckRun
from sef.checks.tools import COUNTING
from sef.model import Counts
from sef.text import one_line, plain

_LAST_LINES = 3
_LONGEST = 400
NOTHING: Final = Counts()
"""What a base without tests counts."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    passed: bool | None
    detail: str
    stops: bool = True
    """False where a draft may be accepted although this could not be judged."""

    @property
    def accepts(self) -> bool:
        """True when nothing here is in the draft's way."""
        return bool(self.passed) or (self.passed is None and not self.stops)


def not_judged(why: str) -> Finding:
    """Says nothing, and stops nothing."""
    return Finding(None, f"not judged: {why}", stops=False)


def with_refused(finding: Finding, run: CheckRun) -> Finding:
    """The finding, which says so where what is not accepted wanted to write outside of the fork."""
    if finding.accepts or not run.refused:
        return finding
    return replace(finding, detail=f"{one_line(finding.detail, _LONGEST)}; {run.refused}")


def is_green(run: CheckRun) -> bool:
    """True when it ended with 0 and counted no failure: a draft's code may end it with 0."""
    return run.exit_code == 0 and not (run.counts and run.counts.red)


def doubt(run: CheckRun) -> str | None:
    """Why the run says nothing, or None when it says something."""
    if run.timed_out:
        return f"it did not end in time ({run.summary})"
    if run.exit_code is None:
        return one_line(f"undecided: {_with_mend(run, run.proof.reason)}", _LONGEST)
    if run.stopped:
        return f"undecided: it ended before every test was run: {run.stopped}"
    if run.proof.proved:
        return None
    why = run.proof.reason
    if not is_green(run) and run.proof.offender is None:
        # It broke before it came to the project: what it said is the cause, not what it lacks.
        why = named(run)
    return one_line(f"undecided: {_with_mend(run, why)}", _LONGEST)


def named(run: CheckRun) -> str:
    """The run in one line: its failures by name, or its last words where it named none."""
    if run.failing:
        names = sorted(run.failing)
        reasons = {failure.id: failure.reason for failure in run.failures}
        first = f" ({reasons[names[0]]})" if reasons.get(names[0]) else ""
        return one_line(f"{run.summary}: {some(names)}{first}", _LONGEST)
    said = last_words(run) if run.counts is None else ""
    return one_line(f"{run.summary}; it ended with: {said}" if said else run.summary, _LONGEST)


def last_words(run: CheckRun) -> str:
    """The last lines of the output that have words, on one line."""
    lines = [line.strip() for line in plain(run.output_tail).splitlines()]
    lines = [line for line in lines if any(letter.isalnum() for letter in line)]
    return one_line(" / ".join(lines[-_LAST_LINES:]), 300)


def some(names: list[str]) -> str:
    """The first three."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def alone(run: CheckRun) -> Finding | None:
    """What a green run of tests says without its base; None where the base must be asked."""
    if run.counts is None:
        if run.check.runner not in COUNTING:
            return None
        note = f" ({run.note})" if run.note else ""
        why = f"exit code 0, but {run.check.runner} gave no totals{note}: it may not have ended"
        return Finding(None, one_line(f"undecided: {why} by itself", _LONGEST))
    if not run.counts.passed:
        return Finding(None, f"no test passed ({run.counts})")
    return None


def green(run: CheckRun, base: CheckRun | None, *, fewer: bool) -> Finding:
    """A green run against its base: no fewer tests pass, and no more are left out.

    `base` is None where the base has no such check. With `fewer` the task asked for tests to be
    removed.
    """
    if run.counts is None:
        return _by_exit_code(run, base)
    if base is not None and _says_nothing(base):
        return Finding(None, f"its base could not be judged: {_why_nothing(base)}")
    before = base.counts if base and base.counts else NOTHING
    if problem := _silenced(run, base) or _weighed(run.counts, before, fewer=fewer):
        return Finding(False, problem)
    return Finding(True, str(run.counts))


def red(
    run: CheckRun,
    base: CheckRun | None,
    *,
    fewer: bool,
    excused: frozenset[str] = frozenset(),
) -> Finding:
    """A red run against its base: acceptable only when it is no redder, and that can be shown.

    Failures that are `excused` are chance: where the base does not have them they count as passed.
    """
    if chance := (run.failing & excused) - (base.failing if base else frozenset()):
        run = _without(run, chance)
        if is_green(run):
            return alone(run) or green(run, base, fewer=fewer)
    if base is None or is_green(base):
        return Finding(False, named(run))
    if why := doubt(base):
        return Finding(False, f"{named(run)} (its base could not be judged: {why})")
    if not (run.counts and base.counts):
        return Finding(False, f"{named(run)}; red on the base in a fork too, nothing to compare")
    if new := sorted(run.failing - base.failing):
        return Finding(False, f"{len(new)} new failing: {some(new)}")
    if run.exit_code != base.exit_code:
        was = f"exit code {run.exit_code}, on the base {base.exit_code}"
        return Finding(False, f"{named(run)}; {was}")
    if run.unnamed or base.unnamed:
        return Finding(None, f"undecided: {run.counts}, and not every failure has a name")
    if _bad(run.counts) > _bad(base.counts):
        return Finding(False, f"more fails than before: {run.counts} (was {base.counts})")
    if problem := _silenced(run, base) or _weighed(run.counts, base.counts, fewer=fewer):
        return Finding(False, problem)
    if not run.counts.passed:
        return Finding(None, f"no test passed ({run.counts})")
    return Finding(True, _no_redder(run, run.counts))


def starved(run: CheckRun, base: CheckRun | None) -> Finding | None:
    """Undecided where all that is new in a red run is that memory ran out; None elsewhere."""
    new = run.failing - (base.failing if base else frozenset())
    reasons = [failure.reason for failure in run.failures if failure.id in new]
    if not new or len(reasons) < len(new) or not all("MemoryError" in one for one in reasons):
        return None
    return Finding(
        None,
        one_line(f"undecided: {some(sorted(new))} had no more memory: {reasons[0]}", _LONGEST),
    )


def _without(run: CheckRun, chance: frozenset[str]) -> CheckRun:
    """The run as if those tests had passed; those that could not be set up are left out."""
    if run.counts is None:
        return run
    failed = min(len(chance), run.counts.failed)
    errors = min(len(chance) - failed, run.counts.errors)
    counts = replace(
        run.counts,
        passed=run.counts.passed + failed,
        failed=run.counts.failed - failed,
        errors=run.counts.errors - errors,
    )
    return replace(
        run,
        counts=counts,
        failing=run.failing - chance,
        failures=tuple(one for one in run.failures if one.id not in chance),
        exit_code=0 if run.exit_code == 1 and not counts.red else run.exit_code,
    )


def _no_redder(run: CheckRun, counts: Counts) -> str:
    if not counts.red:
        return f"{counts}; exit code {run.exit_code} on the base in a fork too"
    reasons = {failure.reason for failure in run.failures if failure.reason}
    first = f" ({min(reasons)})" if len(reasons) == 1 else ""
    return one_line(
        f"{counts}; {some(sorted(run.failing))} failed on the base in a fork too{first}"
    )


def _by_exit_code(run: CheckRun, base: CheckRun | None) -> Finding:
    if base is not None and base.exit_code == 0 and base.counts is None and not doubt(base):
        return Finding(True, f"exit code 0, by exit code only ({run.check.command})")
    was = "the base has none to compare" if base is None else f"the base gave: {base.summary}"
    return Finding(None, one_line(f"undecided: exit code 0 without totals, and {was}", _LONGEST))


def _says_nothing(base: CheckRun) -> bool:
    """False where it counted, and where it plainly had no test or broke before any of them."""
    if base.counts is None and not base.timed_out and base.exit_code is not None:
        return base.exit_code == 0 and base.check.runner in COUNTING
    return not (base.counts and not _total(base.counts)) and doubt(base) is not None


def _why_nothing(base: CheckRun) -> str:
    return doubt(base) or "exit code 0 without totals"


def _silenced(run: CheckRun, base: CheckRun | None) -> str | None:
    """By name, tests that passed on the base and now give no result: new ones make up for none."""
    silent = sorted(run.left_out & base.passing) if base else []
    if not silent:
        return None
    return f"{len(silent)} that passed on the base are skipped or expected to fail: {some(silent)}"


def _weighed(counts: Counts, before: Counts, *, fewer: bool) -> str | None:
    if counts.passed < before.passed and not fewer:
        return f"fewer tests pass than before: {counts} (was {before})"
    grown = _left_out(counts) - _left_out(before)
    new = _total(counts) - _total(before)
    if grown > max(0, new):
        return f"more tests are left out than before: {counts} (was {before})"
    return None


def _left_out(counts: Counts) -> int:
    return counts.skipped + counts.deselected + counts.xfailed


def _total(counts: Counts) -> int:
    return counts.ran + counts.skipped + counts.deselected


def _bad(counts: Counts) -> int:
    return counts.failed + counts.errors


def _with_mend(run: CheckRun, why: str) -> str:
    return f"{why}; {run.proof.mend}" if run.proof.mend else why
