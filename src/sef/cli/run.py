"""`sef run`: from what was asked to a report."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

from sef.build import new_run, open_engine, open_interrupted
from sef.cli import loop, signals
from sef.cli.complaints import EXIT_FAILED, EXIT_RED, before_anything, complain, printing, write
from sef.cli.render import render
from sef.errors import ApplyConflict, ConfigError, PlanError, UsageError
from sef.events import RunStarted
from sef.model import Task
from sef.plan import Plan
from sef.planners import PLANNERS, load_plan
from sef.policy import AUTO, POLICIES
from sef.protocols import Sink
from sef.report import forecast, report
from sef.report_model import RunReport
from sef.sinks.console import Progressing, terminal
from sef.sinks.memory import Memory

_Opened = TypeVar("_Opened")
_EXAMPLE: Final = '''A plan has at least one task, such as:
     [[task]]
     id = "tests"
     text = "run the tests"'''
_SORTS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for on the command line."""

    texts: tuple[str, ...] = ()
    file: Path | None = None
    policy: str | None = None
    apply: bool = False
    dry_run: bool = False
    as_json: bool = False
    config: Path | None = None
    resume: str | None = None
    """A run to go on with, in place of tasks."""
    budget_usd: Decimal | None = None
    """Begin no paid call once this is spent."""
    start: Path | None = None
    """The folder to work in; the current one when absent."""


def run_order(order: Order) -> int:
    """Does what was asked, shows what became of it, and returns the exit code."""
    plan = _plan(order)
    _check_policy(order.policy)
    memory = Memory()
    try:
        result = loop.run(_work(order, plan, memory))
    except KeyboardInterrupt:
        if not any(isinstance(fact, RunStarted) for fact in memory.facts):
            raise
        _show(order, report(memory.facts))
        return signals.EXIT_CANCELLED
    except ApplyConflict as conflict:
        return _not_applied(order, memory, conflict)
    _show(order, result)
    return _exit_code(result)


def _not_applied(order: Order, memory: Memory, conflict: ApplyConflict) -> int:
    why = str(conflict.args[0])
    _show(order, report(memory.facts, apply_error=why))
    if not order.as_json:
        complain(ApplyConflict(why), as_json=False)  # the ways out are told with the branch
    return conflict.exit_code


def _plan(order: Order) -> Plan | None:
    """What was asked for; None where a run is resumed, which has its plan."""
    if order.resume:
        if order.file or order.texts or order.dry_run:
            raise UsageError("a resumed run has its tasks", hint="Give --resume RUN alone.")
        return None
    if order.file and order.texts:
        raise UsageError(
            "both tasks and a plan file were given", hint="Give sentences, or -f plan.toml."
        )
    if order.file:
        return Plan(_planned(order.file))
    return Plan(PLANNERS["sentences"]().plan(order.texts))


def _planned(file: Path) -> tuple[Task, ...]:
    _check_sort(file, "plan file")
    try:
        return load_plan(file)
    except PlanError as error:
        if '"task" is missing' in str(error):
            raise PlanError(f"{file.name}: there is no task in it", hint=_EXAMPLE) from None
        raise


def _check_sort(path: Path, wanted: str) -> None:
    """Raises UsageError for a folder, a pipe and the like: a file is read to its end, and twice."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return  # reading it will tell
    for fits, sort in _SORTS:
        if fits(mode):
            raise UsageError(f"{path} is {sort}, not a {wanted}", hint="Name a file.")


def _check_policy(policy: str | None) -> None:
    if policy is not None and policy not in (AUTO, *POLICIES):
        raise ConfigError(
            f"there is no policy {policy!r}", hint=f"Choose {AUTO}, {', '.join(POLICIES)}."
        )


async def _work(order: Order, plan: Plan | None, memory: Memory) -> RunReport:
    start = order.start or Path.cwd()
    if order.config:
        _check_sort(order.config, "configuration file")
    with Progressing(terminal(stderr=True), quiet=order.as_json) as progress:
        sinks = (memory, progress)
        if plan is None:
            return await _resumed(order, start, sinks)
        run = new_run()
        opening = open_engine(
            start,
            config=order.config,
            policy=order.policy,
            run=run,
            budget_usd=order.budget_usd,
            sinks=sinks,
        )
        async with _opened(opening) as engine:
            if order.dry_run:
                return forecast(run, plan.tasks, engine.route(plan))
            return report(await engine.run(plan, apply=order.apply))


async def _resumed(order: Order, start: Path, sinks: Sequence[Sink]) -> RunReport:
    opening = open_interrupted(
        start,
        order.resume or "",
        config=order.config,
        budget_usd=order.budget_usd,
        sinks=sinks,
    )
    async with _opened(opening) as (engine, past):
        return report(await engine.resume(past, apply=order.apply))


@asynccontextmanager
async def _opened(opening: AbstractAsyncContextManager[_Opened]) -> AsyncIterator[_Opened]:
    """As `opening`, but what git refuses before anything was run is told as that."""
    async with AsyncExitStack() as stack:
        with before_anything():
            opened = await stack.enter_async_context(opening)
        yield opened


def _show(order: Order, result: RunReport) -> None:
    if order.as_json:
        write(result.json_text() + "\n")
        return
    with printing():
        render(result, terminal())


def _exit_code(result: RunReport) -> int:
    if result.status == "planned":
        return EXIT_FAILED if any(task.executor is None for task in result.tasks) else 0
    if result.status == "ok":
        return EXIT_RED if result.red else 0
    return EXIT_FAILED
