"""`sef claude status`: the state of sef in a folder, on the terminal."""

from __future__ import annotations

import json
from pathlib import Path

from rich.text import Text

from sef.cli.complaints import printing, write
from sef.errors import UsageError
from sef.hooks.records import is_name
from sef.hooks.status import state
from sef.hooks.status_lines import lines
from sef.sinks.console import terminal


def run_status(session: str, *, as_json: bool) -> int:
    """Prints the state; returns the exit code. Raises UsageError for what is no session."""
    if session and not is_name(session):
        raise UsageError(
            f"{session[:80]!r} is no session of Claude Code",
            hint="Its transcript's file is named by it. Without --session the newest is told.",
        )
    found = state(str(Path.cwd()), session=session)
    if as_json:
        write(json.dumps(found, indent=2) + "\n")
        return 0
    with printing():
        for line in lines(found):
            terminal().print(Text(line), soft_wrap=True)
    return 0
