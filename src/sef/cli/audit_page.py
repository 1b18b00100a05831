"""An audit as one HTML file: styles and pictures inside, no scripts, nothing fetched."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sef.cli import audit_words as words
from sef.cli.audit_pictures import before_and_after, cache_bar, daily, tier_bars
from sef.cli.audit_style import STYLE
from sef.cli.audit_words import Object, cost, dollars, short
from sef.errors import UsageError

MARK: Final = '<meta name="generator" content="sef claude audit">'
_HEAD: Final = 2_000
_CUT: Final = 20
"""Names from that length on may end in an ellipsis; the whole is told on pointing at them."""
_NUMBERS: Final = (
    "cost", "saved", "tasks", "requests", "agents'", "not cached", "cache read", "written",
    "output",
)  # fmt: skip
_CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {**dict.fromkeys(_NUMBERS, " class=n"), "instruction": " class=text"}
)
_ROWS: Final = 30
_ELSEWHERE: Final = "Name another file: --html audit.html"


def check_page(path: Path, *, force: bool) -> None:
    """Raises UsageError where the file may not be written.

    It may be an older page, an empty file, or not be there; with `force` any regular file. A
    folder, a device, a pipe and a link never: a link might lead to any of them.
    """
    try:
        _check_place(path)
        if not force and not _is_ours(path):
            raise UsageError(
                f"{path} is there, and is no page of sef claude audit",
                hint="Name another file, or replace it with --force.",
            )
    except OSError as error:
        raise _unwritable(path, error) from error


def _check_place(path: Path) -> None:
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}", hint="Make it first.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"nothing can be written into {path.parent.absolute()}", hint=_ELSEWHERE)
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(kind):
        raise UsageError(f"{path} is a folder", hint=_ELSEWHERE)
    if stat.S_ISLNK(kind):
        raise UsageError(f"{path} is a link", hint="Name the file itself that it leads to.")
    if not stat.S_ISREG(kind):
        raise UsageError(f"{path} is no regular file", hint=_ELSEWHERE)


def _is_ours(path: Path) -> bool:
    """True for an older page, an empty file, and what is not there."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        return True
    return not head or MARK.encode() in head


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be written: {error.strerror or error}", hint=_ELSEWHERE)


def write_page(path: Path, said: Object) -> None:
    """Writes the page: whole or not at all. Raises UsageError."""
    try:
        _replace(path, page(said))
    except OSError as error:
        raise _unwritable(path, error) from error


def _replace(path: Path, text: str) -> None:
    # A short name of its own: the page's may be as long as names can be.
    number, name = tempfile.mkstemp(prefix=".sef-", dir=path.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        _check_place(path)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def page(said: Object) -> str:
    """The whole page. Everything that comes from elsewhere is escaped."""
    measured, reckoned = said["measured"], said["estimated"]
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            MARK,
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
            " style-src 'unsafe-inline'\">",
            f"<title>Where the money went</title><style>{STYLE}</style></head><body><main>",
            "<h1>Where the money went</h1>",
            f'<p class="lead">{escape(words.headline(said))}</p>',
            _cards(said),
            "<h2>Measured</h2>",
            _alerts(words.unknown_lines(said)),
            _figure("Cost by day and model", daily(measured)),
            _figure("What was paid for", cache_bar(measured)),
            _figure("Cost by tier of the instruction", tier_bars(measured)),
            _sums("Model", measured["by_model"]),
            _sums("Project", measured["by_project"]),
            _sums("Kind of work", measured["by_kind"]),
            _sums("Made by", measured["by_maker"]),
            _tasks(measured["biggest_tasks"]),
            "<h3>Context</h3>",
            _list(words.context_lines(said)),
            "<h3>Wasted</h3>",
            _list(words.waste_lines(said)),
            _client(said),
            "<h2>Estimated</h2>",
            '<p class="note">No part of the sums above.</p>',
            _figure("Before and after", before_and_after(said)),
            _list(words.estimate_lines(said)),
            _tiers(reckoned["policy"]["tiers"]),
            "<h3>Assumptions</h3>",
            _list(reckoned["assumptions"]),
            "<h2>Read</h2>",
            _list((*words.reading_lines(said), words.price_line(said))),
            "</main></body></html>\n",
        )
    )


