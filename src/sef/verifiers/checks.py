"""Checks: the project's own tests, lint and types, run on the draft and held against its base."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sef.checks import Check, CheckRun, CheckRunner
from sef.model import Evidence, Verdict
from sef.protocols import Case
from sef.text import one_line
from sef.workspace import Workspace


@dataclass(frozen=True, slots=True)
class _Finding:
    passed: bool | None
    detail: str


class Checks:
    """Accepts when the check is green, or no redder than it was on the base.

    `name` is tests, lint or types. Tests must exist and must have run the judged tree's code;
    a lint or type check that the project does not have says nothing and stops nothing. The base
    is run only when the draft is red, once a commit.
    """

    def __init__(self, name: str, runner: CheckRunner, workspace: Workspace) -> None:
        self._name = name
        self._runner = runner
        self._workspace = workspace
        self._bases: dict[tuple[str, Check], CheckRun] = {}
        self._one_base_at_a_time = asyncio.Lock()

    async def verify(self, case: Case) -> Verdict:
        """Runs every check of that name in the case's checkout; the worst finding counts."""
        # What is run is found in the judged tree: the files that decide it are out of a draft's
        # scope, and those of a merged tree were judged with the drafts it is made of.
        checks = await self._runner.detect(case.checkout)
        mine = [check for check in checks if check.name == self._name]
        findings = [await self._judge(check, case) for check in mine] or [self._missing()]
        finding = min(findings, key=_badness)
        evidence = tuple(
            Evidence(verifier=self._name, passed=one.passed, detail=one.detail) for one in findings
        )
        return Verdict(
            accepted=bool(finding.passed) or (finding.passed is None and self._optional),
            undecided=finding.passed is None,
            reason=f"{self._name}: {finding.detail}",
            evidence=evidence,
        )

    @property
    def _optional(self) -> bool:
        return self._name != "tests"

    def _missing(self) -> _Finding:
        if self._optional:
            return _Finding(None, "the project has none")
        return _Finding(
            None, "no tests were found; name the command in sef.toml: [checks] tests = ..."
        )

    async def _judge(self, check: Check, case: Case) -> _Finding:
        run = await self._runner.run(check, case.checkout)
        doubt = _doubt(run)
        if doubt:
            return _Finding(None, doubt)
        # A draft's code can end its runner with 0; what the runner counted is held against that.
        if run.exit_code == 0 and not (run.counts and run.counts.red):
            return self._green(run)
        return self._red(run, await self._base(check, case.base))

    def _green(self, run: CheckRun) -> _Finding:
        if self._optional:
            return _Finding(True, "clean")
        if run.counts is not None and not run.counts.passed:
            return _Finding(None, f"no test passed ({run.counts})")
        return _Finding(True, str(run.counts) if run.counts else run.summary)

    def _red(self, run: CheckRun, base: CheckRun) -> _Finding:
        if _doubt(base):
            return _Finding(False, f"{_named(run)} (its base could not be judged: {_doubt(base)})")
        if base.exit_code == 0:
            return _Finding(False, _named(run))
        if self._optional:
            return _Finding(None, "red before the draft and after it: it says nothing")
        return _no_redder(run, base)

    async def _base(self, check: Check, commit: str) -> CheckRun:
        """The same check on the base, run once however many drafts ask for it."""
        key = (commit, check)
        async with self._one_base_at_a_time:
            if key not in self._bases:
                async with self._workspace.fork(commit) as fork:
                    self._bases[key] = await self._runner.run(check, fork.checkout)
        return self._bases[key]


def _badness(finding: _Finding) -> int:
    """Rejected before undecided before passed."""
    return {False: 0, None: 1, True: 2}[finding.passed]


def _doubt(run: CheckRun) -> str | None:
    """Why the run says nothing, or None when it says something."""
    if run.timed_out:
        return f"it did not end in time ({run.summary})"
    if not run.proof.proved:
        mend = f"; {run.proof.mend}" if run.proof.mend else ""
        return one_line(f"undecided: {run.proof.reason}{mend}", 400)
    if run.exit_code is None:
        return run.summary
    return None


def _no_redder(run: CheckRun, base: CheckRun) -> _Finding:
    """Red on both sides: acceptable only when every failure is an old one and tests still pass."""
    new = sorted(run.failing - base.failing)
    if new:
        return _Finding(False, f"{len(new)} new failing: {_some(new)}")
    if not (run.counts and base.counts) or run.counts.errors:
        return _Finding(False, f"{_named(run)}, and already red before")
    if run.counts.passed < max(1, base.counts.passed):
        return _Finding(False, f"fewer tests pass than before: {run.counts} (was {base.counts})")
    return _Finding(True, f"{run.counts}; all {len(base.failing)} failing ones failed before too")


def _named(run: CheckRun) -> str:
    failing = f": {_some(sorted(run.failing))}" if run.failing else ""
    return one_line(f"{run.summary}{failing}", 400)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
