"""One task: draft, verify, accept, else defer to the next stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sef.advice import Advice
from sef.events import Accepted, Drafted, Exhausted, Failed, Rejected, TaskFact
from sef.handover import COLD, WARM, note
from sef.hedging import Ending, Hedge, Tell
from sef.judging import Judge
from sef.keys import call_key
from sef.model import Cascade, Patch, Route, Task, Tier
from sef.protocols import Call, Clock, Pool
from sef.reasons import ended
from sef.recall import Reached
from sef.sampling import sample
from sef.trial import Trial
from sef.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeRunner:
    """Runs cascades: `settle` for one task."""

    workspace: Workspace
    pool: Pool
    judge: Judge
    clock: Clock
    audit: float = 0.0
    """The least probability with which an accepted draft is audited; 0: none is."""
    warm: bool = True
    """False keeps what became of earlier drafts from the stages after them."""

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
        rank: int = 0,
        advised: Mapping[str, Advice] = MappingProxyType({}),
    ) -> None:
        """Tries the stages in order until a draft is accepted; ends with Accepted or Exhausted.

        Stages that an interrupted run had `reached` are taken from there: what was answered is
        not asked again, nor is what verifiers were `advised`.
        """
        left: dict[str, Patch] = {}

        async def hear(fact: TaskFact) -> None:
            if isinstance(fact, Drafted):
                left[fact.executor] = fact.draft.patch
            await tell(fact)

        for stage, before in zip(cascade.stages, reached, strict=False):
            if before.draft is not None:
                left[stage.executor] = before.draft.patch
        about = _Errand(self, task, route, cascade, epoch, base, hear, reached, rank, advised)
        findings: tuple[str, ...] = ()
        number, why = 0, ""
        while number < len(cascade.stages):
            tried = await self._tried(about, number, findings)
            for fact in tried:
                if isinstance(fact, Accepted):
                    await self._sample(about, fact)
                    return
                findings += await self._handed_over(fact, left)
                about.remember(fact, left)
                why = ended(fact)
            number += len(tried)
        await tell(Exhausted(task=task.id, epoch=epoch, reason=why))

    async def _handed_over(
        self, fact: Rejected | Failed, left: Mapping[str, Patch]
    ) -> tuple[str, ...]:
        """The note for the next stage on an attempt that was not accepted."""
        if not self.warm:
            return ()
        patch = fact.partial if isinstance(fact, Failed) else left.get(fact.executor)
        return (note(fact, await self.workspace.diff(patch) if patch else ""),)

    async def _tried(
        self, about: _Errand, number: int, findings: tuple[str, ...]
    ) -> tuple[Ending, ...]:
        """How the stage ended; where the next one began beside it, how both did."""
        alone = about.trial(number, findings)
        after_s = about.cascade.stages[number].hedge_s
        if after_s is None or number + 1 == len(about.cascade.stages):
            return (await alone.run(about.before(number)),)
        hedge = Hedge(self.clock, about.tell)
        beside = about.trial(number + 1, (), hedge.tell_second)
        return await hedge.run(
            replace(alone, tell=hedge.tell_first).run(about.before(number)),
            lambda: beside.run(about.before(number + 1)),
            0.0 if about.was_hedged(number + 1) else after_s,
        )

    async def _sample(self, about: _Errand, fact: Accepted) -> None:
        """Draws whether a draft below the target is audited; no test tells two answers apart."""
        below = Tier.NONE < fact.tier < about.cascade.stages[-1].tier
        if self.audit and below and about.route.kind.writes:
            run = self.workspace.run
            await about.tell(sample(run, about.route, fact, self.judge.known, self.audit))


@dataclass(frozen=True, slots=True)
class _Errand:
    """One task in one epoch, and how far an interrupted run had come with it."""

    runner: CascadeRunner
    task: Task
    route: Route
    cascade: Cascade
    epoch: int
    base: str
    tell: Tell
    reached: tuple[Reached, ...]
    rank: int
    advised: Mapping[str, Advice]
    rejected: list[Patch] = field(default_factory=list)
    """Drafts that were not accepted, in the order of their stages."""

    def remember(self, fact: Rejected | Failed, left: Mapping[str, Patch]) -> None:
        """Keeps a draft that was rejected; one that was only doubted was not found wrong."""
        rejected = isinstance(fact, Rejected) and not fact.verdict.doubted
        if rejected and fact.executor in left:
            self.rejected.append(left[fact.executor])

    def before(self, number: int) -> Reached | None:
        return self.reached[number] if number < len(self.reached) else None

    def was_hedged(self, number: int) -> bool:
        """True where the stage had begun beside the one before it."""
        before = self.before(number)
        return before is not None and before.call == self._call(number, ()).key

    def trial(self, number: int, findings: tuple[str, ...], tell: Tell | None = None) -> Trial:
        # What began beside the draft was asked before there were findings.
        findings = () if self.was_hedged(number) else findings
        call = self._call(number, findings)
        return Trial(
            workspace=self.runner.workspace,
            pool=self.runner.pool,
            judge=self.runner.judge,
            clock=self.runner.clock,
            call=call,
            epoch=self.epoch,
            number=number,
            tell=tell or self.tell,
            advised=self.advised,
            handover=(WARM if findings else COLD) if number else "",
            earlier=tuple(self.rejected),
        )

    def _call(self, number: int, findings: tuple[str, ...]) -> Call:
        stage = self.cascade.stages[number]
        key = call_key(
            run=self.runner.workspace.run,
            task=self.task,
            epoch=self.epoch,
            number=number,
            stage=stage,
            base=self.base,
            findings=findings,
        )
        return Call(
            key=key,
            task=self.task,
            route=self.route,
            stage=stage,
            base=self.base,
            findings=findings,
            rank=self.rank,
        )
