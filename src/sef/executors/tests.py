"""Tier 0: runs the project's tests on request and says what they said."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sef.checks.check import Check, CheckRun
from sef.checks.runner import CheckRunner
from sef.errors import DraftFailure, UsageError
from sef.model import Answer, Checkout, Proposal, Usage
from sef.protocols import Assignment
from sef.text import one_line

_FAILURES_SHOWN = 20
_TAIL_LINES = 15
_LAST_WORDS = 300  # characters
_WAY_OUT: Final = "set a command for tests in sef.toml"


@dataclass(frozen=True, slots=True)
class TestsExecutor:
    """Runs the tests of the assignment's tree; red tests are an answer, not a failure."""

    __test__ = False  # for pytest, which collects classes by their names

    runner: CheckRunner
    fingerprint: Callable[[], Awaitable[str]] | None = None
    """Tells the state of the user's tree, so that a run that changed it is noticed."""

    async def execute(self, assignment: Assignment) -> Proposal:
        """The runner's counts and failures, with its exit code.

        Raises DraftFailure when there is no runner, when it is missing or ran into its deadline,
        and when a fork could not be proved to be what was tested.
        """
        started = time.monotonic()
        request = assignment.route.request
        only = (request.subject if request else "") or None
        before = await self._state()
        run = await self._run(assignment.checkout, only)
        changed = await self._state() != before
        answer = Answer(
            text="\n".join(_lines(run, only, changed)), counts=run.counts, exit_code=run.exit_code
        )
        seconds = time.monotonic() - started
        return Proposal(answer=answer, usage=Usage(cost_usd=Decimal(0), seconds=seconds))

    async def _state(self) -> str:
        return await self.fingerprint() if self.fingerprint else ""

    async def _run(self, checkout: Checkout, only: str | None) -> CheckRun:
        try:
            check = _tests(await self.runner.detect(checkout))
            run = await self.runner.run(check, checkout, only=only)
        except UsageError as error:
            raise _failure(str(error.args[0]), error.hint) from error
        _insist(run)
        return run


def _tests(checks: tuple[Check, ...]) -> Check:
    for check in checks:
        if check.name == "tests":
            return check
    raise _failure("no way to run tests was found, as nothing in the tree names one", _WAY_OUT)


def _failure(cause: str, way_out: str | None) -> DraftFailure:
    """One sentence: what is wrong, then what to do about it."""
    said = one_line(cause, 1_000).rstrip(".")
    if not way_out:
        return DraftFailure(said)
    ending = one_line(way_out, 1_000).rstrip(".")
    first = ending[:1].lower() if ending[1:2].islower() else ending[:1]
    return DraftFailure(f"{said}: {first}{ending[1:]}")


def _insist(run: CheckRun) -> None:
    """Raises DraftFailure where the run says nothing about the tree."""
    if run.timed_out:
        last = one_line(_tail(run), _LAST_WORDS)
        said = f"; the last it said: {last}" if last else ""
        raise DraftFailure(f"the tests did not end: {run.summary}{said}")
    if run.exit_code is None:
        raise _failure(f"the tests were not run: {run.summary}", run.proof.mend)
    if not run.proof.proved:
        reason = f"the tests ran, but not provably on this tree: {run.proof.reason}"
        raise _failure(reason, run.proof.mend)


def _lines(run: CheckRun, only: str | None, changed: bool) -> Iterator[str]:
    yield run.summary + (f", only {only}" if only else "")
    shown = run.failures[:_FAILURES_SHOWN]
    for failure in shown:
        yield f"  {failure.id}" + (f": {failure.reason}" if failure.reason else "")
    if more := len(run.failing) - len(shown):
        yield f"  and {more} more"
    # Where nothing was understood, the runner's own words have to do.
    if run.counts is None or (run.exit_code and not run.counts.red):
        yield f"exit code {run.exit_code}; it ended with:"
        yield _tail(run)
    if changed:
        yield "The run changed the tree: `git status` is not what it was before."


def _tail(run: CheckRun) -> str:
    return "\n".join(run.output_tail.strip().splitlines()[-_TAIL_LINES:])
