"""A report, for a person."""

from __future__ import annotations

from decimal import Decimal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sef.report import AttemptReport, RunReport, TaskReport
from sef.text import one_line

_SIGNS = {
    "planned": "[dim]·[/]",
    "done": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "blocked": "[red]–[/]",
    "cancelled": "[yellow]◌[/]",
}
_TIERS = {0: "no model", 1: "light", 2: "standard", 3: "target"}


def render(result: RunReport, console: Console) -> None:
    """Prints the answers, the table of tasks, and where the result is and what it cost."""
    for task in result.tasks:
        _answer(task, console)
    if len(result.tasks) > 1 or any(not task.answer for task in result.tasks):
        console.print(_table(result))
    _troubles(result, console)
    _where(result, console)
    if result.status != "planned":
        console.print(_money(result))


def _answer(task: TaskReport, console: Console) -> None:
    if task.answer and not task.commit:
        console.print(f"[bold]{escape(one_line(task.text, 100))}[/]")
        console.print(escape(task.answer), soft_wrap=True)
        console.print()


def _table(result: RunReport) -> Table:
    planned = result.status == "planned"
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for name in ("", "task", "tier", "executor", "why first there" if planned else "tries"):
        table.add_column(name, style="dim" if name == "tier" else "", overflow="fold")
    if not planned:
        table.add_column("cost", justify="right")
    for task in result.tasks:
        cells = [
            _SIGNS[task.status],
            escape(one_line(task.text, 60)),
            _TIERS.get(task.tier if task.tier is not None else -1, "?"),
            escape(task.executor or "none"),
            escape(one_line(task.reason, 90)) if planned else _tries(task.attempts),
        ]
        table.add_row(*cells, *([] if planned else [_price(task.attempts)]))
    return table


def _tries(attempts: tuple[AttemptReport, ...]) -> str:
    return " → ".join(f"{escape(one.executor)} {_fate(one)}" for one in attempts) or "-"


def _fate(attempt: AttemptReport) -> str:
    if attempt.squashed:
        return "[yellow]squashed[/]"
    if attempt.accepted is None:
        return "[yellow]failed[/]"
    return "[green]accepted[/]" if attempt.accepted else "[yellow]rejected[/]"


def _price(attempts: tuple[AttemptReport, ...]) -> str:
    costs = [attempt.cost_usd for attempt in attempts]
    known = [cost for cost in costs if cost is not None]
    return _dollars(sum(known, Decimal(0)) if len(known) == len(costs) else None)


def _troubles(result: RunReport, console: Console) -> None:
    """Why drafts were not accepted, and why tasks did not get done."""
    for task in result.tasks:
        for attempt in task.attempts:
            if not attempt.accepted or attempt.squashed:
                said = f"{attempt.executor}: {one_line(attempt.reason, 300)}"
                console.print(f"[yellow]![/] {escape(task.id)}: {escape(said)}", soft_wrap=True)
        if task.status in ("failed", "blocked") and not task.attempts:
            console.print(f"[red]✗[/] {escape(task.id)}: {escape(task.reason)}", soft_wrap=True)


def _where(result: RunReport, console: Console) -> None:
    if result.applied:
        console.print(f"\nApplied to your files; the commits are on [bold]{result.branch}[/].")
    elif result.branch:
        console.print(
            f"\nThe result is on branch [bold]{result.branch}[/]; your files are as they were.\n"
            f"  look:  git log --stat HEAD..{result.branch}\n"
            f"  take:  git merge {result.branch}"
        )


def _money(result: RunReport) -> str:
    cost = f"Cost {_dollars(result.cost_usd)} in {result.seconds:.1f} s"
    if result.saved_usd is None:
        return f"{cost}; saved: unknown (the target did not work on every task)"
    return f"{cost}; saved {_dollars(result.saved_usd)} against the target alone, measured"


def _dollars(amount: Decimal | None) -> str:
    if amount is None:
        return "unknown"
    return f"-${-amount:.4f}" if amount < 0 else f"${amount:.4f}"
