"""One task: draft, verify, accept, else defer to the next stage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sef.errors import DraftFailure, GitError
from sef.events import (
    Accepted,
    Dispatched,
    Drafted,
    Exhausted,
    Failed,
    Rejected,
    TaskFact,
)
from sef.model import (
    Cascade,
    Checkout,
    Draft,
    Evidence,
    Patch,
    Proposal,
    Route,
    Stage,
    Task,
    Tier,
    Usage,
    Verdict,
)
from sef.protocols import Assignment, Case, Clock, Executor, Verifier
from sef.text import one_line
from sef.workspace import Workspace

Emit = Callable[[TaskFact], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeRunner:
    """Runs cascades: `settle` for one task, `judge` for one tree."""

    workspace: Workspace
    executors: Mapping[str, Executor]
    verifiers: Mapping[str, Verifier]
    clock: Clock

    async def settle(
        self, task: Task, route: Route, cascade: Cascade, *, epoch: int, base: str, emit: Emit
    ) -> None:
        """Tries the stages in order until a draft is accepted; ends with Accepted or Exhausted."""
        findings: tuple[str, ...] = ()
        for stage in cascade.stages:
            emit(
                Dispatched(
                    task=task.id, epoch=epoch, executor=stage.executor, tier=stage.tier, base=base
                )
            )
            trial = _Trial(self, task, route, stage, base, findings)
            fact = await trial.run(epoch, emit)
            emit(fact)
            if isinstance(fact, Accepted):
                return
            findings = (*findings, _finding(fact))
        emit(Exhausted(task=task.id, epoch=epoch, reason=findings[-1]))

    async def judge(
        self,
        task: Task,
        route: Route,
        draft: Draft,
        *,
        commit: str,
        base: str,
        verifiers: tuple[str, ...],
    ) -> Verdict:
        """Runs the named verifiers on a fresh fork of `commit` until one does not accept.

        `base` is the commit that the tree must not be worse than.
        """
        started = self.clock.now()
        evidence: tuple[Evidence, ...] = ()
        verdict = Verdict(accepted=False, undecided=True, reason="no verifier was asked")
        async with self.workspace.fork(commit) as fork:
            case = Case(task=task, route=route, draft=draft, checkout=fork.checkout, base=base)
            for name in verifiers:
                verdict = await _verdict(name, self.verifiers[name], case)
                evidence = (*evidence, *verdict.evidence)
                if not verdict.accepted:
                    break
        return Verdict(
            accepted=verdict.accepted,
            undecided=verdict.undecided,
            reason=verdict.reason,
            evidence=evidence,
            seconds=self.clock.now() - started,
        )


@dataclass(frozen=True, slots=True)
class _Trial:
    """One stage of one task."""

    runner: CascadeRunner
    task: Task
    route: Route
    stage: Stage
    base: str
    findings: tuple[str, ...]

    async def run(self, epoch: int, emit: Emit) -> Accepted | Rejected | Failed:
        """Drafts and judges; every way in which that can go wrong is a fact."""
        started = self.runner.clock.now()
        try:
            draft = await self._draft()
        except Exception as error:  # an executor is foreign code: whatever it raises is a failure
            usage = self._spent(error, self.runner.clock.now() - started)
            return Failed(
                task=self.task.id,
                epoch=epoch,
                executor=self.stage.executor,
                tier=self.stage.tier,
                reason=_reason(error),
                usage=usage,
            )
        emit(
            Drafted(
                task=self.task.id,
                epoch=epoch,
                executor=self.stage.executor,
                tier=self.stage.tier,
                draft=draft,
            )
        )
        try:
            verdict = await self._judge(draft)
        except Exception as error:  # doubt rejects
            reason = f"the verification broke: {_reason(error)}"
            verdict = Verdict(accepted=False, undecided=True, reason=reason)
        if not verdict.accepted:
            return Rejected(
                task=self.task.id,
                epoch=epoch,
                executor=self.stage.executor,
                tier=self.stage.tier,
                verdict=verdict,
            )
        return Accepted(
            task=self.task.id,
            epoch=epoch,
            executor=self.stage.executor,
            tier=self.stage.tier,
            draft=draft,
            verdict=verdict,
            verifiers=self.stage.verifiers,
        )

    async def _draft(self) -> Draft:
        async with asyncio.timeout(self.stage.deadline_s):
            if self.stage.tier is Tier.NONE and self.base == self.runner.workspace.base:
                return await self._read(self.runner.workspace.user_checkout())
            async with self.runner.workspace.fork(self.base) as fork:
                proposal = await self._propose(fork.checkout)
                patch = await self.runner.workspace.capture(fork)
        return Draft(answer=proposal.answer, patch=patch, usage=proposal.usage)

    async def _read(self, checkout: Checkout) -> Draft:
        proposal = await self._propose(checkout)
        patch = Patch(base=self.base, commit=self.base)
        return Draft(answer=proposal.answer, patch=patch, usage=proposal.usage)

    async def _propose(self, checkout: Checkout) -> Proposal:
        assignment = Assignment(
            task=self.task,
            route=self.route,
            checkout=checkout,
            effort=self.stage.effort,
            findings=self.findings,
        )
        return await self.runner.executors[self.stage.executor].execute(assignment)

    async def _judge(self, draft: Draft) -> Verdict:
        if self.stage.tier is Tier.NONE:
            return Verdict(accepted=True, reason="computed, not drafted")
        return await self.runner.judge(
            self.task,
            self.route,
            draft,
            commit=draft.patch.commit,
            base=draft.patch.base,
            verifiers=self.stage.verifiers,
        )

    def _spent(self, error: Exception, seconds: float) -> Usage:
        """What a failed attempt used up, as far as it is known."""
        known = error.usage if isinstance(error, DraftFailure) else None
        free = Decimal(0) if self.stage.tier is Tier.NONE else None
        return known or Usage(cost_usd=free, seconds=seconds)


async def _verdict(name: str, verifier: Verifier, case: Case) -> Verdict:
    try:
        return await verifier.verify(case)
    except Exception as error:  # doubt rejects: a verifier that breaks has not accepted
        reason = f"{name} could not decide: {_reason(error)}"
        evidence = (Evidence(verifier=name, passed=None, detail=reason),)
        return Verdict(accepted=False, undecided=True, reason=reason, evidence=evidence)


def _finding(fact: Rejected | Failed) -> str:
    reason = fact.reason if isinstance(fact, Failed) else fact.verdict.reason
    what = "failed" if isinstance(fact, Failed) else "was rejected"
    return f"{fact.executor} {what}: {reason}"


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "its deadline passed"
    if isinstance(error, DraftFailure | GitError):
        return one_line(str(error), 400)
    return one_line(f"it crashed: {type(error).__name__}: {error}", 400)
