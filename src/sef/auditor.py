"""Audits: some accepted drafts are done again by the target, and the two are compared.

An audit runs nothing but tests: those that the target wrote or changed must hold for the draft as
they hold for the target's own work. It tells a regression where they do not, none where they do
or where both made the same tree, and nothing where the target wrote no test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from sef.checks.testfiles import TestFiles
from sef.errors import DraftFailure
from sef.events import Accepted, AuditBegan, Audited, Committed, Fact, Routed, RunStarted, Sampled
from sef.fork import Fork
from sef.hedging import Tell
from sef.judging import RUN, Judge
from sef.keys import call_key
from sef.model import Draft, Patch, Proposal, Route, Stage, Task, Tier, Usage
from sef.protocols import Call, Pool
from sef.text import one_line
from sef.workspace import Workspace

_NUMBER = 99
"""In the key of an audit's call, where a stage has its place in the cascade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One accepted draft that was drawn."""

    task: Task
    route: Route
    target: Stage
    accepted: Accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """Makes the audits that were drawn."""

    workspace: Workspace
    pool: Pool
    judge: Judge

    async def run(self, facts: Iterable[Fact], tell: Tell) -> None:
        """Makes the audits of a run, as many at once as it has slots; tells what each found."""
        told = tuple(facts)
        free = asyncio.Semaphore(next(f.slots for f in told if isinstance(f, RunStarted)))

        async def one(audit: Audit) -> None:
            async with free:
                call = self._call(audit)
                await tell(_began(call, audit.accepted.epoch))
                try:
                    found = await self._audited(audit, call)
                except asyncio.CancelledError:
                    # It was paid until now, and nobody knows how much.
                    await tell(self._found(audit, None, "called off", Usage(cost_usd=None)))
                    raise
                await tell(found)

        async with asyncio.TaskGroup() as workers:
            for audit in drawn(told):
                workers.create_task(one(audit))

    async def _audited(self, audit: Audit, call: Call) -> Audited:
        try:
            draft = await self.pool.draft(call, _unheard)
        except Exception as error:  # foreign code: the target gave nothing to compare with
            known = error.usage if isinstance(error, DraftFailure) else None
            said = one_line(str(error) or type(error).__name__, 200)
            reason = f"the target gave no draft: {said}"
            return self._found(audit, None, reason, known or Usage(cost_usd=None))
        try:
            regression, reason = await self._compared(audit, draft)
        except Exception as error:  # doubt tells nothing
            regression, reason = None, f"the comparison broke: {one_line(str(error), 200)}"
        return self._found(audit, regression, reason, draft.usage)

    def _call(self, audit: Audit) -> Call:
        accepted, base = audit.accepted, audit.accepted.draft.patch.base
        key = call_key(
            run=self.workspace.run,
            task=audit.task,
            epoch=accepted.epoch,
            number=_NUMBER,
            stage=audit.target,
            base=base,
            findings=(),
        )
        return Call(key=key, task=audit.task, route=audit.route, stage=audit.target, base=base)

    async def _compared(self, audit: Audit, target: Draft) -> tuple[bool | None, str]:
        """Whether the draft is wrong where the target is right, and why that is thought."""
        accepted, patch = audit.accepted, target.patch
        if await self.workspace.same_tree(accepted.draft.patch.commit, patch.commit):
            return False, "the target made the same change"
        verdict = await self.judge.judge(
            audit.task,
            audit.route,
            target,
            commit=patch.commit,
            base=patch.base,
            verifiers=tuple(one for one in accepted.verifiers if one in RUN) or ("tests",),
        )
        if not verdict.accepted:
            told = None if verdict.undecided else False
            return told, f"the target's own work was not accepted: {verdict.reason}"
        if not (tests := self._tests(patch)):
            return None, "the target wrote no test that could tell the two apart"
        return await self._held(audit, target, tests)

    async def _held(
        self, audit: Audit, target: Draft, tests: tuple[str, ...]
    ) -> tuple[bool | None, str]:
        """Whether the target's tests hold for the draft, its own work being the base."""
        draft = audit.accepted.draft
        async with self.workspace.fork(draft.patch.commit) as fork:
            await _overlay(fork, target.patch, tests)
            crossed = await self.workspace.capture(fork)
        verdict = await self.judge.judge(
            audit.task,
            audit.route,
            draft,
            commit=crossed.commit,
            base=target.patch.commit,
            verifiers=("tests",),
        )
        if verdict.accepted:
            return False, f"it passes the target's tests: {verdict.reason}"
        told = None if verdict.undecided else True
        return told, f"with the target's tests: {verdict.reason}"

    @staticmethod
    def _tests(patch: Patch) -> tuple[str, ...]:
        paths = tuple(change.path for change in patch.changes)
        files = TestFiles(paths)
        return tuple(path for path in paths if path in files)

    @staticmethod
    def _found(audit: Audit, regression: bool | None, reason: str, usage: Usage) -> Audited:
        accepted = audit.accepted
        return Audited(
            task=accepted.task,
            epoch=accepted.epoch,
            regression=regression,
            reason=one_line(reason, 400),
            usage=usage,
        )


def drawn(facts: Iterable[Fact]) -> tuple[Audit, ...]:
    """The audits that are still to be made: of drafts that were drawn and committed."""
    told = tuple(facts)
    tasks = {task.id: task for one in told if isinstance(one, RunStarted) for task in one.tasks}
    routed = {one.task: one for one in told if isinstance(one, Routed)}
    accepted = {(one.task, one.epoch): one for one in told if isinstance(one, Accepted)}
    done = {(one.task, one.epoch) for one in told if isinstance(one, Committed)}
    ended = {(one.task, one.epoch) for one in told if isinstance(one, Audited)}
    found: dict[tuple[str, int], Audit] = {}
    for one in told:
        at = getattr(one, "task", None), getattr(one, "epoch", None)
        if not isinstance(one, Sampled) or not one.drawn or at not in done or at in ended:
            continue
        cascade = routed[one.task].cascade
        if cascade and cascade.stages[-1].tier is Tier.TARGET:
            found[one.task, one.epoch] = Audit(
                task=tasks[one.task],
                route=routed[one.task].route,
                target=cascade.stages[-1],
                accepted=accepted[one.task, one.epoch],
            )
    return tuple(found.values())


def _began(call: Call, epoch: int) -> AuditBegan:
    return AuditBegan(task=call.task.id, epoch=epoch, executor=call.stage.executor, call=call.key)


async def _overlay(fork: Fork, patch: Patch, paths: tuple[str, ...]) -> None:
    """Puts files of a patch into a fork as they are after it."""
    gone = [one.path for one in patch.changes if one.status == "D" and one.path in paths]
    if there := [path for path in paths if path not in gone]:
        await fork.git.ask("checkout", patch.commit, "--", *there)
    if gone:
        await fork.git.ask("rm", "--quiet", "--ignore-unmatch", "--", *gone)


async def _unheard(_: Proposal) -> None:
    """An audit's answer is told as a whole, with what it found."""
