"""One stage of one task: a call, its draft, the verdict on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sef.advice import Advice
from sef.desk import TaskDesk
from sef.errors import DraftFailure, GitError, JournalError
from sef.events import Accepted, Answered, Dispatched, Drafted, Failed, Rejected
from sef.glances import GLANCED, Glances
from sef.hedging import Ending, Tell
from sef.judging import Judge
from sef.model import Answer, Draft, Patch, Proposal, Tier, Usage, Verdict
from sef.protocols import Call, Clock, Pool
from sef.reasons import HOPELESS, STOPPED, reason_of, spent
from sef.recall import Reached
from sef.steps import Reporting, Step, Steps, fact_of
from sef.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One stage of one task."""

    workspace: Workspace
    pool: Pool
    judge: Judge
    clock: Clock
    call: Call
    epoch: int
    number: int
    tell: Tell
    advised: Mapping[str, Advice] = field(default_factory=lambda: MappingProxyType({}))
    """What verifiers were told before an interruption."""
    handover: str = ""
    """See `Dispatched`."""
    earlier: tuple[Patch, ...] = ()
    """Drafts of earlier stages that were rejected."""

    async def run(self, before: Reached | None) -> Ending:
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
            draft = await self.pool.recover(self.call, before.proposal)
            if draft is not None:
                await self.tell(self._drafted(draft))
        kept = draft is not None and await self.workspace.has(draft.patch.commit)
        return draft if kept else None

    async def _draft(self, *, told: bool) -> Draft | Failed:
        """One call: its beginning is durable before, its end before anybody sees it."""
        if not told:
            await self.tell(self._dispatched())
        started, steps = self.clock.now(), Steps()
        try:
            draft = await self.pool.draft(self.call, self._answered, self._reporting(steps))
        except JournalError:
            raise
        except Exception as error:  # an executor is foreign code: whatever it raises is a failure
            failed = self._failed(error, self.clock.now() - started, steps.usage)
            await self.tell(failed)
            return failed
        await self.tell(self._drafted(draft))
        return draft

    def _reporting(self, steps: Steps) -> Reporting:
        """Tells each step, and stops a draft that is no longer worth its rest."""
        most = self.call.stage.most_requests
        glances = Glances(self._glance)

        async def report(step: Step) -> None:
            taken = steps.take(step)
            await self.tell(
                fact_of(taken, task=self.call.task.id, epoch=self.epoch, call=self.call.key)
            )
            if most is not None and len(steps.models) > most:
                raise DraftFailure(f"{STOPPED}: more than {most}", usage=steps.usage)
            if why := await glances.hopeless(step):
                raise DraftFailure(f"{HOPELESS}: {why}", usage=steps.usage)

        return report

    async def _glance(self) -> Verdict | None:
        """What verifiers that only read say of the draft as it is now; None where nobody looks."""
        if self.call.stage.tier in (Tier.NONE, Tier.TARGET):
            return None
        try:
            patch = await self.pool.glance(self.call)
            return await self._glanced(patch) if patch and not patch.empty else None
        except GitError:  # a file that is half written may be none; the end is judged all the same
            return None

    async def _glanced(self, patch: Patch) -> Verdict:
        unsaid = Draft(answer=Answer(text=""), patch=patch, usage=Usage(cost_usd=None))
        return await self.judge.judge(
            self.call.task,
            self.call.route,
            unsaid,
            commit=patch.commit,
            base=patch.base,
            verifiers=tuple(one for one in self.call.stage.verifiers if one in GLANCED),
        )

    async def _judge(self, draft: Draft) -> Verdict:
        if self.call.stage.tier is Tier.NONE:
            return Verdict(accepted=True, reason="computed, not drafted")
        stage, route = self.call.stage, self.call.route
        desk = TaskDesk(self.call.task.id, self.epoch, self.tell, self.advised)
        try:
            verdict = await self.judge.judge(
                self.call.task,
                route,
                draft,
                commit=draft.patch.commit,
                base=draft.patch.base,
                verifiers=stage.verifiers,
                desk=desk,
                drafter=stage.executor,
                rank=self.call.rank,
                earlier=self.earlier,
            )
        except JournalError:
            raise
        except Exception as error:  # doubt rejects
            reason = f"the verification broke: {reason_of(error)}"
            return Verdict(accepted=False, undecided=True, reason=reason, cost_usd=desk.cost_usd)
        return self.judge.weighed(route, verdict) if stage.tier < Tier.TARGET else verdict

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
            handover=self.handover,
        )

    def _drafted(self, draft: Draft) -> Drafted:
        return Drafted(
            task=self.call.task.id,
            epoch=self.epoch,
            executor=self.call.stage.executor,
            tier=self.call.stage.tier,
            draft=draft,
        )

    def _failed(self, error: Exception, seconds: float, steps: Usage | None) -> Failed:
        return Failed(
            task=self.call.task.id,
            epoch=self.epoch,
            executor=self.call.stage.executor,
            tier=self.call.stage.tier,
            reason=reason_of(error),
            usage=spent(error, self.call.stage.tier, seconds, steps),
            partial=error.partial if isinstance(error, DraftFailure) else None,
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
