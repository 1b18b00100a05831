"""A sink that shows a run on the terminal while it goes on."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from sef.events import (
    Accepted,
    Blocked,
    Committed,
    Dispatched,
    Drafted,
    Exhausted,
    Fact,
    Failed,
    Rejected,
    RunStarted,
    Squashed,
)
from sef.text import one_line


class Progressing:
    """Tells each step of each task: a live table on a terminal, a line a step elsewhere."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._live = console.is_terminal
        self._quiet = quiet
        self._rows: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.fields[name]}", style="bold"),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self._live,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def tell(self, fact: Fact) -> None:
        """Shows the fact, if it is one that a person waits for."""
        if isinstance(fact, RunStarted):
            self._begin(fact)
            return
        step = _step(fact)
        task = getattr(fact, "task", None)
        if step and task in self._rows:
            self._show(task, step, ended=isinstance(fact, Committed | Exhausted | Blocked))

    def _begin(self, fact: RunStarted) -> None:
        for task in fact.tasks:
            row = self._progress.add_task("waiting", name=escape(task.id), total=1, start=False)
            self._rows[task.id] = row

    def _show(self, task: str, step: str, *, ended: bool) -> None:
        if not self._live and not self._quiet:
            self._console.print(f"{escape(task)}: {step}", highlight=False, soft_wrap=True)
        row = self._rows[task]
        self._progress.start_task(row)
        self._progress.update(row, description=step, completed=int(ended))


def _step(fact: Fact) -> str | None:
    """One line about a fact, safe to print as markup; None where nobody waits for it."""
    match fact:
        case Dispatched(executor=executor):
            return f"{escape(executor)} works"
        case Drafted(executor=executor):
            return f"{escape(executor)} is done, checking"
        case Failed(executor=executor, reason=reason):
            return f"[yellow]{escape(executor)} failed:[/] {_said(reason)}"
        case Rejected(executor=executor, verdict=verdict):
            return f"[yellow]{escape(executor)} was rejected:[/] {_said(verdict.reason)}"
        case Accepted(verdict=verdict):
            return f"[green]accepted:[/] {_said(verdict.reason)}"
        case Squashed(reason=reason):
            return f"[yellow]squashed, starts again:[/] {_said(reason)}"
        case Committed(commit=commit):
            return f"[green]committed[/] {commit[:10]}" if commit else "[green]done[/]"
        case Exhausted(reason=reason):
            return f"[red]gave up:[/] {_said(reason)}"
        case Blocked(reason=reason):
            return f"[red]blocked:[/] {_said(reason)}"
        case _:
            return None


def _said(text: str) -> str:
    return escape(one_line(text, 160))
