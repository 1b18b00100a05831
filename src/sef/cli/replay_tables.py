"""The tables of `sef replay`, for a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.table import Table
from rich.text import Text

from sef.replay.contest import Contest
from sef.replay.pairs import Pair
from sef.sinks.console import terminal
from sef.text import one_line


def print_contest(
    found: Contest, inputs: Mapping[str, object], excluded: Mapping[str, int]
) -> None:
    """The policies side by side, what the gate says, and what was left out."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("policy", no_wrap=True)
    for name in ("cost", "95 %", "quality", "95 %", "time", "draft", "verify", "redo"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, one in found.standings.items():
        cells = (
            f"{one.cost_ratio:.2f}",
            f"{one.cost_ci[0]:.2f}-{one.cost_ci[1]:.2f}",
            f"{one.quality_delta:+.1f}",
            f"{one.quality_ci[0]:+.1f} to {one.quality_ci[1]:+.1f}",
            f"{one.time_ratio:.2f}",
            f"{one.draft:.2f}",
            f"{one.verify:.2f}",
            f"{one.redo:.2f}",
        )
        table.add_row(Text(name, "bold" if name == "ours" else ""), *cells)
    terminal().print(table)
    said = (
        f"{inputs['tasks']} tasks of {inputs['repositories']} repositories. Cost over always_target"
        "; quality in points; time is calls one after another, a stand-in."
    )
    terminal().print(Text(said), soft_wrap=True)
    for judged in found.gates.values():
        terminal().print(Text(one_line(f"gate: {judged.reason}", 300)), soft_wrap=True)
    print_excluded(excluded)


def print_pairs(played: Iterable[Pair], figures: Mapping[str, object]) -> None:
    """The pairs, the worst first, and the figures over all of them."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("draft", "target"):
        table.add_column(name, overflow="ellipsis", no_wrap=True, max_width=24)
    for name in ("to best", "cost", "quality", "always draft", "warm-up"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in sorted(played, key=lambda one: -one.ratio_to_best):
        table.add_row(
            Text(one.draft),
            Text(one.target),
            f"{one.ratio_to_best:.3f}",
            f"{one.cost_ratio:.2f}",
            f"{one.quality_delta:+.1f}",
            f"{one.draft_cost_ratio:.2f}",
            f"{one.warmup_regret:.2f}",
        )
    terminal().print(table)
    for name, value in figures.items():
        terminal().print(Text(f"  {name:<28} {value:.4f}"))


def print_excluded(excluded: Mapping[str, int]) -> None:
    """What was not used, and why."""
    for why, count in excluded.items():
        terminal().print(Text(f"left out: {count} ({why})"), soft_wrap=True)
