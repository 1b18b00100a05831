"""Many tasks: obey the schedule, feed it facts.

run
|-- route every task, refuse what no executor can take
|-- obey(schedule.begin())
|-- until the schedule is done: obey(schedule.handle(next fact))
|     |-- Start  -> a worker that settles the task's cascade
|     |-- Commit -> a worker that merges, checks what the merge made new, and lands
|     `-- Block  -> the fact that a task will not start
`-- the outcome is a fold over the facts
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sef.cascade import CascadeRunner
from sef.commit import commit_message
from sef.errors import GitError, PlanError
from sef.events import (
    Accepted,
    Applied,
    Block,
    Blocked,
    Cancelled,
    Command,
    Commit,
    Committed,
    Exhausted,
    Fact,
    Routed,
    RunFinished,
    RunStarted,
    Squashed,
    Start,
    TaskFact,
)
from sef.metrics import cost
from sef.model import Route, Task, Tier, Verdict
from sef.plan import Plan
from sef.policy import AUTO, Policy, pick
from sef.protocols import Clock, Executor, Router, Sink, Verifier
from sef.schedule import Schedule
from sef.workspace import Workspace

_log = logging.getLogger("sef")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an engine is made of; `sef.build` puts it together."""

    router: Router
    executors: Mapping[str, Executor]
    """By name, tier 0 included."""
    tiers: Mapping[Tier, str]
    """The executor that serves each tier above 0."""
    verifiers: Mapping[str, Verifier]
    sinks: Sequence[Sink]
    clock: Clock


