"""`sef hook`: what Claude Code runs at its events."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer()


@app.command(
    epilog="""Example: sef hook PreToolUse < event.json

Exit code: always 0, because another would stop the work that Claude Code does for you. What went
wrong is a line in ~/.local/state/sef/hooks/hooks.log.
"""
)
def hook(
    event: Annotated[
        str, typer.Argument(metavar="EVENT", help="PreToolUse, SubagentStart, ... SessionEnd.")
    ] = "",
) -> None:
    """Answer one event of Claude Code, told as JSON on standard input.

    Installed settings run the same without this command's start: python -I -S sef/hooks/entry.py.
    """
    from sef.hooks.entry import main

    raise typer.Exit(main([event] if event else []))
