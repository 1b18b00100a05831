"""`sef claude doctor`: what was found, a row for each check."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.text import Text

from sef.claude_doctor import Row, State, judged, looked
from sef.cli import loop
from sef.cli.complaints import EXIT_FAILED, printing, write
from sef.sinks.console import terminal

SCHEMA: Final = 1
_SIGNS: Final = {
    State.OK: ("✓", "green"),
    State.WARNING: ("!", "yellow"),
    State.WRONG: ("✗", "red"),
    State.UNKNOWN: ("·", "yellow"),
}


def run_claude_doctor(*, as_json: bool, start: Path | None = None) -> int:
    """Prints the rows; returns 0, or 1 where something is wrong. Raises UsageError."""
    console = terminal(stderr=True)

    def tell(words: str) -> None:
        console.print(Text(words), style="dim", soft_wrap=True)

    seen = loop.run(looked(variables=os.environ, start=start or Path.cwd(), tell=tell))
    found = judged(seen)
    wrong = any(one.state is State.WRONG for one in found)
    if as_json:
        said = {"schema": SCHEMA, "status": "wrong" if wrong else "ok"}
        write(json.dumps({**said, "checks": [asdict(one) for one in found]}, indent=2) + "\n")
    else:
        with printing():
            _tell(found)
    return EXIT_FAILED if wrong else 0


def _tell(found: Sequence[Row]) -> None:
    console, width = terminal(), max(len(one.check) for one in found)
    for one in found:
        sign, style = _SIGNS[one.state]
        head = Text.assemble((sign, style), f" {one.check:<{width}} {one.found}")
        console.print(head, soft_wrap=True)
        for line in one.details:
            console.print(Text(f"    {line}"), style="dim", soft_wrap=True)
        if one.way_out and one.state is not State.OK:
            console.print(Text(f"    -> {one.way_out}"), soft_wrap=True)
