"""What an order did, in words and as an object."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

from sef.installation.order import Action, Order, Told
from sef.text import plain

SCHEMA: Final = 1
_NOTES: Final = {
    "kept": "you edited it, so it stays (--force would not keep it)",
    "foreign": "it is there word for word, and not sef's: it stays when sef goes",
    "edited": "it is not as sef left it",
    "older": "of another version: install again",
    "missing": "install again to have it",
}

_LINES: Final = {
    "shown": "yours, if you have one, and what sef did",
    "edited": "another one stands in the settings now, so that stays",
}


def as_json(order: Order, told: Sequence[Told]) -> str:
    """One object on one line a level."""
    said = {
        "schema": SCHEMA,
        "action": order.action,
        "dry_run": order.dry_run,
        "places": [asdict(one) for one in told],
    }
    return json.dumps(said, indent=2) + "\n"


def lines(order: Order, told: Sequence[Told]) -> Iterator[str]:
    """For people, a line each."""
    for one in told:
        yield from map(plain, _place(order, one))
    if [one.state for one in told] == ["installed", "installed"]:
        yield "The project's executors go before yours of the same name."
    lacks = told[0].lacks if told else ()
    if lacks:
        yield f"Hooks cannot verify yet: {plain(sys.executable)} lacks {', '.join(lacks)}."
        yield "No work would be accepted: `make run` in sef's clone, then install again."
    if order.dry_run:
        yield "Nothing was changed: --dry-run."


def _place(order: Order, told: Told) -> Iterator[str]:
    counts = Counter(told.files.values())
    counted = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    yield f"{told.scope:<8} {told.folder}: {_head(order, told, counted)}"
    for path, what in told.files.items():
        if order.dry_run or what in _NOTES:
            note = f": {_NOTES[what]}" if what in _NOTES else ""
            yield f"  {what:<9}{path}{note}"
    if told.status_line is not None:
        yield f"  status line: {_LINES.get(told.status_line, told.status_line)}"


def _head(order: Order, told: Told, counted: str) -> str:
    if order.action is Action.STATUS:
        if told.state == "absent":
            return "nothing of sef's"
        cut = " (cut off: install or uninstall again)" if told.state == "unfinished" else ""
        return f"sef {told.version}{cut}: {counted}"
    if not counted:
        return f"sef {told.version}, as it was" if told.version else "nothing of sef's"
    return counted
