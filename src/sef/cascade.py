"""One task: draft, verify, accept, else defer to the next stage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sef.errors import DraftFailure, GitError, JournalError
from sef.events import (
    Accepted,
    Answered,
    Dispatched,
    Drafted,
    Exhausted,
    Failed,
    Rejected,
    TaskFact,
)
from sef.keys import call_key
from sef.model import Cascade, Draft, Evidence, Proposal, Route, Task, Tier, Usage, Verdict
from sef.protocols import Call, Case, Clock, Pool, Verifier
from sef.recall import Reached
from sef.text import one_line, sentences
from sef.workspace import Workspace

Tell = Callable[[TaskFact], Awaitable[None]]
"""Takes a fact; returns when it may be acted on: a call's beginning and end are then durable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeRunner:
    """Runs cascades: `settle` for one task, `judge` for one tree."""

    workspace: Workspace
    pool: Pool
    verifiers: Mapping[str, Verifier]
    clock: Clock

    async def settle(
        self,
        task: Task,
        route: Route,
        cascade: Cascade,
        *,
        epoch: int,
        base: str,
        tell: Tell,
        reached: tuple[Reached, ...] = (),
    ) -> None:
        """Tries the stages in order until a draft is accepted; ends with Accepted or Exhausted.

        Stages that an interrupted run had `reached` are taken from there: what was answered is
        not asked again.
        """
        findings: tuple[str, ...] = ()
        for number, stage in enumerate(cascade.stages):
            before = reached[number] if number < len(reached) else None
            call = Call(
                key=call_key(
                    run=self.workspace.run,
                    task=task,
                    epoch=epoch,
                    number=number,
                    stage=stage,
                    base=base,
                    findings=findings,
                ),
                task=task,
                route=route,
                stage=stage,
                base=base,
                findings=findings,
            )
            fact = await _Trial(self, call, epoch, number, tell).run(before)
            if isinstance(fact, Accepted):
                return
            findings = (*findings, _finding(fact))
        await tell(Exhausted(task=task.id, epoch=epoch, reason=findings[-1]))

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
            reason=_with_gaps(verdict, evidence),
            evidence=evidence,
            seconds=self.clock.now() - started,
        )


