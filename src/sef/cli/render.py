"""A report, for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sef.report_model import AttemptReport, RunReport, TaskReport
from sef.text import one_line

_SIGNS = {
    "planned": ("·", "dim"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "blocked": ("–", "red"),
    "cancelled": ("◌", "yellow"),
}
_TIERS = {0: "no model", 1: "light", 2: "standard", 3: "target"}


def render(result: RunReport, console: Console) -> None:
    """Prints the answers, the table of tasks, and where the result is and what it cost.

    What comes from elsewhere is printed as `Text`, in which rich sees neither markup nor emoji.
    """
    for task in result.tasks:
        _answer(task, console)
    if len(result.tasks) > 1 or any(not task.answer for task in result.tasks):
        console.print(_table(result))
    lines = (*_troubles(result), *_nothing_runs(result), *_where(result), *_called_off(result))
    for line in lines:
        console.print(line, soft_wrap=True)
    if result.status != "planned":
        console.print(Text(_money(result)), soft_wrap=True)


def _answer(task: TaskReport, console: Console) -> None:
    if task.answer and not task.commit:
        console.print(Text(one_line(task.text, 100), "bold"))
        console.print(Text(task.answer), soft_wrap=True)
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
            Text(*_SIGNS[task.status]),
            Text(one_line(task.text, 60)),
            Text(_TIERS.get(task.tier if task.tier is not None else -1, "?")),
            Text(task.executor or "none"),
            Text(one_line(task.reason, 90)) if planned else _tries(task.attempts),
        ]
        table.add_row(*cells, *([] if planned else [Text(_price(task.attempts))]))
    return table


def _tries(attempts: tuple[AttemptReport, ...]) -> Text:
    tries = [Text.assemble(f"{one.executor} ", _fate(one)) for one in attempts]
    return Text(" → ").join(tries) if tries else Text("-")


def _fate(attempt: AttemptReport) -> tuple[str, str]:
    if attempt.squashed:
        return "squashed", "yellow"
    if attempt.accepted is None:
        return ("called off" if _is_called_off(attempt) else "failed"), "yellow"
    return ("accepted", "green") if attempt.accepted else ("rejected", "yellow")


def _is_called_off(attempt: AttemptReport) -> bool:
    return attempt.accepted is None and attempt.reason.startswith("called off")


def _price(attempts: tuple[AttemptReport, ...]) -> str:
    if any(attempt.plan for attempt in attempts):
        return _tokens(attempts)
    costs = [attempt.cost_usd for attempt in attempts]
    known = [cost for cost in costs if cost is not None]
    return _dollars(sum(known, Decimal(0)) if len(known) == len(costs) else None)


def _troubles(result: RunReport) -> Iterator[Text]:
    """Why drafts were not accepted, and why tasks did not get done; each reason once a task."""
    for task in result.tasks:
        said: dict[str, list[str]] = {}
        for attempt in task.attempts:
            if (not attempt.accepted or attempt.squashed) and not _is_called_off(attempt):
                said.setdefault(one_line(attempt.reason, 300), []).append(attempt.executor)
        for reason, executors in said.items():
            names = ", ".join(dict.fromkeys(executors))
            yield Text.assemble(("!", "yellow"), f" {task.id}: {names}: {reason}")
        for one in task.attempts:
            if one.requested is not None:
                what = f"{one.requested} was asked for, {one.model} was billed: no saving is booked"
                yield Text.assemble(("! another model ", "bold red"), f"{task.id}: {what}")
        if (task.status in ("failed", "blocked") and not task.attempts) or _nobodys(task):
            yield Text.assemble(("✗", "red"), f" {task.id}: {task.reason}")


def _nothing_runs(result: RunReport) -> Iterator[Text]:
    """Said of a plan of which nothing can be done."""
    if all(map(_nobodys, result.tasks)):
        yield Text.assemble(
            ("Nothing could run", "red"), ": no executor can take any of the tasks."
        )


def _nobodys(task: TaskReport) -> bool:
    return task.status == "planned" and task.executor is None


def _where(result: RunReport) -> Iterator[Text]:
    branch, base = result.branch, (result.base or "")[:12]
    if not branch:
        if result.applied:
            yield Text("\nApplied to your files.")
        return
    yield Text()
    if result.applied:
        yield Text.assemble("Applied to your files; the commits are on ", (branch, "bold"), ".")
        return
    yield Text.assemble("The result is on branch ", (branch, "bold"), "; your files are untouched.")
    if not result.dirty:
        yield Text(f"  look:  git log --stat {base}..{branch}\n  take:  git merge {branch}")
        return
    yield Text(
        f"It begins with a commit of your uncommitted and untracked files ({base}): do not push it"
        " unread.\n"
        f"  look:  git log --stat {base}..{branch}\n"
        f"  take:  commit your own work, then git cherry-pick {base}..{branch}\n"
        f"     or: git diff --binary {base} {branch} | git apply   (at the top of the repository)"
    )


def _called_off(result: RunReport) -> Iterator[Text]:
    if result.status != "cancelled":
        return
    done = sum(task.status == "done" for task in result.tasks)
    if done < len(result.tasks):
        said = f"{done} of {len(result.tasks)} tasks are done. Go on: sef run --resume {result.run}"
    elif result.applied or not result.branch:
        said = "all tasks were done."
    else:
        said = "all tasks are done, but not applied; git status tells if your files were reached."
    yield Text.assemble(("Called off", "yellow"), f": {said}")


def _money(result: RunReport) -> str:
    attempts = [attempt for task in result.tasks for attempt in task.attempts]
    if not any(attempt.tier for attempt in attempts):
        return "No model was used."
    if any(attempt.plan for attempt in attempts):
        return _of_plan(attempts, result.seconds)
    least = "at least " if result.cut_off_calls and result.cost_usd is not None else ""
    cost = f"Cost {least}{_dollars(result.cost_usd)} in {result.seconds:.1f} s"
    if result.cut_off_calls:
        return f"{cost}; {result.cut_off_calls} calls were cut off, possibly paid twice"
    if result.saved_usd is None:
        return f"{cost}; saved: unknown ({_doubt(result)})"
    return f"{cost}; saved {_dollars(result.saved_usd)} against the target alone, measured"


def _of_plan(attempts: Sequence[AttemptReport], seconds: float) -> str:
    """A subscription is paid already: tokens and the share of its window, not dollars."""
    shares = [one.quota for one in attempts if one.quota is not None]
    share = f", {max(shares):.0%} of the subscription's window used up" if shares else ""
    paid = [one.cost_usd for one in attempts if not one.plan and one.cost_usd]
    beside = f", and {_dollars(sum(paid, Decimal(0)))} beside it" if paid else ""
    return f"Used {_tokens(attempts)} of your subscription{share}{beside} in {seconds:.1f} s"


def _tokens(attempts: Sequence[AttemptReport]) -> str:
    return f"{sum(one.tokens for one in attempts if one.plan):,} tokens"


def _doubt(result: RunReport) -> str:
    if any(task.status != "done" for task in result.tasks):
        return "not every task is done"
    if any(one.requested for task in result.tasks for one in task.attempts):
        return "another model was billed than was asked for"
    if result.cost_usd is None:
        return "the price of an attempt is unknown"
    return "the target did not work on every task"


def _dollars(amount: Decimal | None) -> str:
    if amount is None:
        return "unknown"
    return f"-${-amount:.4f}" if amount < 0 else f"${amount:.4f}"