class Engine:
    """Runs one plan in one workspace, once."""

    def __init__(
        self, parts: Parts, workspace: Workspace, *, policy: str = AUTO, slots: int | None = None
    ) -> None:
        self._parts = parts
        self._workspace = workspace
        self._policy = policy
        self._slots = slots
        self._runner = CascadeRunner(
            workspace=workspace,
            executors=parts.executors,
            verifiers=parts.verifiers,
            clock=parts.clock,
        )
        self._sinks = list(parts.sinks)
        self._inbox: asyncio.Queue[TaskFact] = asyncio.Queue()
        self._facts: list[Fact] = []
        self._accepted: dict[str, Accepted] = {}

    def route(self, plan: Plan) -> Mapping[str, Routed]:
        """Where each task would go; nothing is run."""
        return {task.id: self._routed(task) for task in plan.tasks}

    async def run(self, plan: Plan, *, apply: bool = False) -> tuple[Fact, ...]:
        """Runs the plan to its end and returns every fact, the last one RunFinished.

        Cancelling it kills what runs, removes the forks and leaves the facts told so far with
        the sinks. Raises ApplyConflict when `apply` does not fit the user's tree; what was
        accepted is then on the branch all the same.
        """
        started = self._parts.clock.now()
        routes = self.route(plan)
        slots = self._slots or max(self._picked(routed).slots for routed in routes.values())
        self._begin(plan, routes, slots)
        try:
            await self._obey_until_done(plan, routes, slots)
            if apply and self._workspace.landed:
                await self._workspace.apply()
                self._tell(Applied(commit=self._workspace.tip))
        except asyncio.CancelledError:
            self._tell(Cancelled())
            raise
        finally:
            self._finish(self._parts.clock.now() - started)
        return tuple(self._facts)

    def _begin(self, plan: Plan, routes: Mapping[str, Routed], slots: int) -> None:
        self._tell(
            RunStarted(
                run=self._workspace.run,
                base=self._workspace.base,
                dirty=self._workspace.dirty,
                tasks=plan.tasks,
                slots=slots,
            )
        )
        for routed in routes.values():
            self._tell(routed)

    def _finish(self, seconds: float) -> None:
        branch = self._workspace.landed
        self._tell(RunFinished(run=self._workspace.run, seconds=seconds, branch=branch))

    async def _obey_until_done(self, plan: Plan, routes: Mapping[str, Routed], slots: int) -> None:
        tasks = {task.id: task for task in plan.tasks}
        schedule = Schedule(plan, slots)
        async with asyncio.TaskGroup() as workers:

            def obey(commands: Iterable[Command]) -> None:
                for command in commands:
                    self._obey(command, tasks[command.task], routes[command.task], workers)

            obey(schedule.begin())
            while not schedule.done:
                obey(schedule.handle(await self._inbox.get()))

    def _obey(
        self, command: Command, task: Task, routed: Routed, workers: asyncio.TaskGroup
    ) -> None:
        match command:
            case Start(epoch=epoch):
                workers.create_task(self._settle(task, routed, epoch))
            case Commit(epoch=epoch):
                workers.create_task(self._commit(task, routed, epoch))
            case Block(reason=reason):
                self._emit(Blocked(task=task.id, reason=reason))

    async def _settle(self, task: Task, routed: Routed, epoch: int) -> None:
        if routed.cascade is None:
            self._emit(Exhausted(task=task.id, epoch=epoch, reason=routed.obstacle))
            return
        await self._runner.settle(
            task,
            routed.route,
            routed.cascade,
            epoch=epoch,
            base=self._base(task, routed.route),
            emit=self._emit,
        )

    def _base(self, task: Task, route: Route) -> str:
        """The tree a task starts from: the tip, so that it sees what it needs.

        A mechanical request that waits for nobody is about the user's tree as it is.
        """
        alone = route.request is not None and not task.needs
        return self._workspace.base if alone else self._workspace.tip

    async def _commit(self, task: Task, routed: Routed, epoch: int) -> None:
        try:
            fact = await self._landed(task, routed, self._accepted[task.id])
        except GitError as error:
            reason = f"its accepted work could not be committed: {error}"
            fact = Exhausted(task=task.id, epoch=epoch, reason=reason)
        self._emit(fact)

    async def _landed(
        self, task: Task, routed: Routed, accepted: Accepted
    ) -> Committed | Squashed | Exhausted:
        """Merges an accepted draft onto the tip, checks what the merge made new, commits."""
        patch, epoch = accepted.draft.patch, accepted.epoch
        if patch.empty:
            return Committed(task=task.id, epoch=epoch, commit=None)
        merged = await self._workspace.merge(patch)
        if merged is None:
            return Squashed(
                task=task.id, epoch=epoch, reason="it conflicts with what was committed meanwhile"
            )
        if patch.base != self._workspace.tip:
            verdict = await self._judge_merged(task, routed, accepted, merged)
            # Trust means that no check could speak for the draft; then none can for the merge.
            if not verdict.accepted and not (verdict.undecided and _trusted(accepted)):
                reason = f"merged with what was committed meanwhile: {verdict.reason}"
                return Squashed(task=task.id, epoch=epoch, reason=reason)
        message = commit_message(self._workspace.run, task, accepted, cost(self._facts, task.id))
        return Committed(
            task=task.id, epoch=epoch, commit=await self._workspace.land(merged, message)
        )

    async def _judge_merged(
        self, task: Task, routed: Routed, accepted: Accepted, merged: str
    ) -> Verdict:
        return await self._runner.judge(
            task,
            routed.route,
            accepted.draft,
            commit=merged,
            base=self._workspace.tip,
            verifiers=self._picked(routed).checks,
        )

    def _routed(self, task: Task) -> Routed:
        route = self._parts.router.route(task)
        try:
            cascade = pick(self._policy, route).cascade(route, self._parts.tiers)
        except PlanError as error:
            return Routed(task=task.id, route=route, cascade=None, obstacle=str(error))
        return Routed(task=task.id, route=route, cascade=cascade)

    def _picked(self, routed: Routed) -> Policy:
        return pick(self._policy, routed.route)

    def _emit(self, fact: TaskFact) -> None:
        """A fact about a task goes to the sinks and to the schedule."""
        if isinstance(fact, Accepted):
            self._accepted[fact.task] = fact
        self._tell(fact)
        self._inbox.put_nowait(fact)

    def _tell(self, fact: Fact) -> None:
        self._facts.append(fact)
        for sink in tuple(self._sinks):
            try:
                sink.tell(fact)
            except Exception:  # a sink cannot hurt the run
                self._sinks.remove(sink)
                _log.exception("a sink failed and is dropped: %r", sink)


def _trusted(accepted: Accepted) -> bool:
    return "trust" in accepted.verifiers