@dataclass(frozen=True, slots=True)
class _Trial:
    """One stage of one task."""

    runner: CascadeRunner
    call: Call
    epoch: int
    number: int
    tell: Tell

    async def run(self, before: Reached | None) -> Accepted | Rejected | Failed:
        """Drafts and judges, as far as that was not done before; how it ended is told."""
        if before and before.ending:
            return before.ending
        draft = await self._recovered(before) if before else None
        if draft is None:
            drafted = await self._draft(told=before is not None)
            if isinstance(drafted, Failed):
                return drafted
            draft = drafted
        verdict = await self._judge(draft)
        fact = self._accepted(draft, verdict) if verdict.accepted else self._rejected(verdict)
        await self.tell(fact)
        return fact

    async def _recovered(self, before: Reached) -> Draft | None:
        """The draft that was paid before an interruption, as far as git still has it."""
        draft = before.draft
        if draft is None and before.proposal is not None:
            draft = await self.runner.pool.recover(self.call, before.proposal)
            if draft is not None:
                await self.tell(self._drafted(draft))
        kept = draft is not None and await self.runner.workspace.has(draft.patch.commit)
        return draft if kept else None

    async def _draft(self, *, told: bool) -> Draft | Failed:
        """One call: its beginning is durable before, its end before anybody sees it."""
        if not told:
            await self.tell(self._dispatched())
        started = self.runner.clock.now()
        try:
            draft = await self.runner.pool.draft(self.call, self._answered)
        except JournalError:
            raise
        except Exception as error:  # an executor is foreign code: whatever it raises is a failure
            failed = self._failed(error, self.runner.clock.now() - started)
            await self.tell(failed)
            return failed
        await self.tell(self._drafted(draft))
        return draft

    async def _judge(self, draft: Draft) -> Verdict:
        if self.call.stage.tier is Tier.NONE:
            return Verdict(accepted=True, reason="computed, not drafted")
        try:
            return await self.runner.judge(
                self.call.task,
                self.call.route,
                draft,
                commit=draft.patch.commit,
                base=draft.patch.base,
                verifiers=self.call.stage.verifiers,
            )
        except Exception as error:  # doubt rejects
            reason = f"the verification broke: {_reason(error)}"
            return Verdict(accepted=False, undecided=True, reason=reason)

    # -- what is told --------------------------------------------------------------------------

    async def _answered(self, proposal: Proposal) -> None:
        if self.call.stage.tier is not Tier.NONE:
            fact = Answered(
                task=self.call.task.id, epoch=self.epoch, call=self.call.key, proposal=proposal
            )
            await self.tell(fact)

    def _dispatched(self) -> Dispatched:
        return Dispatched(
            task=self.call.task.id,
            epoch=self.epoch,
            stage=self.number,
            executor=self.call.stage.executor,
            tier=self.call.stage.tier,
            base=self.call.base,
            call=self.call.key,
        )

    def _drafted(self, draft: Draft) -> Drafted:
        return Drafted(
            task=self.call.task.id,
            epoch=self.epoch,
            executor=self.call.stage.executor,
            tier=self.call.stage.tier,
            draft=draft,
        )

    def _failed(self, error: Exception, seconds: float) -> Failed:
        return Failed(
            task=self.call.task.id,
            epoch=self.epoch,
            executor=self.call.stage.executor,
            tier=self.call.stage.tier,
            reason=_reason(error),
            usage=_spent(error, self.call.stage.tier, seconds),
        )

    def _rejected(self, verdict: Verdict) -> Rejected:
        return Rejected(
            task=self.call.task.id,
            epoch=self.epoch,
            executor=self.call.stage.executor,
            tier=self.call.stage.tier,
            verdict=verdict,
        )

    def _accepted(self, draft: Draft, verdict: Verdict) -> Accepted:
        return Accepted(
            task=self.call.task.id,
            epoch=self.epoch,
            executor=self.call.stage.executor,
            tier=self.call.stage.tier,
            draft=draft,
            verdict=verdict,
            verifiers=self.call.stage.verifiers,
        )


async def _verdict(name: str, verifier: Verifier, case: Case) -> Verdict:
    try:
        return await verifier.verify(case)
    except Exception as error:  # doubt rejects: a verifier that breaks has not accepted
        reason = f"{name} could not decide: {_reason(error)}"
        evidence = (Evidence(verifier=name, passed=None, detail=reason),)
        return Verdict(accepted=False, undecided=True, reason=reason, evidence=evidence)


def _with_gaps(verdict: Verdict, evidence: tuple[Evidence, ...]) -> str:
    """The reason, and of an accepted draft also what nobody could judge."""
    if not verdict.accepted:
        return verdict.reason
    gaps = [one for one in evidence if one.passed is None and one.detail not in verdict.reason]
    gaps = [one for one in gaps if not one.detail.endswith("the project has none")]
    return "; ".join([verdict.reason, *(f"{one.verifier}: {one.detail}" for one in gaps)])


def _spent(error: Exception, tier: Tier, seconds: float) -> Usage:
    """What a failed attempt used up, as far as it is known."""
    known = error.usage if isinstance(error, DraftFailure) else None
    return known or Usage(cost_usd=Decimal(0) if tier is Tier.NONE else None, seconds=seconds)


def _finding(fact: Rejected | Failed) -> str:
    reason = fact.reason if isinstance(fact, Failed) else fact.verdict.reason
    what = "failed" if isinstance(fact, Failed) else "was rejected"
    return f"{fact.executor} {what}: {reason}"


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "its deadline passed"
    if isinstance(error, DraftFailure | GitError):
        return one_line(sentences(str(error)), 400)
    return one_line(f"it crashed: {type(error).__name__}: {error}", 400)
