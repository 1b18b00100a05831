"""The pictures of an audit's page, as SVG. Each says in words what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from typing import Final

from sef.cli.audit_words import Object, classes, dollars, share, tier_name

_COLOURS: Final = 7
_MOST_DAYS: Final = 92
_LABELS: Final = 6
_LEFT: Final = 13.0
_RIGHT: Final = 96.0
"""Where days begin and end; lengths across are per cent of the width, so that text keeps its size.
"""


def daily(measured: Object) -> str:
    """Stacked bars: a bar a day, a colour a model."""
    rows = [row for row in measured["by_day_and_model"] if row["day"][:1].isdigit()]
    days = _calendar([row["day"] for row in rows])
    models = [one["name"] for one in measured["by_model"] if one["priced_usd"]]
    if not days:
        return "<p>No day has a price.</p>"
    table: dict[str, dict[str, float]] = {day: {} for day in days}
    for row in rows:
        if row["day"] in table:
            name = _group(row["model"], models)
            table[row["day"]][name] = table[row["day"]].get(name, 0.0) + row["priced_usd"]
    names = list(dict.fromkeys(_group(model, models) for model in models))
    top = max(sum(amounts.values()) for amounts in table.values()) or 1.0
    height, base = 260, 220
    step = (_RIGHT - _LEFT) / len(days)
    parts = [_axis(base, top, height=200)]
    for at, day in enumerate(days):
        x, y = _LEFT + at * step, float(base)
        width = min(step * 0.8, 7)
        for name in names:
            amount = table[day].get(name, 0.0)
            tall = 200 * amount / top
            y -= tall
            words = f"{day}, {name}: {dollars(amount)}"
            parts.append(_bar((x + (step - width) / 2, y, width, tall), names.index(name), words))
        if at % -(-len(days) // _LABELS) == 0:
            said = escape(day[5:])
            parts.append(_text(x + step / 2, base + 20, said, "middle", soft=True))
    said = f"Cost by day over {len(days)} days, at most {dollars(top)} a day."
    return _svg(height, said, parts) + _key(names)


def cache_bar(measured: Object) -> str:
    """One bar: what the money was paid for, by class of tokens."""
    amounts = classes(measured)
    total = sum(amount for _, amount in amounts)
    if not total:
        return "<p>Nothing that has a price.</p>"
    parts, x = [], 0.0
    for at, (shown, amount) in enumerate(amounts):
        width = 100 * amount / total
        words = f"{shown}: {dollars(amount)}, {share(amount, total)}"
        parts.append(_bar((x, 5, width, 40), at, words))
        x += width
    names = [f"{shown} {dollars(amount)}, {share(amount, total)}" for shown, amount in amounts]
    return _svg(50, "; ".join(names), parts) + _key(names)


def tier_bars(measured: Object) -> str:
    """A bar a tier: what the instructions cost that the router would send there first."""
    rows = measured["by_tier"]
    top = max((one["priced_usd"] for one in rows), default=0.0)
    if not top:
        return "<p>Nothing that has a price.</p>"
    parts, said = [], []
    for at, one in enumerate(rows):
        y, words = 8 + at * 36, f"{tier_name(one['name'])}: {dollars(one['priced_usd'])}"
        said.append(words)
        width = 40 * one["priced_usd"] / top
        colour = int(one["name"]) if one["name"] in "0123" else _COLOURS - 1
        paid = f"{dollars(one['priced_usd'])}, {one['requests']:,} requests"
        parts += [
            _text(17, y + 18, escape(tier_name(one["name"])), "end"),
            _bar((19, y, width, 26), colour, words),
            _text(20.5 + width, y + 18, escape(paid), "start", soft=True),
        ]
    return _svg(16 + 36 * len(rows), "; ".join(said), parts)


def before_and_after(said: Object) -> str:
    """Two bars: the measured cost, and the estimate with its interval."""
    total = said["measured"]["total"]["priced_usd"]
    after = said["estimated"]["policy"]["all_work_usd"]
    top = max(total, *after.values())
    if not top:
        return "<p>Nothing that has a price.</p>"
    scale = 34 / top
    low, high = after["high"] * scale, after["low"] * scale  # the most saved is the least paid
    middle = after["middle"] * scale
    words = f"{dollars(after['high'])} to {dollars(after['low'])}"
    parts = [
        _text(29, 29, "as it was, measured", "end"),
        _bar((31, 10, total * scale, 28), 0, f"measured: {dollars(total)}"),
        _text(32.5 + total * scale, 29, escape(dollars(total)), "start", soft=True),
        _text(29, 75, "drafted, estimated", "end"),
        _bar((31, 56, middle, 28), 2, f"estimated: {words}"),
        _line("whisker", (31 + low, 70), (31 + high, 70)),
        _line("whisker", (31 + low, 62), (31 + low, 78)),
        _line("whisker", (31 + high, 62), (31 + high, 78)),
        _text(32.5 + max(middle, high), 75, escape(words), "start", soft=True),
    ]
    return _svg(95, f"Measured {dollars(total)}; with drafts, estimated {words}.", parts)


def _calendar(days: Sequence[str]) -> list[str]:
    """All days from the first to the last, without a gap; at most three months, the last ones."""
    if not days:
        return []
    first, last = (date.fromisoformat(day).toordinal() for day in (min(days), max(days)))
    begin = max(first, last - _MOST_DAYS + 1)
    return [date.fromordinal(day).isoformat() for day in range(begin, last + 1)]


def _group(model: str, models: Sequence[str]) -> str:
    """The model, or for those beyond the colours their common name."""
    return model if model in models[: _COLOURS - 1] else "other models"


def _svg(height: float, said: str, parts: Iterable[str]) -> str:
    return (
        f'<svg width="100%" height="{height:g}" role="img" aria-label="{escape(said)}">'
        f"<title>{escape(said)}</title>{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, words: str, anchor: str, *, soft: bool = False) -> str:
    """Words at a place; they have to be escaped already."""
    look = ' class="soft"' if soft else ""
    return f'<text x="{x:.2f}%" y="{y:g}" text-anchor="{anchor}"{look}>{words}</text>'


def _line(look: str, begin: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = begin, end
    return f'<line class="{look}" x1="{x1:.2f}%" y1="{y1:g}" x2="{x2:.2f}%" y2="{y2:g}"/>'


def _bar(box: tuple[float, float, float, float], colour: int, words: str) -> str:
    """A rectangle by its left, top, width and height; nothing where it has no area."""
    x, y, width, height = box
    if width <= 0 or height <= 0:
        return ""
    return (
        f'<rect x="{x:.2f}%" y="{y:.1f}" width="{width:.2f}%" height="{height:.1f}" rx="1.5"'
        f' style="fill:var(--c{colour % _COLOURS})"><title>{escape(words)}</title></rect>'
    )


def _axis(base: int, top: float, *, height: int) -> str:
    lines = []
    for part in (0.0, 0.5, 1.0):
        y = base - height * part
        said = escape(dollars(top * part)) if part else "$0"
        lines.append(_line("axis", (_LEFT, y), (100, y)))
        lines.append(_text(_LEFT - 1, y + 4, said, "end", soft=True))
    return "".join(lines)


def _key(names: Sequence[str]) -> str:
    rows = "".join(
        f'<li><span style="background:var(--c{at % _COLOURS})"></span>{escape(name)}</li>'
        for at, name in enumerate(names)
    )
    return f'<ul class="key">{rows}</ul>'
