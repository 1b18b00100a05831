"""What is true of a commit's drafts: found by running the commit's own tests on them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from benchmarks.verifier.cases import Commit, Mutant, Skipped, Texts
from benchmarks.verifier.ground import Ground, drafted
from benchmarks.verifier.hidden import hidden_tests
from benchmarks.verifier.history import Candidate, files_of, is_product, text_at
from benchmarks.verifier.hunks import Fault
from benchmarks.verifier.mutants import faults
from sef.checks import CheckRun
from sef.model import Counts
from sef.workspace import Workspace

_RED = 0.05
"""The share of a base's tests that may fail: they need what this machine lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a commit may cost."""

    mutants: int
    """Faults that are run, at most."""
    seed: int
    timeout_s: float
    """Seconds a run of all tests may take; a draft's may take five times its base's."""


async def proved(ground: Ground, one: Candidate, limits: Limits) -> Commit | Skipped:
    """The commit with its drafts, each checked by running; or why it cannot be used."""
    workspace = await ground.at(one.parent)
    names = hidden_tests(await _before(ground, one.parent, one.tests), one.tests)
    if not names:
        return Skipped(sha=one.sha, reason="it has no new or changed test")
    base = await ground.run_tests(workspace, one.parent, timeout_s=limits.timeout_s)
    if base is None or _unfit(base):
        why = _unfit(base)
        return Skipped(sha=one.sha, reason="its base has no usable tests here", detail=why)
    build = _Build(ground, workspace, one, names, base, min(limits.timeout_s, _patience(base)))
    return await build.commit(limits)


def _patience(base: CheckRun) -> float:
    return 10 + 5 * base.seconds


def _unfit(base: CheckRun | None) -> str:
    """Why a run of the base's tests is no ground to stand on; empty where it is."""
    if base is None:
        return "no pytest"
    if not base.proof.proved:
        return base.proof.reason
    if base.timed_out or base.stopped or base.counts is None or not base.counts.passed:
        return base.summary
    bad = base.counts.failed + base.counts.errors
    return base.summary if bad > _RED * base.counts.ran else ""


async def _before(ground: Ground, parent: str, texts: Texts) -> dict[str, str | None]:
    return {path: await text_at(ground.git, parent, path) for path in texts}


async def recheck(ground: Ground, commit: Commit, limits: Limits) -> str:
    """Why a commit's truth is not what it was; empty where it is.

    The right draft must pass its hidden tests, and its first mutant must fail on them.
    """
    workspace = await ground.at(commit.parent)
    names = hidden_tests(await _before(ground, commit.parent, commit.tests), commit.tests)

    async def hidden(changes: Texts) -> CheckRun | None:
        patch = await drafted(workspace, commit.parent, {**changes, **commit.tests})
        return await ground.run_tests(workspace, patch.commit, names, timeout_s=limits.timeout_s)

    right = await hidden(commit.code)
    passed = right.counts.passed if right and right.counts else 0
    if passed < commit.hidden:
        return f"its right draft passes {passed} hidden tests, not {commit.hidden}"
    if commit.mutants and not _worse(await hidden(commit.mutants[0].changes), right):
        return "its first mutant passes the hidden tests"
    return ""


async def caught_by_halves(
    ground: Ground, commit: Commit, changes: Texts, timeout_s: float
) -> tuple[bool, bool]:
    """Whether each half of the hidden tests, taken by their names, fails on the draft.

    A half stands for tests that somebody else wrote without seeing the draft: by the same author,
    so better than most. A draft that fails them all at once, as by not being imported, is caught
    by both.
    """
    workspace = await ground.at(commit.parent)
    names = hidden_tests(await _before(ground, commit.parent, commit.tests), commit.tests)
    patch = await drafted(workspace, commit.parent, {**changes, **commit.tests})
    run = await ground.run_tests(workspace, patch.commit, names, timeout_s=timeout_s)
    if run is None or run.timed_out or run.counts is None or run.stopped:
        return True, True
    halves = {hashlib.sha256(one.encode()).digest()[0] % 2 for one in run.failing}
    return 0 in halves, 1 in halves


@dataclass(frozen=True, slots=True)
class _Build:
    """One commit being looked at."""

    ground: Ground
    workspace: Workspace
    one: Candidate
    names: tuple[str, ...]
    base: CheckRun
    timeout_s: float

    async def commit(self, limits: Limits) -> Commit | Skipped:
        right = await self._hidden(self.one.code)
        if (why := self._wrong(right)) or right is None or right.counts is None:
            reason = "its code does not pass its own tests here"
            return Skipped(sha=self.one.sha, reason=reason, detail=why)
        whole = await self._all(self.one.code)
        tried = await self._faults(limits)
        mutants = [
            found
            for fault in tried
            if (found := await self._mutant(fault, right, whole)) is not None
        ]
        return Commit(
            sha=self.one.sha,
            parent=self.one.parent,
            subject=self.one.subject,
            code=self.one.code,
            tests=self.one.tests,
            hidden=right.counts.passed,
            consistent=not _worse(whole, self.base),
            tests_s=self.base.seconds,
            mutants=tuple(mutants),
            tried=len(tried),
        )

    def _wrong(self, right: CheckRun | None) -> str:
        """Why the code part is no right draft: only what fails on the base too may fail."""
        if right is None or right.counts is None or right.timed_out:
            return right.summary if right else "no pytest"
        if not right.proof.proved:
            return right.proof.reason
        if right.exit_code not in (0, 1) or not right.counts.passed or right.unnamed:
            return right.summary
        return "" if right.failing <= self.base.failing else right.summary

    async def _faults(self, limits: Limits) -> tuple[Fault, ...]:
        git, parent = self.ground.git, self.one.parent
        folders = {path.rpartition("/")[0] for path in self.one.code}
        paths = set(self.one.code)
        paths |= {
            path
            for path in await files_of(git, parent)
            if is_product(path) and path.rpartition("/")[0] in folders
        }
        before = {path: await text_at(git, parent, path) for path in sorted(paths)}
        seed = f"{limits.seed} {self.one.sha}"
        return faults(before, self.one.code, limits.mutants, seed)

    async def _mutant(self, fault: Fault, right: CheckRun, whole: CheckRun | None) -> Mutant | None:
        """The fault as a mutant; None where the hidden tests pass with it, too."""
        if not _worse(await self._hidden(fault.changes), right):
            return None
        run = await self._all(fault.changes)
        return Mutant(
            class_name=fault.class_name,
            line=fault.line,
            what=f"{fault.path}:{fault.line} {fault.what}",
            changes=fault.changes,
            # Beyond what fails on the right draft: that is no merit of the tests.
            killable=_worse(run, self.base) and (whole is None or _worse(run, whole)),
        )

    async def _hidden(self, changes: Texts) -> CheckRun | None:
        return await self._run({**changes, **self.one.tests}, self.names)

    async def _all(self, changes: Texts) -> CheckRun | None:
        return await self._run(changes, ())

    async def _run(self, changes: Texts, names: tuple[str, ...]) -> CheckRun | None:
        patch = await drafted(self.workspace, self.one.parent, changes)
        return await self.ground.run_tests(
            self.workspace, patch.commit, names, timeout_s=self.timeout_s
        )


def _worse(run: CheckRun | None, than: CheckRun | None) -> bool:
    """True where something fails that did not, or something passed that does not any more."""
    if run is None or than is None:
        return run is None
    if run.timed_out or run.counts is None or run.exit_code not in (0, 1):
        return True
    passed = (than.counts or Counts()).passed
    return not run.failing <= than.failing or run.counts.passed < passed
