"""Checks: the project's own tests, lint and types, run on the draft and held against its base."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sef.checks import Check, CheckRun, CheckRunner
from sef.checks.jail import read_inside
from sef.checks.testfiles import TestFiles
from sef.errors import SefError
from sef.model import Evidence, Verdict
from sef.protocols import Case
from sef.reach import Bases, Reach
from sef.text import one_line
from sef.verifiers import compare, rests
from sef.verifiers.compare import Finding
from sef.verifiers.on_base import OnBase
from sef.verifiers.scope import may_change
from sef.verifiers.suite import FIRST, LONG_S, Noted, Suite
from sef.workspace import Workspace

_NONE_FOUND = "no tests were found; name the command in sef.toml: [checks] tests = ..."
_SIZE_LIMIT = 1024 * 1024


class Checks:
    """Accepts when the check is green and no weaker, or no redder, than it was on the base.

    `name` is tests, lint or types. Tests must exist and must have run the judged tree's code; a
    lint or type check that the project does not have says nothing and stops nothing. Tests are
    run on the base too, once a tree: a draft's code can end a run early that looks green.

    `bases` are shared with other checks; `reach` tells which tests a change reaches, which are run
    first where all of them take longer than `long_s` seconds on the base, and where they are a
    smaller share than `first`; that share of the time is what they get. None: it is not asked.
    """

    def __init__(
        self,
        name: str,
        runner: CheckRunner,
        workspace: Workspace,
        *,
        bases: Bases | None = None,
        reach: Reach | None = None,
        long_s: float = LONG_S,
        first: float = FIRST,
    ) -> None:
        self._name = name
        self._runner = runner if runner.tree else replace(runner, tree=workspace.root)
        self._workspace = workspace
        self._base = OnBase(self._runner, workspace, bases or Bases())
        self._suite = Suite(
            self._runner, workspace, self._base, reach=reach, long_s=long_s, first=first
        )

    async def verify(self, case: Case) -> Verdict:
        """Runs every check of that name in the case's checkout; the worst finding counts."""
        try:
            findings, notes = await self._findings(case)
        except SefError as error:
            reason = one_line(": ".join(str(error).split("\n")), 400)
            findings, notes = [Finding(None, f"undecided: {reason}")], ()
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
            evidence=(*evidence, *notes),
        )

    async def _findings(self, case: Case) -> tuple[list[Finding], tuple[Evidence, ...]]:
        # What is run is found in the judged tree: the files that decide it are out of a draft's
        # scope, and those of a merged tree were judged with the drafts it is made of.
        checks = await self._runner.detect(case.checkout)
        mine = [check for check in checks if check.name == self._name]
        if not mine:
            none = Finding(None, _NONE_FOUND)
            return [
                none if self._name == "tests" else compare.not_judged("the project has none")
            ], ()
        if problem := await self._tampered(mine, case):
            return [Finding(False, problem)], ()
        if self._name != "tests":
            return [await self._style(check, case) for check in mine], ()
        noted = [await self._suite.judge(check, case) for check in mine]
        return [one.finding for one in noted], _notes(noted)

    async def _style(self, check: Check, case: Case) -> Finding:
        """Lint or types: by exit code."""
        run = await self._runner.run(check, case.checkout)
        if run.missing and not check.named:
            return compare.not_judged(run.summary)
        if doubt := compare.doubt(run):
            return compare.with_refused(Finding(None, doubt), run)
        return compare.with_refused(await self._styled(run, check, case), run)

    async def _styled(self, run: CheckRun, check: Check, case: Case) -> Finding:
        if run.exit_code == 0:
            return Finding(True, "clean")
        base = await self._base.of(check, case.base)
        if base is None or base.exit_code == 0:
            return Finding(False, compare.named(run))
        if why := compare.doubt(base):
            return Finding(False, f"{compare.named(run)} (its base could not be judged: {why})")
        return compare.not_judged(f"{run.check.runner} is red on the base in a fork too")

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


def _notes(noted: list[Noted]) -> tuple[Evidence, ...]:
    return tuple(note for one in noted for note in one.notes)


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
