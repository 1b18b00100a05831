"""Many tasks: obey the schedule, feed it facts.

run
|-- route every task (a resumed run: as it was routed then)
|-- obey(schedule.begin()), or after a replay of the old facts obey(schedule.resume())
|-- until the schedule is done: obey(schedule.handle(next fact))
|     |-- Start        -> a worker that settles the task's cascade
|     |-- Commit       -> a worker that merges, checks what the merge made new, and lands
|     |-- Squash, Stop -> the task's worker is cancelled
|     `-- Block        -> the fact that a task will not start
`-- what became of each task is a fold over the facts
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from sef.auditor import Auditor
from sef.cascade import CascadeRunner
from sef.commands import Block, Command, Commit, Squash, Start, Stop
from sef.events import (
    Accepted,
    Applied,
    Blocked,
    Cancelled,
    Committed,
    Exhausted,
    Fact,
    Recorded,
    Resumed,
    Routed,
    RunFinished,
    RunStarted,
    TaskFact,
    is_paid,
)
from sef.judging import Judge
from sef.landing import Landing
from sef.metrics import cost
from sef.model import Resource, Route, Task
from sef.parts import Parts
from sef.plan import Plan
from sef.policy import AUTO, Decider, pick
from sef.recall import advised, in_flight, planned, reached
from sef.record import Record
from sef.sampling import expected
from sef.schedule import Schedule
from sef.workspace import Workspace


class Engine:
    """Runs one plan in one workspace, once."""

    def __init__(
        self, parts: Parts, workspace: Workspace, *, policy: str = AUTO, slots: int | None = None
    ) -> None:
        self._parts = parts
        self._workspace = workspace
        self._policy = policy
        self._slots = slots
        judge = Judge(
            workspace=workspace,
            verifiers=parts.verifiers,
            clock=parts.clock,
            known=parts.known,
            settled=parts.settled,
        )
        self._cascades = CascadeRunner(
            workspace=workspace,
            pool=parts.pool,
            judge=judge,
            clock=parts.clock,
            audit=parts.audit,
            warm=parts.handover,
        )
        self._auditor = Auditor(workspace=workspace, pool=parts.pool, judge=judge)
        self._landing = Landing(workspace, judge)
        self._record = Record(parts.ledger, parts.sinks, parts.clock)
        self._inbox: asyncio.Queue[Fact] = asyncio.Queue()
        self._accepted: dict[str, Accepted] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._resumed = False
        self._ranks: Mapping[str, int] = {}

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Everything told so far."""
        return self._record.facts

    def route(self, plan: Plan) -> Mapping[str, Routed]:
        """Where each task would go; nothing is run."""
        decider = Decider(
            policy=self._policy,
            executors=self._parts.tiers,
            known=self._parts.known,
            rule=self._parts.rule,
            verify=expected(self._parts.audit),
            allowance_usd=self._parts.allowance_usd,
            usd_per_hour=self._parts.usd_per_hour,
            wanting=self._parts.wanting,
            asked=self._parts.asked,
        )
        routes = ((task, self._parts.router.route(task)) for task in plan.tasks)
        return {routed.task: routed for routed in decider.decide(routes)}

    def cancel(self, task: str) -> None:
        """Calls one task off, and with it those that need it; the rest goes on."""
        self._tell(Cancelled(task=task))

    async def run(self, plan: Plan, *, apply: bool = False) -> tuple[Fact, ...]:
        """Runs the plan to its end and returns every fact, the last one RunFinished.

        Cancelling it kills what runs, removes the forks and leaves the facts told so far with
        the sinks and the ledger. Raises ApplyConflict when `apply` does not fit the user's tree
        (what was accepted is then on the branch all the same), JournalError when the ledger
        fails.
        """
        routes = self.route(plan)
        self._parts.prepare(routes.values())
        slots = self._slots or max(self._slots_of(routed) for routed in routes.values())
        self._tell(
            RunStarted(
                run=self._workspace.run,
                base=self._workspace.base,
                dirty=self._workspace.dirty,
                tasks=plan.tasks,
                slots=slots,
                audit=self._parts.audit,
                sandbox=self._parts.sandbox,
                found=self._parts.found,
            )
        )
        for routed in routes.values():
            self._tell(routed)
        schedule = self._schedule(plan, routes, slots)
        return await self._finish(plan, routes, schedule, schedule.begin(), apply=apply)

    async def resume(self, past: Sequence[Recorded], *, apply: bool = False) -> tuple[Fact, ...]:
        """Goes on with an interrupted run from its facts; what was answered is not asked again."""
        before = [one for one in past if not isinstance(one.fact, Cancelled | RunFinished)]
        tasks, routes, slots = planned(one.fact for one in before)
        plan = Plan(tasks)
        schedule = self._schedule(plan, routes, slots)
        schedule.begin()
        told = {one.fact.task for one in before if isinstance(one.fact, Blocked)}
        untold: list[Command] = []
        for one in before:
            # Of what followed then, only a block that was not told leaves no other trace.
            blocks = (c for c in schedule.handle(one.fact) if isinstance(c, Block))
            untold += [block for block in blocks if block.task not in told]
            if isinstance(one.fact, Accepted):
                self._accepted[one.fact.task] = one.fact
        self._record.recall(before)
        self._resumed = True
        self._tell(Resumed(run=self._workspace.run, in_flight=in_flight(self.facts)))
        return await self._finish(
            plan, routes, schedule, [*schedule.resume(), *untold], apply=apply
        )

    # -- the loop ------------------------------------------------------------------------------

    async def _finish(
        self,
        plan: Plan,
        routes: Mapping[str, Routed],
        schedule: Schedule,
        commands: Sequence[Command],
        *,
        apply: bool,
    ) -> tuple[Fact, ...]:
        try:
            await self._obey_until_done(plan, routes, schedule, commands)
            if apply and self._workspace.landed:
                await self._workspace.apply()
                self._tell(Applied(commit=self._workspace.tip))
        except asyncio.CancelledError:
            self._tell(Cancelled())
            raise
        else:
            # Called off in its audits, a run is as complete as before them.
            await self._record.settled()
            await self._auditor.run(self.facts, self._emit)
        finally:
            self._tell(
                RunFinished(
                    run=self._workspace.run,
                    seconds=self._record.seconds,
                    branch=self._workspace.landed,
                )
            )
            await self._record.settled()
        return self.facts

    async def _obey_until_done(
        self,
        plan: Plan,
        routes: Mapping[str, Routed],
        schedule: Schedule,
        commands: Sequence[Command],
    ) -> None:
        tasks = {task.id: task for task in plan.tasks}
        async with asyncio.TaskGroup() as workers:

            def obey(commands: Iterable[Command]) -> None:
                for command in commands:
                    self._obey(command, tasks[command.task], routes[command.task], workers)

            await self._record.settled()
            obey(commands)
            while not schedule.done:
                facts = [await self._inbox.get()]
                while not self._inbox.empty():
                    facts.append(self._inbox.get_nowait())
                for fact in facts:
                    obey(schedule.handle(fact))

    def _obey(
        self, command: Command, task: Task, routed: Routed, workers: asyncio.TaskGroup
    ) -> None:
        match command:
            case Start(epoch=epoch):
                work = self._settle(task, routed, epoch)
                self._workers[task.id] = workers.create_task(work)
            case Commit(epoch=epoch) if self._accepted[task.id].draft.patch.empty:
                self._tell(Committed(task=task.id, epoch=epoch, commit=None))
            case Commit():
                work = self._commit(task, routed)
                self._workers[task.id] = workers.create_task(work)
            case Squash() | Stop():
                self._workers[task.id].cancel()
            case Block(reason=reason):
                self._tell(Blocked(task=task.id, reason=reason))

    async def _settle(self, task: Task, routed: Routed, epoch: int) -> None:
        if routed.cascade is None:
            await self._emit(Exhausted(task=task.id, epoch=epoch, reason=routed.obstacle))
            return
        before = reached(self.facts, task.id, epoch) if self._resumed else ()
        await self._cascades.settle(
            task,
            routed.route,
            routed.cascade,
            epoch=epoch,
            base=before[0].base if before else self._base(task, routed.route),
            tell=self._emit,
            reached=before,
            rank=self._ranks.get(task.id, 0),
            advised=advised(self.facts, task.id),
        )

    async def _commit(self, task: Task, routed: Routed) -> None:
        checks = routed.cascade.checks if routed.cascade else ()
        accepted = self._accepted[task.id]
        paid = cost(self.facts, task.id)
        await self._emit(await self._landing.land(task, routed.route, accepted, paid, checks))

    def _base(self, task: Task, route: Route) -> str:
        """The tree a task starts from: the tip, so that it sees what it needs.

        A mechanical request that waits for nobody is about the user's tree as it is.
        """
        alone = route.request is not None and not task.needs
        return self._workspace.base if alone else self._workspace.tip

    # -- routes --------------------------------------------------------------------------------

    def _schedule(self, plan: Plan, routes: Mapping[str, Routed], slots: int) -> Schedule:
        self._ranks = plan.ranks()
        busy = {
            name: Resource.CPU if routed.route.request else Resource.AGENT
            for name, routed in routes.items()
        }
        free = {Resource.AGENT: slots, Resource.CPU: self._parts.cores}
        return Schedule(plan, free, resources=busy)

    def _slots_of(self, routed: Routed) -> int:
        return pick(self._policy, routed.route).slots

    # -- telling -------------------------------------------------------------------------------

    async def _emit(self, fact: TaskFact) -> None:
        """Tells a fact; a paid call's beginning and end are durable before anybody acts on them."""
        if is_paid(fact):
            await self._record.take_durably(fact)
        else:
            self._record.take(fact)
        if isinstance(fact, Accepted):
            self._accepted[fact.task] = fact
        self._inbox.put_nowait(fact)

    def _tell(self, fact: Fact) -> None:
        self._record.take(fact)
        self._inbox.put_nowait(fact)
