"""The page of a replay: one file with its table and the cost-quality frontier, and nothing else."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sef.replay.contest import OURS, Contest

BEGINNING: Final = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
    '<meta name="generator" content="sef replay">'
)
"""What every page begins with, by which it is known again."""
_WIDE, _HIGH = 720, 420
_LEFT, _TOP, _RIGHT, _BOTTOM = 56, 16, 16, 44
_STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --dim: #60646c; --line: #d9d9e0; --paper: #fff;
  --ours: #0a6ebd; --other: #8b5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --dim: #b0b4ba; --line: #43484e;
  --paper: #111113; --ours: #70b8ff; --other: #ffca16; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
tr.ours td { font-weight: 600; }
.wide { overflow-x: auto; } p, dt { color: var(--dim); } dd { margin: 0 0 .4rem 1rem; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--dim); font-size: 12px; }
svg text.ours { fill: var(--ours); font-weight: 600; }
.axis, .zero { stroke: var(--line); } .zero { stroke-dasharray: 4 4; }
.front { fill: none; stroke: var(--dim); stroke-width: 1.5; }
.bar { stroke: var(--other); opacity: .5; } .dot { fill: var(--other); }
.bar.ours { stroke: var(--ours); opacity: .8; } .dot.ours { fill: var(--ours); }
"""


def page(found: Contest, inputs: Mapping[str, object], excluded: Mapping[str, int]) -> str:
    """The whole page as text. Everything in it is escaped; it loads nothing and runs nothing."""
    title = f"Replay: {inputs['target']} and {len(found.gates)} drafts"
    parts = (
        BEGINNING,
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_safe(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_safe(title)}</h1>",
        f"<p>{_safe(inputs['tasks'])} tasks of {_safe(inputs['repositories'])} repositories."
        " Costs are over those of the target alone, quality is in points against it, intervals are"
        " 95 % by paired bootstrap over tasks. Time is the number of calls one after another: a"
        " stand-in, not a measurement.</p>",
        _picture(found),
        _table(found),
        _gates(found),
        _listed("Left out", excluded or {"nothing": 0}),
        _listed("Inputs", inputs),
        "</body></html>\n",
    )
    return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class _Scale:
    """From cost and quality to places in the picture."""

    most: float
    low: float
    high: float

    def x(self, cost: float) -> float:
        """Left to right."""
        return _LEFT + cost / self.most * (_WIDE - _LEFT - _RIGHT)

    def y(self, quality: float) -> float:
        """Top to bottom."""
        share = (self.high - quality) / (self.high - self.low)
        return _TOP + share * (_HIGH - _TOP - _BOTTOM)


def _picture(found: Contest) -> str:
    every = found.standings.values()
    lows = [one.quality_ci[0] for one in every] + [quality for _, _, quality in found.frontier]
    highs = [one.quality_ci[1] for one in every] + [quality for _, _, quality in found.frontier]
    most = max(1.0, *(one.cost_ci[1] for one in every), *(cost for _, cost, _ in found.frontier))
    scale = _Scale(1.05 * most, min(lows) - 1, max(highs) + 1)
    said = "Cost over the target alone against quality, for each policy, with the static frontier"
    return "\n".join(
        (
            f'<div class="wide"><svg viewBox="0 0 {_WIDE} {_HIGH}" width="{_WIDE}" role="img"'
            f' aria-label="{said}">',
            *_axes(scale),
            _front(found, scale),
            *_points(found, scale),
            "</svg></div>",
        )
    )


