"""The project's tests on a draft: those that it reaches first, then all, chance told from fault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final

from sef.checks import Check, CheckRun, CheckRunner
from sef.model import Evidence
from sef.protocols import Case
from sef.reach import Reach, Reached, narrowed, rejects_early, settle, suspects
from sef.reach.steady import AT_MOST, FLAKY, Side
from sef.verifiers import asks, compare, wanted
from sef.verifiers.compare import Finding
from sef.verifiers.on_base import OnBase
from sef.workspace import Workspace

LONG_S: Final = 10.0
"""Seconds that all tests take on the base, from which on those that are reached are run first."""
FIRST: Final = 0.25
"""Share of all tests, in number and in time, that those may have which are run first: it is what
a right draft pays besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What one check of tests found, and what is to be known besides."""

    finding: Finding
    notes: tuple[Evidence, ...] = ()


class Suite:
    """Judges drafts by the tests of the project."""

    def __init__(
        self,
        runner: CheckRunner,
        workspace: Workspace,
        base: OnBase,
        *,
        reach: Reach | None = None,
        long_s: float = LONG_S,
        first: float = FIRST,
    ) -> None:
        self._runner = runner
        self._workspace = workspace
        self._base = base
        self._reach = reach
        self._long_s = long_s
        self._first_share = first

    async def judge(self, check: Check, case: Case) -> Noted:
        """The finding on the tests of a draft, with what its change reaches. Raises SefError."""
        async with self._reaching(case) as reaching:
            first = await self._first(check, case, reaching)
            found = Noted(finding=first) if first else await self._all(check, case)
            return Noted(finding=found.finding, notes=(*_reached(await reaching), *found.notes))

    @asynccontextmanager
    async def _reaching(self, case: Case) -> AsyncIterator[asyncio.Future[Reached | None]]:
        """What the change reaches, found out while tests run."""
        reaching = asyncio.ensure_future(self._reached_by(case))
        try:
            yield reaching
        finally:
            reaching.cancel()
            with suppress(asyncio.CancelledError):
                await reaching

    async def _reached_by(self, case: Case) -> Reached | None:
        if self._reach is None or not any(path.endswith(".py") for path in case.checkout.files):
            return None
        return await self._reach.of(case.checkout, case.base)

    async def _first(
        self, check: Check, case: Case, reaching: asyncio.Future[Reached | None]
    ) -> Finding | None:
        """A rejection by the reached tests alone; None: all tests are to be asked."""
        whole = await self._base.known(check, case.base)
        if whole is None or whole.seconds < self._long_s:
            return None
        reached = await reaching
        if reached is None or reached.everything or reached.share >= self._first_share:
            return None
        some = narrowed(check, reached.tests, case.checkout.files)
        if some is None:
            return None
        bound = min(self._runner.timeout_s, self._first_share * whole.seconds)
        run = await self._on_draft(some, case, runner=replace(self._runner, timeout_s=bound))
        if not rejects_early(run):
            return None
        return await self._held(run, whole, check, reached, case)

    async def _held(
        self, run: CheckRun, whole: CheckRun, check: Check, reached: Reached, case: Case
    ) -> Finding | None:
        """What is red among the reached tests, against the same tests of the base.

        Not against all of them: a test may need those that run before it. Nothing is said here by
        tests in new files, which the base does not have, nor by what fails only once.
        """
        added = {change.path for change in case.draft.patch.changes if change.status == "A"}
        old = [one for one in reached.tests if one.partition("::")[0] not in added]
        part = narrowed(check, old, case.checkout.files)
        base = await self._base.of(part, case.base) if part else None
        if base is None or base.counts is None or base.stopped or compare.doubt(base):
            return None
        known = base.failing | whole.failing
        new = sorted(one for one in run.failing - known if one.partition("::")[0] not in added)
        if 0 < len(new) <= AT_MOST:
            alone = narrowed(check, new, case.checkout.files)
            again = await self._on_draft(alone, case) if alone else None
            new = [one for one in new if again and rejects_early(again) and one in again.failing]
        if not new or compare.starved(run, base):
            return None
        return Finding(
            False, f"{len(new)} new failing of those that the change reaches: {compare.some(new)}"
        )

    async def _all(self, check: Check, case: Case) -> Noted:
        run = await self._runner.run(check, case.checkout)
        if doubt := compare.doubt(run):
            return Noted(finding=compare.with_refused(Finding(None, doubt), run))
        if not compare.is_green(run):
            return await self._red(run, case)
        if found := compare.alone(run):
            return Noted(finding=found)
        fewer = asks.removes_tests(case.task)
        found = compare.green(run, await self._base.of(check, case.base), fewer=fewer)
        return Noted(finding=found)

    async def _red(self, run: CheckRun, case: Case) -> Noted:
        fewer = asks.removes_tests(case.task)
        base = await self._base.of(run.check, case.base)
        if found := compare.starved(run, base):
            return Noted(finding=found)
        names = () if base is None or compare.doubt(base) else suspects(run, base)

        async def again(side: Side, some: tuple[str, ...]) -> CheckRun | None:
            part = narrowed(run.check, some, case.checkout.files) if some else run.check
            commit = case.checkout.commit if side == "draft" else case.base
            return await self._on_commit(part, commit) if part else None

        settled = await settle(names, again)
        if settled.among is not None and not settled.red:
            run = settled.among
        if compare.is_green(run):
            finding = compare.alone(run) or compare.green(run, base, fewer=fewer)
        else:
            finding = compare.red(run, base, fewer=fewer, excused=settled.flaky)
            finding = _as_asked(finding, case, run, base)
        finding = compare.with_refused(finding, run)
        return Noted(finding=finding, notes=_flaky(settled.flaky))

    async def _on_draft(
        self, check: Check, case: Case, *, runner: CheckRunner | None = None
    ) -> CheckRun:
        return await self._on_commit(check, case.checkout.commit, runner)

    async def _on_commit(
        self, check: Check, commit: str, runner: CheckRunner | None = None
    ) -> CheckRun:
        """In a fork of its own: what a run leaves behind would answer for the next one."""
        async with self._workspace.fork(commit) as fork:
            return await (runner or self._runner).run(check, fork.checkout)


def _as_asked(finding: Finding, case: Case, run: CheckRun, base: CheckRun | None) -> Finding:
    """No worse than the base is not enough where the task asks for better."""
    if not finding.accepts or base is None:
        return finding
    if left := wanted.left_red(case.task.text, run.failing, base.failing):
        return Finding(False, f"it asks for tests to be mended that fail: {compare.some([*left])}")
    return finding


def _flaky(names: frozenset[str]) -> tuple[Evidence, ...]:
    if not names:
        return ()
    told = f"ended differently on the same tree: {compare.some(sorted(names))}"
    return (Evidence(verifier="tests", passed=None, detail=told, sign=FLAKY),)


def _reached(reached: Reached | None) -> tuple[Evidence, ...]:
    """What is told of a change's reach; nothing where it is not known to reach no test."""
    if reached is None or not (reached.tests or (reached.complete and not reached.everything)):
        return ()
    if not reached.tests:
        told = "no test reaches the change"
        return (Evidence(verifier="tests", passed=None, detail=told, sign="change-unreached"),)
    if reached.everything:
        told = f"every test may reach the change: {reached.why}"
    else:
        number = "1 test" if reached.count == 1 else f"{reached.count} tests"
        told = f"{number} may come to the change"
        told = told if reached.complete else f"{told}: {reached.why}"
    return (Evidence(verifier="tests", passed=True, detail=told, sign="change-reached"),)
