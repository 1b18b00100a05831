"""Runs that the server owns: they go on when the call that began them is over, and end with it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from sef.errors import ApplyConflict, SefError, UsageError
from sef.events import Fact, RunStarted
from sef.mcp.faults import explained
from sef.mcp.results import StatusTold, TaskStatus
from sef.mcp.states import ENDED, state_of
from sef.plan import Plan
from sef.report import report
from sef.report_model import RunReport
from sef.sinks.console import in_words
from sef.text import one_line, plain

if TYPE_CHECKING:
    from sef.engine import Engine

AT_ONCE: Final = 4
"""Runs that work at the same time."""
KEPT: Final = 20
"""Runs that have ended and are still told from memory; older ones are in the journal."""
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a run is asked to do, and where."""

    root: Path
    plan: Plan
    policy: str | None = None
    apply: bool = False
    budget_usd: Decimal | None = None


class Running:
    """One run: a sink that hears its facts, and the task that works on it."""

    def __init__(self, order: Order) -> None:
        from sef.build import new_run

        self.name = new_run()
        self.order = order
        self.ended = asyncio.Event()
        self.error: SefError | None = None
        self.steps: list[str] = []
        """What happened, in words; the last of each task is its state."""
        self.news = asyncio.Event()
        """Set at the next step; another one then takes its place."""
        self._facts: list[Fact] = []
        self._words: dict[str, str] = {}
        self._not_applied: str | None = None
        self._engine: Engine | None = None
        self._called_off = False
        self._task: asyncio.Task[None] | None = None

    # -- a sink --------------------------------------------------------------------------------

    def tell(self, fact: Fact) -> None:
        """Keeps the fact, and wakes who waits for news."""
        self._facts.append(fact)
        words, task = in_words(fact), getattr(fact, "task", None)
        if isinstance(fact, RunStarted):
            self._wake()
        if words is not None and task is not None:
            self._words[task] = one_line(words.plain, 300)
            self._step(f"{task}: {self._words[task]}")

    def _step(self, words: str) -> None:
        self.steps.append(words)
        self._wake()

    def _wake(self) -> None:
        news, self.news = self.news, asyncio.Event()
        news.set()

    # -- working -------------------------------------------------------------------------------

    def begin(self, group: asyncio.TaskGroup) -> None:
        """Starts to work, within the group."""
        self._task = group.create_task(self._work(), name=self.name)

    def call_off(self) -> bool:
        """Cancels it, once; False where it has ended."""
        if self._task is None or self.ended.is_set():
            return False
        if not self._called_off:
            # A second time would cut the tidying short.
            self._called_off = True
            self._task.cancel()
        return True

    def call_off_task(self, task: str) -> bool:
        """Cancels one task and those that need it; False where that is too late."""
        if task not in {one.id for one in self.order.plan.tasks}:
            raise UsageError(
                f"the run has no task {one_line(task, 80)!r}", hint=f"Its tasks: {_ids(self.order)}"
            )
        if self.ended.is_set() or state_of(self._facts, task) in ENDED:
            return False
        if self._engine is None or not self._started:
            raise UsageError(
                f"run {self.name} has not begun yet", hint="Try again, or cancel the whole run."
            )
        self._engine.cancel(task)
        return True

    async def _work(self) -> None:
        from sef.build import open_engine

        order = self.order
        try:
            opening = open_engine(
                order.root,
                policy=order.policy,
                run=self.name,
                budget_usd=order.budget_usd,
                sinks=(self,),
            )
            async with opening as self._engine:
                await self._engine.run(order.plan, apply=order.apply)
        except asyncio.CancelledError:
            if not self._started:
                self.error = UsageError(f"run {self.name} was called off before it began")
        except ApplyConflict as conflict:
            self._not_applied = str(conflict.args[0])
        except Exception as raised:  # told to who asks for the run
            self.error = explained(raised)
        finally:
            self._engine = None
            self.ended.set()
            self._wake()

    # -- telling -------------------------------------------------------------------------------

    async def begun(self) -> None:
        """Returns once it works. Raises SefError where it ended before."""
        while not self._started and not self.ended.is_set():
            await self.news.wait()
        if self.error is not None:
            raise self.error

    @property
    def _started(self) -> bool:
        return any(isinstance(fact, RunStarted) for fact in self._facts)

    def report(self) -> RunReport:
        """What became of it. Raises SefError where it ended without a report."""
        if self.error is not None:
            raise self.error
        return report(self._facts, apply_error=self._not_applied)

    def status(self) -> StatusTold:
        """How far it is."""
        ended = self.ended.is_set()
        status = "starting" if not self._started else "working"
        if ended:
            failed = "cancelled" if self._called_off else "failed"
            status = failed if self.error else self.report().status
        error = None if self.error is None else plain(str(self.error))
        final = {one.id: one.status for one in self.report().tasks} if ended and not error else {}
        tasks = tuple(
            TaskStatus.model_validate(
                {
                    "id": one.id,
                    "state": final.get(one.id) or state_of(self._facts, one.id),
                    "step": self._words.get(one.id, ""),
                }
            )
            for one in self.order.plan.tasks
        )
        return StatusTold.model_validate(
            {"run": self.name, "status": status, "here": True, "tasks": tasks, "error": error}
        )


def _ids(order: Order) -> str:
    ids = [one.id for one in order.plan.tasks]
    return ", ".join(ids[:20]) + (" …" if len(ids) > 20 else "")


class Runs:
    """The runs of one server. Leaving it calls off what works and waits until it has tidied up."""

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._runs: dict[str, Running] = {}
        self._calls: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.call_off()
        # Called off once, above: the group would do it again.
        await self._group.__aexit__(None, None, None)

    def call_off(self) -> None:
        """Calls off all calls and runs; none is begun any more."""
        if not self._closed:
            self._closed = True
            for call in self._calls:
                call.cancel()
            for running in self._runs.values():
                running.call_off()

    def start(self, order: Order) -> Running:
        """Begins a run. Raises UsageError where as many as may work already."""
        working = [one.name for one in self._runs.values() if not one.ended.is_set()]
        if len(working) >= AT_ONCE:
            raise UsageError(
                f"{len(working)} runs are at work here, no more are begun",
                hint=f"Wait for one to end, or cancel one: {', '.join(working)}.",
            )
        if self._closed:
            raise UsageError("the server ends", hint="Start it again.")
        self._forget()
        running = Running(order)
        self._runs[running.name] = running
        running.begin(self._group)
        return running

    def find(self, run: str | None) -> Running | None:
        """The run of that name, or the newest of this server."""
        if run is None:
            return next(reversed(self._runs.values()), None)
        return self._runs.get(run)

    def _forget(self) -> None:
        ended = [name for name, one in self._runs.items() if one.ended.is_set()]
        for name in ended[: max(0, len(ended) - KEPT + 1)]:
            del self._runs[name]

    async def call(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Runs `work` in a task of its own, which is cancelled once with who waits here.

        The protocol's library cancels a call again and again until it ends, which would cut the
        tidying short.
        """
        if self._closed:
            work.close()
            raise UsageError("the server ends", hint="Start it again.")
        outcome: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
        task = self._group.create_task(_settle(work, outcome))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        try:
            return await asyncio.shield(outcome)
        except asyncio.CancelledError:
            task.cancel()
            raise


async def _settle(work: Coroutine[Any, Any, _Result], outcome: asyncio.Future[_Result]) -> None:
    try:
        result = await work
    except asyncio.CancelledError:
        outcome.cancel()
    except Exception as error:
        outcome.set_exception(error)
        outcome.exception()  # heard, also where nobody waits any more
    else:
        outcome.set_result(result)
