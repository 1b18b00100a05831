"""`sef runs`, `report`, `explain`, `clean`: what the journal has to say."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from rich.table import Table
from rich.text import Text

from sef.build import open_journal, scratch_folders
from sef.cleanup import KEEP_S, clean
from sef.cli import loop
from sef.cli.complaints import before_anything, printing, write
from sef.cli.render import render
from sef.errors import UsageError
from sef.events import Fact, Recorded, RunStarted
from sef.explain import explained
from sef.journal import Journal, RunRow
from sef.rates import rates
from sef.report import report, was_called_off
from sef.repository import Repository, find_repository
from sef.sinks.console import terminal
from sef.text import one_line, plain

_Row = dict[str, str | int | None]
_CUT_OFF: Final = "cut off"


def list_runs(*, as_json: bool) -> int:
    """Prints the runs of the repository, newest last."""
    return _with_journal(lambda _, journal: _list_runs(journal, as_json=as_json))


async def _list_runs(journal: Journal, *, as_json: bool) -> int:
    rows = [_described(journal, row) for row in journal.runs()]
    if as_json:
        write(json.dumps({"schema": 1, "runs": rows}, indent=2) + "\n")
        return 0
    with printing():
        terminal().print(_table(rows) if rows else "No run yet.", soft_wrap=True)
        for line in _resuming(rows):
            terminal().print(Text(line), soft_wrap=True)
    return 0


def _table(rows: Sequence[_Row]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    shown = [_shown(row) for row in rows]
    for name in ("run", "began", "status", "tasks"):
        # Who resumes a run needs its whole name, also where a terminal is narrow.
        width = max(len(name), *(len(row[name]) for row in shown))
        table.add_column(name, no_wrap=True, min_width=width)
    table.add_column("first task", overflow="ellipsis", no_wrap=True)
    for row in shown:
        table.add_row(*(Text(value) for value in row.values()))
    return table


def _shown(row: _Row) -> dict[str, str]:
    began = datetime.fromisoformat(str(row["began"]))
    told = row | {"began": f"{began:%Y-%m-%d %H:%M}"}
    return {name: str(value) for name, value in told.items() if name != "resume"}


def _resuming(rows: Iterable[_Row]) -> Iterator[str]:
    """How to go on with the runs that were cut off."""
    for row in rows:
        if row["status"] == _CUT_OFF:
            yield f"{row['run']} was cut off; go on with it: {row['resume']}"


def _described(journal: Journal, row: RunRow) -> _Row:
    facts = [one.fact for one in journal.recorded(row.run)]
    tasks = [task for fact in facts if isinstance(fact, RunStarted) for task in fact.tasks]
    status = "working" if row.owner.is_alive() else _status(facts)
    return {
        "run": row.run,
        "began": datetime.fromtimestamp(row.began).astimezone().isoformat(timespec="seconds"),
        "status": status,
        "tasks": len(tasks),
        "first": one_line(tasks[0].text, 60) if tasks else "",
        "resume": f"sef run --resume {row.run}" if status in ("cancelled", _CUT_OFF) else None,
    }


def _status(facts: Sequence[Fact]) -> str:
    """As in the report, but what was killed is told from what was called off."""
    if not any(isinstance(fact, RunStarted) for fact in facts):
        return "not begun"
    status = report(facts).status
    killed = status == "cancelled" and not was_called_off(facts)
    return _CUT_OFF if killed else status


def show_report(run: str | None, *, as_json: bool) -> int:
    """Prints the report of a run, by default the newest, with its measures."""

    async def show(_: Repository, journal: Journal) -> int:
        recorded = _begun(journal, run)
        result = report(one.fact for one in recorded)
        found = rates(recorded)
        if as_json:
            said = json.loads(result.json_text()) | {"rates": dict(found)}
            write(json.dumps(said, indent=2) + "\n")
            return 0
        with printing():
            render(result, terminal())
            for name, value in found.items():
                terminal().print(f"  {name:<24} {'n/a' if value is None else value}")
        return 0

    return _with_journal(show)


def explain(run: str | None, task: str | None) -> int:
    """Prints every decision about a run's tasks, with its reason, evidence and price."""

    async def show(_: Repository, journal: Journal) -> int:
        recorded = _begun(journal, run)
        _check_task([one.fact for one in recorded], task)
        with printing():
            for line in explained(recorded, task) if task else _by_task(recorded):
                terminal().print(Text(plain(line)), soft_wrap=True)
        return 0

    return _with_journal(show)


def _by_task(recorded: Sequence[Recorded]) -> Iterator[str]:
    """The run's beginning, then task after task, each in the order of time, then its end."""
    whole = [one for one in recorded if getattr(one.fact, "task", None) is None]
    began = [one for one in whole if isinstance(one.fact, RunStarted)]
    yield from explained(began)
    for task in (task for one in began for task in getattr(one.fact, "tasks", ())):
        yield f"\n{task.id}: {one_line(task.text, 100)}"
        yield from explained(recorded, task.id)
    yield ""
    yield from explained(one for one in whole if one not in began)


def clean_up(*, everything: bool) -> int:
    """Removes leftovers of killed runs, and old runs; with `everything` all that have ended."""

    async def sweep(repository: Repository, journal: Journal) -> int:
        folders = scratch_folders(repository)
        done = await clean(repository, journal, folders, keep_s=0.0 if everything else KEEP_S)
        for one in (one for one in done.undone if not one.whole):
            names = ", ".join(one.left)
            left = f" You changed since, and they stay: {names}." if names else ""
            told = f"Put {len(one.paths)} files back that run {one.run} was being applied to.{left}"
            terminal().print(Text(plain(told)))
        terminal().print(
            f"Removed {done.folders} folders, {done.references} references, {len(done.runs)} runs."
        )
        return 0

    return _with_journal(sweep)


def _with_journal(action: Callable[[Repository, Journal], Awaitable[int]]) -> int:
    async def work() -> int:
        with before_anything():
            repository = await find_repository(Path.cwd())
            journal = open_journal(repository)
        with closing(journal):
            return await action(repository, journal)

    return loop.run(work())


def _named(journal: Journal, run: str | None) -> str:
    """The run of that name, or the newest. Raises UsageError when there is none."""
    runs = [row.run for row in journal.runs()]
    if run is None and runs:
        return runs[-1]
    if run not in runs:
        raise UsageError(
            f"there is no run {run!r} here" if run else "there is no run here yet",
            hint="sef runs lists them." if runs else 'Make one: sef run "run the tests"',
        )
    return run


def _begun(journal: Journal, run: str | None) -> tuple[Recorded, ...]:
    """The facts of the run of that name, or of the newest that began: one that was only planned,
    or killed before, has none. Raises UsageError where there is no such run."""
    newest = _named(journal, run)
    names = [newest] if run else [row.run for row in reversed(journal.runs())]
    for name in names:
        recorded = journal.recorded(name)
        if any(isinstance(one.fact, RunStarted) for one in recorded):
            return recorded
    raise UsageError(f"nothing is known of run {newest}: it has not begun", hint="sef runs")


def _check_task(facts: Iterable[Fact], task: str | None) -> None:
    known = [one.id for fact in facts if isinstance(fact, RunStarted) for one in fact.tasks]
    if task is not None and task not in known:
        raise UsageError(f"the run has no task {task!r}", hint=f"Its tasks: {', '.join(known)}")