def _axes(scale: _Scale) -> Iterator[str]:
    bottom, right = _HIGH - _BOTTOM, _WIDE - _RIGHT
    yield f'<line class="axis" x1="{_LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}"/>'
    yield f'<line class="axis" x1="{_LEFT}" y1="{_TOP}" x2="{_LEFT}" y2="{bottom}"/>'
    zero = scale.y(0)
    yield f'<line class="zero" x1="{_LEFT}" y1="{zero:.1f}" x2="{right}" y2="{zero:.1f}"/>'
    for step in range(6):
        cost = scale.most * step / 5
        x, under = scale.x(cost), bottom + 16
        yield f'<text x="{x:.1f}" y="{under}" text-anchor="middle">{cost:.2f}</text>'
        quality = scale.low + (scale.high - scale.low) * step / 5
        y = scale.y(quality) + 4
        yield f'<text x="{_LEFT - 6}" y="{y:.1f}" text-anchor="end">{quality:+.1f}</text>'
    middle = (_LEFT + right) / 2
    yield (
        f'<text x="{middle:.1f}" y="{_HIGH - 8}" text-anchor="middle">'
        "cost over always_target; upwards: quality in points</text>"
    )


def _front(found: Contest, scale: _Scale) -> str:
    places = [(cost, quality) for _, cost, quality in found.frontier]
    points = " ".join(f"{scale.x(cost):.1f},{scale.y(quality):.1f}" for cost, quality in places)
    return f'<polyline class="front" points="{points}"/>'


def _points(found: Contest, scale: _Scale) -> Iterator[str]:
    for name, one in found.standings.items():
        mine = " ours" if name == OURS else ""
        x, y = scale.x(one.cost_ratio), scale.y(one.quality_delta)
        left, right = (scale.x(cost) for cost in one.cost_ci)
        low, high = (scale.y(quality) for quality in one.quality_ci)
        label = f"{name}: cost {one.cost_ratio:.3f}, quality {one.quality_delta:+.2f} points"
        yield f"<g><title>{_safe(label)}</title>"
        for ends in ((left, y, right, y), (x, low, x, high)):
            x1, y1, x2, y2 = (f"{end:.1f}" for end in ends)
            yield f'<line class="bar{mine}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'
        yield f'<circle class="dot{mine}" cx="{x:.1f}" cy="{y:.1f}" r="{5 if mine else 4}"/>'
        side = ("end", x - 8) if x > _WIDE * 0.8 else ("start", x + 8)
        # Ours is often where the static cascade is: their names go above and below.
        above = y + 15 if mine else y - 6
        yield (
            f'<text class="{mine.strip() or "name"}" x="{side[1]:.1f}" y="{above:.1f}"'
            f' text-anchor="{side[0]}">{_safe(name)}</text></g>'
        )


def _table(found: Contest) -> str:
    heads = ("policy", "cost", "95 %", "quality", "95 %", "time", "regressions", "draft", "verify")
    lines = ["".join(f"<th>{head}</th>" for head in (*heads, "target"))]
    for name, one in found.standings.items():
        cells = (
            _safe(name),
            f"{one.cost_ratio:.3f}",
            f"{one.cost_ci[0]:.3f} to {one.cost_ci[1]:.3f}",
            f"{one.quality_delta:+.2f}",
            f"{one.quality_ci[0]:+.1f} to {one.quality_ci[1]:+.1f}",
            f"{one.time_ratio:.2f}",
            f"{one.regressions:.2f}",
            *(f"{share:.3f}" for share in (one.draft, one.verify, one.redo)),
        )
        row = "".join(f"<td>{cell}</td>" for cell in cells)
        lines.append(f'<tr class="ours">{row}</tr>' if name == OURS else f"<tr>{row}</tr>")
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def _gates(found: Contest) -> str:
    items = "".join(f"<li>{_safe(one.reason)}</li>" for one in found.gates.values())
    return f"<h2>What the gate says</h2><ul>{items}</ul>"


def _listed(title: str, values: Mapping[str, object]) -> str:
    items = "".join(
        f"<dt>{_safe(name)}</dt><dd>{_safe(value)}</dd>" for name, value in values.items()
    )
    return f"<h2>{title}</h2><dl>{items}</dl>"


def _safe(value: object) -> str:
    return html.escape(str(value))
