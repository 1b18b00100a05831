"""`sef run`: from what was asked to a report."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sef.build import new_run, open_engine
from sef.cli.app import EXIT_CANCELLED, EXIT_RED, complain
from sef.cli.render import render
from sef.errors import ApplyConflict, ConfigError, UsageError
from sef.events import RunStarted
from sef.plan import Plan
from sef.planners import PLANNERS, load_plan
from sef.policy import AUTO, POLICIES
from sef.report import RunReport, forecast, report
from sef.sinks.console import Progressing
from sef.sinks.memory import Memory


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
    start: Path | None = None
    """The folder to work in; the current one when absent."""


def run_order(order: Order) -> int:
    """Does what was asked, shows what became of it, and returns the exit code."""
    plan = _plan(order)
    _check_policy(order.policy)
    memory = Memory()
    try:
        result = asyncio.run(_work(order, plan, memory))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return _called_off(order, memory)
    except ApplyConflict as conflict:
        _show(order, report(memory.facts))
        if not order.as_json:
            complain(conflict, as_json=False)
        return conflict.exit_code
    _show(order, result)
    return _exit_code(result)


def _plan(order: Order) -> Plan:
    if order.file and order.texts:
        raise UsageError(
            "both tasks and a plan file were given", hint="Give sentences, or -f plan.toml."
        )
    if order.file:
        return Plan(load_plan(order.file))
    return Plan(PLANNERS["sentences"]().plan(order.texts))


def _check_policy(policy: str | None) -> None:
    if policy is not None and policy not in (AUTO, *POLICIES):
        raise ConfigError(
            f"there is no policy {policy!r}", hint=f"Choose {AUTO}, {', '.join(POLICIES)}."
        )


async def _work(order: Order, plan: Plan, memory: Memory) -> RunReport:
    _cancel_on_terminate()
    console = Console(stderr=True)
    run = new_run()
    with Progressing(console, quiet=order.as_json) as progress:
        opening = open_engine(
            order.start or Path.cwd(),
            config=order.config,
            policy=order.policy,
            run=run,
            sinks=(memory, progress),
        )
        async with opening as engine:
            if order.dry_run:
                return forecast(run, plan.tasks, engine.route(plan))
            return report(await engine.run(plan, apply=order.apply))


def _cancel_on_terminate() -> None:
    """A polite kill cleans up like Ctrl-C does."""
    work = asyncio.current_task()
    if work is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)


def _called_off(order: Order, memory: Memory) -> int:
    if any(isinstance(fact, RunStarted) for fact in memory.facts):
        _show(order, report(memory.facts))
    return EXIT_CANCELLED


def _show(order: Order, result: RunReport) -> None:
    if order.as_json:
        sys.stdout.write(result.json_text() + "\n")
    else:
        render(result, Console(highlight=False))


def _exit_code(result: RunReport) -> int:
    if result.status in ("planned", "ok"):
        return EXIT_RED if result.red else 0
    return 1
