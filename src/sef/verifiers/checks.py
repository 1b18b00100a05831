"""Checks: the project's own tests, lint and types, run on the draft and held against its base."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from sef.checks import Check, CheckRun, CheckRunner
from sef.checks.jail import read_inside
from sef.checks.testfiles import TestFiles
from sef.errors import SefError
from sef.model import Evidence, Verdict
from sef.protocols import Case
from sef.text import one_line
from sef.verifiers import asks, compare, rests
from sef.verifiers.compare import Finding
from sef.verifiers.scope import may_change
from sef.workspace import Workspace

_NONE_FOUND = "no tests were found; name the command in sef.toml: [checks] tests = ..."
_SIZE_LIMIT = 1024 * 1024
_Key = tuple[str, Check]


class Checks:
    """Accepts when the check is green and no weaker, or no redder, than it was on the base.

    `name` is tests, lint or types. Tests must exist and must have run the judged tree's code; a
    lint or type check that the project does not have says nothing and stops nothing. Tests are
    run on the base too, once a commit: a draft's code can end a run early that looks green.
    """

    def __init__(self, name: str, runner: CheckRunner, workspace: Workspace) -> None:
        self._name = name
        self._runner = runner if runner.tree else replace(runner, tree=workspace.root)
        self._workspace = workspace
        self._bases: dict[_Key, CheckRun | None] = {}
        self._one_base_at_a_time = asyncio.Lock()

    async def verify(self, case: Case) -> Verdict:
        """Runs every check of that name in the case's checkout; the worst finding counts."""
        try:
            findings = await self._findings(case)
        except SefError as error:
            reason = one_line(": ".join(str(error).split("\n")), 400)
            findings = [Finding(None, f"undecided: {reason}")]
        accepted = all(finding.accepts for finding in findings)
        rejected = any(finding.passed is False for finding in findings)
        evidence = tuple(
            Evidence(
                verifier=self._name,
                passed=one.passed,
                detail=one.detail,
                sign=f"{self._name}-{_mark(one)}",
            )
            for one in findings
        )
        return Verdict(
            accepted=accepted,
            undecided=not accepted and not rejected,
            reason=one_line(f"{self._name}: {_told(findings)}", 500),
            evidence=evidence,
        )

    async def _findings(self, case: Case) -> list[Finding]:
        # What is run is found in the judged tree: the files that decide it are out of a draft's
        # scope, and those of a merged tree were judged with the drafts it is made of.
        checks = await self._runner.detect(case.checkout)
        mine = [check for check in checks if check.name == self._name]
        if not mine:
            none = Finding(None, _NONE_FOUND)
            return [none if self._name == "tests" else compare.not_judged("the project has none")]
        if problem := await self._tampered(mine, case):
            return [Finding(False, problem)]
        return [await self._judge(check, case) for check in mine]

    async def _judge(self, check: Check, case: Case) -> Finding:
        run = await self._runner.run(check, case.checkout)
        if run.missing and not check.named:
            return compare.not_judged(run.summary)
        if doubt := compare.doubt(run):
            return compare.with_refused(Finding(None, doubt), run)
        judging = self._tests if self._name == "tests" else self._style
        return compare.with_refused(await judging(run, case), run)

    async def _tests(self, run: CheckRun, case: Case) -> Finding:
        fewer = asks.removes_tests(case.task)
        if not compare.is_green(run):
            return compare.red(run, await self._base(run.check, case.base), fewer=fewer)
        if found := compare.alone(run):
            return found
        return compare.green(run, await self._base(run.check, case.base), fewer=fewer)

    async def _style(self, run: CheckRun, case: Case) -> Finding:
        """Lint or types: by exit code."""
        if run.exit_code == 0:
            return Finding(True, "clean")
        base = await self._base(run.check, case.base)
        if base is None or base.exit_code == 0:
            return Finding(False, compare.named(run))
        if why := compare.doubt(base):
            return Finding(False, f"{compare.named(run)} (its base could not be judged: {why})")
        return compare.not_judged(f"{run.check.runner} is red on the base in a fork too")

    async def _base(self, check: Check, commit: str) -> CheckRun | None:
        """The same check on the base, run once for all drafts that ask; None: it has none."""
        key = (commit, check)
        async with self._one_base_at_a_time:
            if key not in self._bases:
                async with self._workspace.fork(commit) as fork:
                    known = await self._runner.detect(fork.checkout)
                    there = any(one.name == check.name for one in known)
                    self._bases[key] = (
                        await self._runner.run(check, fork.checkout) if there else None
                    )
        return self._bases[key]

    async def _tampered(self, checks: list[Check], case: Case) -> str | None:
        """What the draft changed of what it is judged by, beyond what can be told by paths."""
        if case.checkout.commit != case.draft.patch.commit:
            return None  # a merged tree: its drafts were judged one by one
        for change in case.draft.patch.changes:
            if not may_change(case.task, change.path):
                what = await self._tampering(change.path, checks, case)
                if what:
                    return f"{change.path} {what}, and the task does not name it"
        return None

    async def _tampering(self, path: str, checks: list[Check], case: Case) -> str | None:
        for check in checks:
            if rests.runs(check, path) and path not in _tests(case):
                return f"is run by `{check.command}`"
        if path == rests.SETTINGS and (tools := await self._set_anew(case)):
            return f"changes the settings of {tools}"
        return None

    async def _set_anew(self, case: Case) -> str:
        after = _text(case.checkout.path, rests.SETTINGS)
        async with self._workspace.fork(case.base) as fork:
            before = _text(fork.checkout.path, rests.SETTINGS)
        tools = rests.changed_tables(before, after)
        return ", ".join(tool for tool in tools if not rests.speaks_of(case.task.text, tool))


def _mark(finding: Finding) -> str:
    if finding.passed is None:
        return "undecided" if finding.stops else "none"
    return "hold" if finding.passed else "red"


def _text(root: Path, path: str) -> str:
    data = read_inside(root, path, _SIZE_LIMIT)
    return "" if data is None else data.decode("utf-8", "replace")


def _told(findings: list[Finding]) -> str:
    """The worst finding; of an accepted draft all of them, also what could not be judged."""
    if all(finding.accepts for finding in findings):
        return "; ".join(dict.fromkeys(finding.detail for finding in findings))
    return min(findings, key=lambda one: {False: 0, None: 1, True: 2}[one.passed]).detail


def _tests(case: Case) -> TestFiles:
    changed = (change.path for change in case.draft.patch.changes)
    return TestFiles((*case.checkout.files, *case.checkout.base_files, *changed))
