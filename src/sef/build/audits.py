"""Audits of drafts that were accepted in a host, made when a person asks for them.

A hook spends no money of its own, so there a draft is only drawn; here the target does its task.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from sef.auditor import Auditor
from sef.build.checking import check_runner, verifiers
from sef.build.engines import promise
from sef.build.executors import Crew
from sef.build.hands import open_crew
from sef.build.places import WallClock, make_scratch, open_journal, repository_config
from sef.calibration import unaudited
from sef.cleanup import release
from sef.config import Config
from sef.errors import UsageError
from sef.events import AuditBegan, Audited, Fact, Recorded, Routed, TaskFact, is_paid
from sef.executors.wrappers import Budget
from sef.journal import Journal, RunJournal
from sef.judging import Judge
from sef.learning import ALL, learned, past_runs
from sef.model import Tier, Usage
from sef.owner import NOBODY, this_process
from sef.policy import pick
from sef.pools.local import LocalPool
from sef.record import Record
from sef.repository import Repository, find_repository
from sef.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What became of one audit."""

    run: str
    audited: Audited | None
    """None where it was not made."""
    reason: str


async def make_audits(
    start: Path, *, config: Path | None = None, budget_usd: Decimal | None = None
) -> AsyncGenerator[Found]:
    """Makes the audits that were drawn, one after the other, and tells what each found.

    One that was cut off is not paid again. Once the budget, that of the settings by default, is
    spent, the rest wait on. Raises RepositoryError, ConfigError, JournalError, and
    UsageError where there is no target, or where audits are being made already.
    """
    repository = await find_repository(start)
    settings = repository_config(repository, config)
    with closing(open_journal(repository)) as journal, _alone(repository):
        past = past_runs(journal, ALL)
        if not (waiting := unaudited(past)):
            return
        most = settings.budget_usd if budget_usd is None else budget_usd
        budget = None if most is None else Budget(most)
        for run in waiting:
            if budget and budget.spent_usd >= budget.limit_usd:
                reason = f"the budget of ${budget.limit_usd} is used up: it waits"
                yield Found(run=run, audited=None, reason=reason)
                continue
            scratch = make_scratch(repository, run)
            try:
                async with open_crew(settings, repository.root, scratch, budget=budget) as hands:
                    desk = _Desk(repository, settings, journal, hands, scratch)
                    yield await desk.audit(run)
            finally:
                await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where one audit is made."""

    repository: Repository
    settings: Config
    journal: Journal
    hands: Crew
    scratch: Path

    async def audit(self, run: str) -> Found:
        recorded = self.journal.recorded(run)
        facts = tuple(one.fact for one in recorded)
        if begun := next((one for one in facts if isinstance(one, AuditBegan)), None):
            await self._give_up(run, begun)
            return Found(run=run, audited=None, reason="it was begun and cut off: not paid again")
        workspace = Workspace(self.repository, run=run, scratch=self.scratch)
        patch = next(one.draft.patch for one in facts if hasattr(one, "draft"))
        if not (await workspace.has(patch.base) and await workspace.has(patch.commit)):
            return Found(run=run, audited=None, reason="git does not hold the draft any more")
        await workspace.reopen(patch.base)
        self.journal.begin(run, this_process())
        try:
            (found,) = await self._made(run, workspace, recorded)
        finally:
            self.journal.begin(run, NOBODY)
        await release(self.repository, run)
        return Found(run=run, audited=found, reason=found.reason)

    async def _give_up(self, run: str, begun: AuditBegan) -> None:
        """It waits no longer: it was paid in part, and nobody knows how much."""
        unknown = Usage(cost_usd=None)
        found = Audited(
            task=begun.task, epoch=begun.epoch, regression=None, reason="cut off", usage=unknown
        )
        ledger = RunJournal(self.journal, run, self.hands.redaction.of)
        ledger.append(Recorded(fact=found, seconds=0.0))
        await ledger.settled()
        await release(self.repository, run)

    async def _made(
        self, run: str, workspace: Workspace, recorded: Sequence[Recorded]
    ) -> list[Audited]:
        ledger = RunJournal(self.journal, run, self.hands.redaction.of)
        record = Record(ledger, (), WallClock())
        record.recall(recorded)
        found: list[Audited] = []

        async def tell(fact: TaskFact) -> None:
            await record.take_durably(fact) if is_paid(fact) else record.take(fact)
            if isinstance(fact, Audited):
                found.append(fact)

        await self._auditor(workspace).run(self._with_target(record.facts), tell)
        return found

    def _auditor(self, workspace: Workspace) -> Auditor:
        runner = check_runner(self.repository, self.settings, self.scratch)
        judge = Judge(
            workspace=workspace,
            verifiers=verifiers(runner, workspace, self.repository),
            clock=WallClock(),
            known=learned(self.journal, past_runs(self.journal), promise(self.settings)),
        )
        pool = LocalPool(workspace, self.hands.executors)
        return Auditor(workspace=workspace, pool=pool, judge=judge)

    def _with_target(self, facts: Iterable[Fact]) -> Iterator[Fact]:
        """The run as if its target were one that can be asked, not the host's conversation."""
        target = self.hands.tiers.get(Tier.TARGET)
        if target is None:
            why = "; ".join(self.hands.problems) or "none is configured"
            raise UsageError(
                f"there is no target to audit with: {why}", hint="sef doctor tells what there is."
            )
        for fact in facts:
            if isinstance(fact, Routed) and fact.cascade:
                policy = pick(self.settings.policy, fact.route)
                last = replace(
                    fact.cascade.stages[-1],
                    executor=target,
                    effort=policy.target_effort,
                    verifiers=("applies", "bounds", "trust"),
                    deadline_s=policy.deadline_s,
                )
                stages = (*fact.cascade.stages[:-1], last)
                yield replace(fact, cascade=replace(fact.cascade, stages=stages))
            else:
                yield fact


@contextmanager
def _alone(repository: Repository) -> Iterator[None]:
    """One process at a time, so that no audit is paid twice. Raises UsageError."""
    place = repository.common_dir / "sef" / "audits.lock"
    file = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UsageError(
            "audits are being made in another process", hint="Wait for it to end."
        ) from None
    finally:
        os.close(file)
