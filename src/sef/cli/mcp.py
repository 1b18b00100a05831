"""`sef mcp`: sef's tools for coding agents."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable
from importlib import metadata
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from sef.cli import signals
from sef.cli.complaints import guarded
from sef.errors import UsageError

app = typer.Typer()
_LEAST: Final = (2, 3)
_WITHOUT: Final = Path(__file__).parents[1] / "claude/plugin/bin/mcp"
"""What stands in for the server: the plugin needs it where there is no sef at all."""
_TWICE_S: Final = 2.0
"""Clients that end a server send several signals within less."""


@app.command(
    epilog="""Examples:

  claude mcp add sef -- sef mcp

  codex mcp add sef -- sef mcp

  sef mcp --root ~/work/project

It speaks the Model Context Protocol on standard input and output: a client starts it. Runs that
still work when the client hangs up are called off; sef run --resume goes on with them.

Exit codes: 0 the client hung up, or it was called off; 2 it cannot be done as asked."""
)
def mcp(
    root: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder whose repository is worked in; by default the current one.",
            show_default=False,
        ),
    ] = None,
    stay: Annotated[
        bool,
        typer.Option(
            "--stay",
            help="Where the extra is missing, stay as a server without tools that says so: a client"
            " that starts it in each session shows no failure.",
        ),
    ] = False,
) -> None:
    """Serve sef's tools to a coding agent (MCP over stdio)."""
    raise typer.Exit(guarded(lambda: _serve(root, stay=stay), as_json=False))


def _serve(root: Path | None, *, stay: bool) -> NoReturn:
    try:
        _check_extra()
    except UsageError:
        if not stay:
            raise
        os.execvp("sh", ("sh", str(_WITHOUT), "--without"))  # noqa: S606 - no shell string
    from sef.mcp import serve

    start = (root or Path.cwd()).resolve()
    if not start.is_dir():
        raise UsageError(f"{start} is no folder", hint="Name one: sef mcp --root DIR")
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # as in sef.cli.loop
    asyncio.run(_until_called_off(start, serve))
    # All is tidy. Taking the interpreter down can take longer than a client waits before it kills.
    logging.shutdown()
    sys.stderr.flush()
    os._exit(0)


def _check_extra() -> None:
    try:
        version = metadata.version("mcp")
    except metadata.PackageNotFoundError:
        version = ""
    if not _LEAST <= tuple(map(int, re.findall(r"\d+", version)[:2])) < (3,):
        found = f"mcp {version} is installed" if version else "the package mcp is missing"
        raise UsageError(
            f"sef mcp needs mcp 2.3 or newer, below 3, and {found}",
            hint="pip install 'sef-framework[mcp]'",
        )


async def _until_called_off(
    start: Path, serve: Callable[[Path, asyncio.Event], Awaitable[None]]
) -> None:
    stop, loop, first = asyncio.Event(), asyncio.get_running_loop(), [0.0]

    def call_off(*_: object) -> None:
        now = time.monotonic()
        if first[0] and now - first[0] > _TWICE_S:
            os._exit(signals.EXIT_CANCELLED)
        first[0] = first[0] or now
        loop.call_soon_threadsafe(stop.set)

    signals.hear(call_off)
    try:
        await serve(start, stop)
    finally:
        # All is tidy. A signal that comes now would end it with another exit code.
        signals.ignore()
