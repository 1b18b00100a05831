"""An audit on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sef.cli import audit_words as words
from sef.cli.audit_words import Object, cost, dollars, share, short

_DAYS: Final = 14
_MOST: Final = 8
_WIDE: Final = 95
_HEADS: Final = ("requests", "not cached", "cache read", "written", "output", "cost", "")


def render(said: Object, console: Console) -> None:
    """Prints the tables: first what is measured, then what is estimated, then what was read."""
    measured = said["measured"]
    console.print(Text(words.headline(said), "bold"), soft_wrap=True)
    _head(console, "Measured", f"cost {cost(measured['total'])}")
    _print(console, words.unknown_lines(said), "yellow")
    sums = partial(_sums, measured=measured, narrow=console.width < _WIDE)
    console.print(sums("model", measured["by_model"]))
    days = measured["by_day"]
    title = "day (UTC)" if len(days) <= _DAYS else f"day (UTC), last {_DAYS} of {len(days)}"
    console.print(sums(title, days[-_DAYS:], most=_DAYS))
    console.print(sums("project", measured["by_project"]))
    console.print(sums("kind of work", measured["by_kind"]))
    console.print(sums("tier", measured["by_tier"], named=words.tier_name))
    console.print(sums("made by", measured["by_maker"]))
    console.print(_classes(said))
    _section(console, "Context", words.context_lines(said))
    _section(console, "Wasted", words.waste_lines(said))
    console.print(_biggest(measured["biggest_tasks"]))
    if line := words.client_line(said):
        _section(console, "The client's own totals", (line,))
    _head(console, "Estimated", "with the assumptions below; no part of the sums above")
    _print(console, words.estimate_lines(said))
    if said["estimated"]["policy"]["tiers"]:
        _section(console, "Tasks below the target", words.tier_lines(said))
    _section(console, "Assumptions", said["estimated"]["assumptions"], "dim")
    _section(console, "Read", (*words.reading_lines(said), words.price_line(said)), "dim")


def _head(console: Console, title: str, what: str) -> None:
    console.print()
    console.print(Text.assemble((title, "bold green"), f"  {what}"), soft_wrap=True)


def _section(console: Console, title: str, lines: Iterable[str], style: str = "") -> None:
    console.print(Text(title, "bold"))
    _print(console, lines, style)


def _print(console: Console, lines: Iterable[str], style: str = "") -> None:
    for line in lines:
        console.print(Text(f"  {line}", style), soft_wrap=True)


def _sums(
    title: str,
    rows: Sequence[Object],
    *,
    measured: Object,
    narrow: bool,
    named: Callable[[str], str] = str,
    most: int = _MOST,
) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column(title, header_style="bold", min_width=16, max_width=40, overflow="fold")
    heads = ("requests", "cache read", "written", "cost", "") if narrow else _HEADS
    for name in heads:
        table.add_column(name, justify="right", header_style="dim", no_wrap=True)
    for one in rows[:most]:
        cells = zip(_HEADS, _cells(one, measured), strict=True)
        table.add_row(Text(named(one["name"])), *(cell for head, cell in cells if head in heads))
    if len(rows) > most:
        table.add_row(Text(f"and {len(rows) - most} more (--json)", "dim"))
    table.add_row()
    return table


def _cells(one: Object, measured: Object) -> list[Text]:
    written = one["cache_write_5m_tokens"] + one["cache_write_1h_tokens"]
    tokens = (one["input_tokens"], one["cache_read_tokens"], written, one["output_tokens"])
    part = share(one["priced_usd"], measured["total"]["priced_usd"])
    return [
        Text(f"{one['requests']:,}"),
        *(Text(short(count)) for count in tokens),
        Text(cost(one)),
        Text(part, "dim"),
    ]


def _classes(said: Object) -> Table:
    measured = said["measured"]
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("what was paid for", header_style="bold", min_width=20)
    table.add_column("cost", justify="right", header_style="dim")
    table.add_column("", justify="right")
    for shown, amount in words.classes(measured):
        part = share(amount, measured["total"]["priced_usd"])
        table.add_row(Text(shown), Text(dollars(amount)), Text(part, "dim"))
    total = measured["total"]
    for field, shown in (("web_searches", "searched"), ("web_fetches", "fetched"),
                         ("code_runs", "code run")):  # fmt: skip
        if total[field]:
            table.add_row(Text(shown), Text(f"{total[field]:,} times"))
    table.add_row()
    return table


def _biggest(tasks: Sequence[Object]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("biggest tasks", header_style="bold", no_wrap=True)
    for name in ("project", "kind", "tier", "requests", "agents'", "cost"):
        right = name in ("requests", "agents'", "cost")
        table.add_column(name, justify="right" if right else "left", header_style="dim")
    texts = any(task["text"] for task in tasks)
    if texts:
        table.add_column("instruction", header_style="dim", overflow="ellipsis", no_wrap=True)
    for task in tasks:
        cells = (
            task["day"] or "unknown day",
            task["project"],
            task["kind"] or "unknown",
            words.tier_name(task["tier"]),
            f"{task['main_requests']:,}",
            f"{task['agent_requests']:,}",
            cost(task),
            *((task["text"] or "",) if texts else ()),
        )
        table.add_row(*map(Text, cells))
    table.add_row()
    return table
