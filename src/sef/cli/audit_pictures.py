"""The pictures of an audit's page, as SVG. Each says in words what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from typing import Final

from sef.cli.audit_words import CLASS_NAMES, Object, dollars, share, tier_name

_WIDTH: Final = 900
_COLOURS: Final = 7
_MOST_DAYS: Final = 92
_LEFT: Final = 70


def daily(measured: Object) -> str:
    """Stacked bars: a bar a day, a colour a model."""
    rows = [row for row in measured["by_day_and_model"] if row["day"] != "unknown"]
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
    step = (_WIDTH - _LEFT) / len(days)
    parts = [_axis(base, top, height=200)]
    for at, day in enumerate(days):
        x, y = _LEFT + at * step, float(base)
        width = min(step * 0.8, 60)
        for name in names:
            amount = table[day].get(name, 0.0)
            tall = 200 * amount / top
            y -= tall
            words = f"{day}, {name}: {dollars(amount)}"
            parts.append(_bar((x + (step - width) / 2, y, width, tall), names.index(name), words))
        if at % max(1, len(days) // 8) == 0:
            parts.append(
                f'<text x="{x + step / 2:.1f}" y="{base + 20}" text-anchor="middle" class="soft">'
                f"{escape(day[5:])}</text>"
            )
    said = f"Cost by day over {len(days)} days, at most {dollars(top)} a day."
    return _svg(height, said, parts) + _key(names)


def cache_bar(measured: Object) -> str:
    """One bar: what the money was paid for, by class of tokens."""
    amounts = [(shown, measured["by_class_usd"][name]) for name, shown in CLASS_NAMES]
    total = sum(amount for _, amount in amounts)
    if not total:
        return "<p>Nothing that has a price.</p>"
    parts, x = [], 0.0
    for at, (shown, amount) in enumerate(amounts):
        width = _WIDTH * amount / total
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
        width = 560 * one["priced_usd"] / top
        colour = int(one["name"]) if one["name"] in "0123" else _COLOURS - 1
        parts += [
            f'<text x="100" y="{y + 18}" text-anchor="end">{escape(tier_name(one["name"]))}</text>',
            _bar((115, y, width, 26), colour, words),
            f'<text x="{125 + width:.1f}" y="{y + 18}" class="soft">'
            f"{escape(dollars(one['priced_usd']))}, {one['requests']:,} requests</text>",
        ]
    return _svg(16 + 36 * len(rows), "; ".join(said), parts)


def before_and_after(said: Object) -> str:
    """Two bars: the measured cost, and the estimate with its interval."""
    total = said["measured"]["total"]["priced_usd"]
    after = said["estimated"]["policy"]["all_work_usd"]
    top = max(total, *after.values())
    if not top:
        return "<p>Nothing that has a price.</p>"
    scale = 560 / top
    low, high = after["high"] * scale, after["low"] * scale  # the most saved is the least paid
    middle = after["middle"] * scale
    words = f"{dollars(after['high'])} to {dollars(after['low'])}"
    parts = [
        '<text x="150" y="28" text-anchor="end">as it was, measured</text>',
        _bar((165, 10, total * scale, 28), 0, f"measured: {dollars(total)}"),
        f'<text x="{175 + total * scale:.1f}" y="29" class="soft">{escape(dollars(total))}</text>',
        '<text x="150" y="74" text-anchor="end">drafted, estimated</text>',
        _bar((165, 56, middle, 28), 2, f"estimated: {words}"),
        f'<path class="whisker" fill="none" d="M{165 + low:.1f} 62v16m0-8H{165 + high:.1f}'
        'm0-8v16"/>',
        f'<text x="{175 + max(middle, high):.1f}" y="75" class="soft">{escape(words)}</text>',
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
        f'<svg viewBox="0 0 {_WIDTH} {height:g}" role="img" aria-label="{escape(said)}">'
        f"<title>{escape(said)}</title>{''.join(parts)}</svg>"
    )


def _bar(box: tuple[float, float, float, float], colour: int, words: str) -> str:
    """A rectangle by its left, top, width and height; nothing where it has no area."""
    x, y, width, height = box
    if width <= 0 or height <= 0:
        return ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="1.5"'
        f' style="fill:var(--c{colour % _COLOURS})"><title>{escape(words)}</title></rect>'
    )


def _axis(base: int, top: float, *, height: int) -> str:
    lines = []
    for part in (0.0, 0.5, 1.0):
        y = base - height * part
        lines.append(
            f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" class="soft">'
            f"{escape(dollars(top * part)) if part else '$0'}</text>"
        )
    return "".join(lines)


def _key(names: Sequence[str]) -> str:
    rows = "".join(
        f'<li><span style="background:var(--c{at % _COLOURS})"></span>{escape(name)}</li>'
        for at, name in enumerate(names)
    )
    return f'<ul class="key">{rows}</ul>'
