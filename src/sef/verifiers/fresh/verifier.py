"""Fresh tests judge a draft: they fail on its base, and should pass on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from sef.checks import Check, CheckRun, CheckRunner
from sef.git import Git
from sef.model import Kind, Verdict
from sef.protocols import Case, Clock, Pool
from sef.reach.narrow import narrowed
from sef.text import one_line
from sef.verifiers import compare
from sef.verifiers.fresh.asking import Writer, question
from sef.verifiers.fresh.files import lay, runnable
from sef.verifiers.fresh.outcome import (
    Found,
    Usable,
    at_base,
    ended,
    left_out,
    not_judged,
    nothing,
    on_draft,
    says_of_base,
    unrun,
    verdict,
)
from sef.verifiers.fresh.reasons import Ground, undefined, unstated, words
from sef.verifiers.fresh.writing import Writing, Written
from sef.workspace import Workspace

_DEADLINE_S: Final = 120.0
"""Seconds that fresh tests may take: they are few."""
_NAMED: Final = 5


class FreshTests:
    """Has tests written that the draft's author never saw, and runs them on base and draft.

    Every draft of a task on one base is judged by the same tests. They are put into forks of their
    own, and come into no draft and no commit of the run.
    """

    def __init__(
        self,
        *,
        pool: Pool,
        workspace: Workspace,
        git: Git,
        runner: CheckRunner,
        clock: Clock,
        writers: Sequence[Writer],
    ) -> None:
        if not writers:
            raise ValueError("somebody must write the tests")
        self._workspace = workspace
        self._git = git
        self._runner = replace(
            runner,
            tree=runner.tree or workspace.root,
            timeout_s=min(runner.timeout_s, _DEADLINE_S),
        )
        self._writing = Writing(
            pool=pool, workspace=workspace, git=git, clock=clock, writers=writers
        )
        self._usable: dict[str, Usable | str] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def verify(self, case: Case) -> Verdict:
        """Asks for tests by way of the case's desk; raises JournalError where that is broken."""
        if case.route.kind is not Kind.IMPLEMENT:
            return not_judged("only changes of code are judged by fresh tests")
        if case.desk is None:
            return not_judged("no model is asked here")
        check = await self._check(case.base)
        if check is None:
            return not_judged("fresh tests are run with pytest alone")
        written = await self._writing.written(case, case.desk)
        notes = _notes(written, case)
        if not runnable(written.files):
            return nothing(f"no fresh test was written{_why(written)}", *notes)
        usable = await self._on_base(check, case, written)
        if isinstance(usable, str):
            return nothing(f"the fresh tests could not be run on the base: {usable}", *notes)
        notes += left_out(usable.left_out)
        if not (usable.tests or usable.files):
            return nothing("fresh tests show nothing", *notes)
        return await self._on_draft(check, case, written, usable, notes)

    async def _check(self, base: str) -> Check | None:
        """How the base runs its tests; None where that is not pytest."""
        async with self._workspace.fork(base) as fork:
            checks = await self._runner.detect(fork.checkout)
        return next((one for one in checks if (one.name, one.runner) == ("tests", "pytest")), None)

    # -- on the base ---------------------------------------------------------------------------

    async def _on_base(self, check: Check, case: Case, written: Written) -> Usable | str:
        """What fails there, found once for all drafts; or why that is not known."""
        key = question(case)
        async with self._turns.setdefault(key, asyncio.Lock()):
            if key not in self._usable:
                self._usable[key] = await self._tried(check, case, written)
            return self._usable[key]

    async def _tried(self, check: Check, case: Case, written: Written) -> Usable | str:
        ran = runnable(written.files)
        run = await self._run(check, case.base, written.files)
        if run is None:
            return "they cannot be asked for alone"
        if not ended(run) or (run.failing and not says_of_base(run, ran)):
            return compare.doubt(run) or run.summary
        again = None
        if run.failing - set(ran):  # what fails on import fails again
            again = await self._run(check, case.base, written.files)
            if again is None or not says_of_base(again, ran):
                return "they ended in another way when they were run again"
        return at_base(run, again, ran, self._ground(case))

    @staticmethod
    def _ground(case: Case) -> Ground:
        paths = (*case.checkout.base_files, *case.checkout.files)
        return Ground.of(paths, case.task.text)

    # -- on the draft --------------------------------------------------------------------------

    async def _on_draft(
        self,
        check: Check,
        case: Case,
        written: Written,
        usable: Usable,
        notes: tuple[str, ...],
    ) -> Verdict:
        runs: list[CheckRun] = []
        while len(runs) < 2:  # once more where something fails
            run = await self._run(check, case.checkout.commit, written.files)
            if run is None:
                return unrun("something of the draft's is in the way of the fresh tests", notes)
            if not ended(run):
                return unrun(compare.doubt(run) or run.summary, notes)
            if not run.proof.proved:
                return _unproved(run, usable, notes)
            runs.append(run)
            if not any(usable.has(test) for test in run.failing):
                break
        found = on_draft(runs[0], runs[1] if len(runs) > 1 else None, usable)
        return verdict(await self._stated(found, case, written.files, usable), notes)

    async def _stated(
        self, found: Found, case: Case, files: Mapping[str, bytes], usable: Usable
    ) -> Found:
        """Without the tests that fail for want of a name that neither task nor base has."""
        ground = self._ground(case)
        used = words(" ".join(data.decode("utf-8", "replace") for data in files.values()))
        failed, left = dict(found.failed), list(found.left_out)
        for test, why in found.failed.items():
            name = unstated(why, ground, used)
            own = undefined(why) and usable.reasons.get(test) == why
            if name and (own or not await self._in_code(name, case.base)):
                del failed[test]
                left.append(
                    f"{test} (asks for {one_line(name, 60)}, which the task does not state)"
                )
        return replace(found, failed=MappingProxyType(failed), left_out=tuple(left))

    async def _in_code(self, name: str, commit: str) -> bool:
        asked = ("grep", "-q", "-w", "-F", "-e", name, commit, "--", "*.py")
        return (await self._git.run(*asked)).exit_code == 0

    # -- running -------------------------------------------------------------------------------

    async def _run(self, check: Check, commit: str, files: Mapping[str, bytes]) -> CheckRun | None:
        """The fresh tests alone, in a fork of their own; None where they cannot be run there."""
        async with self._workspace.fork(commit) as fork:
            if await asyncio.to_thread(lay, fork.checkout.path, files):
                return None
            there = tuple(sorted({*fork.checkout.files, *files}))
            checkout = replace(fork.checkout, files=there)
            alone = narrowed(check, runnable(files), there)
            return None if alone is None else await self._runner.run(alone, checkout)


def _unproved(run: CheckRun, usable: Usable, notes: Sequence[str]) -> Verdict:
    """Tests that pass and never came to the project's code show nothing; the rest is undecided."""
    red = any(usable.has(test) for test in run.failing)
    if not red and run.passing and run.proof.offender is None:
        return nothing(f"the fresh tests show nothing: {run.proof.reason}", *notes)
    return unrun(compare.doubt(run) or run.proof.reason, notes)


def _notes(written: Written, case: Case) -> tuple[str, ...]:
    notes = []
    if written.ignored:
        more = len(written.ignored) - _NAMED
        named = ", ".join(written.ignored[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        notes.append(f"ignored of what {written.writer} wrote: {named}")
    if written.writer == case.drafter:
        notes.append(f"written by {written.writer}, who drafted too")
    return tuple(notes)


def _why(written: Written) -> str:
    return f": {one_line(written.failed, 200)}" if written.failed else ""