def _cards(said: Object) -> str:
    measured = said["measured"]
    total = measured["total"]
    read = total["cache_read_tokens"]
    prompt = read + total["input_tokens"] + total["cache_write_5m_tokens"]
    prompt += total["cache_write_1h_tokens"]
    saved = said["estimated"]["policy"]["saved_usd"]
    cards = (
        ("cost, measured", cost(total), "at the API's list prices"),
        ("requests", f"{total['requests']:,}", f"{short(total['output_tokens'])} tokens written"),
        ("read from the cache", words.share(read, prompt) or "0 %", "of all prompt tokens"),
        (
            "drafting, estimated",
            f"{dollars(saved['low'])} to {dollars(saved['high'])}",
            "saved; negative is a loss",
        ),
    )
    shown = (
        f'<div class="card"><div class="label">{escape(label)}</div><div class="number">'
        f'{escape(number)}</div><div class="note">{escape(note)}</div></div>'
        for label, number, note in cards
    )
    return f'<div class="cards">{"".join(shown)}</div>'


def _figure(title: str, picture: str) -> str:
    return f"<figure><figcaption>{escape(title)}</figcaption>{picture}</figure>"


def _alerts(lines: Iterable[str]) -> str:
    return "".join(f'<p class="alert">{escape(line)}</p>' for line in lines)


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _client(said: Object) -> str:
    line = words.client_line(said)
    return f"<h3>The client's own totals</h3>{_list((line,))}" if line else ""


def _sums(title: str, rows: Sequence[Object]) -> str:
    heads = (title, "cost", "requests", "not cached", "cache read", "written", "output")
    return _table(heads, [_cells(one) for one in rows[:_ROWS]], more=len(rows) - _ROWS)


def _cells(one: Object) -> tuple[str, ...]:
    written = one["cache_write_5m_tokens"] + one["cache_write_1h_tokens"]
    return (
        one["name"],
        cost(one),
        f"{one['requests']:,}",
        short(one["input_tokens"]),
        short(one["cache_read_tokens"]),
        short(written),
        short(one["output_tokens"]),
    )


def _tiers(tiers: Sequence[Object]) -> str:
    heads = ("Tasks below the target", "cost", "saved", "tasks", "worked on by", "draft by", "")
    rows = [
        (
            words.tier_name(one["tier"]),
            dollars(one["cost_usd"]),
            words.span(one["saved_if_drafted_usd"]),
            f"{one['tasks']:,}",
            one["worked"],
            one["model"],
            "drafted" if one["drafted"] else "left alone: drafting loses",
        )
        for one in tiers
    ]
    return _table(heads, rows) if rows else ""


def _tasks(tasks: Sequence[Object]) -> str:
    texts = any(task["text"] for task in tasks)
    heads = ("Biggest tasks", "cost", "project", "kind", "tier", "requests", "agents'")
    rows = [
        (
            task["day"] or "unknown day",
            cost(task),
            task["project"],
            task["kind"] or "unknown",
            words.tier_name(task["tier"]),
            f"{task['main_requests']:,}",
            f"{task['agent_requests']:,}",
            *((task["text"] or "",) if texts else ()),
        )
        for task in tasks
    ]
    return _table((*heads, "instruction") if texts else heads, rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], more: int = 0) -> str:
    """A table that scrolls where it is too wide; names stay whole, or end in an ellipsis."""

    def cells(row: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{_CLASSES.get(head, '')}{_title(cell, head)}>{escape(cell)}</{tag}>"
            for head, cell in zip(heads, row, strict=True)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    rest = f'<p class="note">and {more} more</p>' if more > 0 else ""
    table = f"<table><thead><tr>{cells(heads, 'th')}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0">{table}</div>{rest}'


def _title(cell: str, head: str) -> str:
    cut = len(cell) > _CUT and head not in _CLASSES
    return f' title="{escape(cell)}"' if cut else ""
