"""`sef doctor`: what sef finds here, and whether a check of a fork would judge the fork."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape

from sef.build import repository_config
from sef.cli.examine import Way, examine
from sef.cli.found import Found, look
from sef.config import load_config
from sef.environment.bubblewrap import bubblewrap
from sef.errors import RepositoryError, UsageError
from sef.process import run_program
from sef.repository import MINIMUM_GIT, find_repository
from sef.text import one_line, plain

EXIT_DOUBT: Final = 1
_PROBE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program that sef works with."""

    name: str
    needed: bool
    """False where sef does without, in a weaker way."""
    path: str | None
    version: str | None
    works: bool
    remark: str | None = None


def run_doctor(
    *,
    environment: bool = False,
    run: bool = False,
    as_json: bool = False,
    config: Path | None = None,
    start: Path | None = None,
) -> int:
    """Prints what was found and returns the exit code: 0, or 1 for what is missing or undecided.

    `environment` examines the checks of the repository, `run` also runs its tests in a fork.
    Raises UsageError, RepositoryError, ConfigError.
    """
    if run and not environment:
        raise UsageError("--run is about --environment", hint="sef doctor --environment --run")
    folder = start or Path.cwd()
    if environment:
        return _tell_ways(asyncio.run(examine(folder, config=config, run=run)), as_json)
    tools, found = asyncio.run(survey(folder, config=config))
    return _tell_tools(tools, found, as_json)


async def survey(start: Path, *, config: Path | None = None) -> tuple[tuple[Tool, ...], Found]:
    """The programs that sef works with, and the models that can be asked."""
    beside = Path(sysconfig.get_path("scripts")) / "rg"
    rg = str(beside) if beside.is_file() else shutil.which("rg")
    tools = (
        await _tool("git", shutil.which("git"), lambda said: _version(said) >= MINIMUM_GIT),
        await _tool("python", sys.executable, lambda said: _version(said) >= (3, 11)),
        await _tool("rg", rg, lambda _: True),
        await _bwrap(),
    )
    try:
        settings = repository_config(await find_repository(start), config)
    except RepositoryError:
        settings = load_config(config)
    return tools, await asyncio.to_thread(look, settings)


async def _tool(name: str, path: str | None, fits: Callable[[str], bool]) -> Tool:
    said = await _said(path) if path else None
    works = said is not None and fits(said)
    remark = None if works else ("it is too old or does not run" if path else "it was not found")
    return Tool(name=name, needed=True, path=path, version=said, works=works, remark=remark)


async def _bwrap() -> Tool:
    path = shutil.which("bwrap")
    works = await asyncio.to_thread(bubblewrap) is not None
    why = "it may not make namespaces here" if path else "it was not found"
    remark = None if works else f"{why}: your tree stays visible to the checks of a fork"
    said = await _said(path) if path else None
    return Tool(name="bwrap", needed=False, path=path, version=said, works=works, remark=remark)


async def _said(path: str) -> str | None:
    argv = (path, "--version")
    try:
        done = await run_program(argv, cwd=Path("/"), env=os.environ, timeout_s=_PROBE_S)
    except OSError:
        return None
    lines = plain(done.stdout.decode("utf-8", "replace")).strip().splitlines()
    return lines[0] if lines and done.exit_code == 0 else None


def _version(said: str) -> tuple[int, ...]:
    found = re.search(r"\d+(?:\.\d+)+", said)
    return tuple(map(int, found[0].split("."))) if found else ()


def _tell_tools(tools: Sequence[Tool], found: Found, as_json: bool) -> int:
    missing = any(tool.needed and not tool.works for tool in tools)
    status = "missing" if missing else "ok"
    said = {"status": status, "tools": [asdict(tool) for tool in tools], **found.json()}
    if as_json:
        _print_json(said)
    else:
        console = Console(highlight=False, soft_wrap=True)
        for tool in tools:
            console.print(_tool_line(tool))
        for line in found.lines():
            console.print(line)
    return EXIT_DOUBT if missing else 0


def _tool_line(tool: Tool) -> str:
    sign = _sign(tool.works, grave=tool.needed)
    where = f" [dim]{escape(tool.path)}[/]" if tool.path else ""
    remark = f": {escape(tool.remark)}" if tool.remark else ""
    return f"{sign} {tool.name:<7} {escape(one_line(tool.version or 'none', 60))}{where}{remark}"


def _sign(good: bool | None, *, grave: bool = True) -> str:
    if good:
        return "[green]✓[/]"
    return "[red]✗[/]" if grave and good is not None else "[yellow]·[/]"


def _tell_ways(ways: Sequence[Way], as_json: bool) -> int:
    """Undecided is told by the exit code, and so is a project without checks."""
    doubt = not ways or any(way.proved is False for way in ways)
    if as_json:
        said = {"status": "undecided" if doubt else "ok", "checks": [asdict(way) for way in ways]}
        _print_json(said)
        return EXIT_DOUBT if doubt else 0
    console = Console(highlight=False, soft_wrap=True)
    console.print("In your own tree checks run in place. In a fork of it:")
    for way in ways:
        for line in _way_lines(way):
            console.print(line)
    if not ways:
        console.print("[red]✗[/] no check was found; name one under \\[checks] in sef.toml")
    return EXIT_DOUBT if doubt else 0


def _way_lines(way: Way) -> list[str]:
    head = f"{_sign(way.proved)} [bold]{way.check}[/]  {escape(one_line(way.command, 100))}"
    prepared = "" if way.prepare_ms is None else f", ready in {way.prepare_ms:.0f} ms"
    told = {
        "with": way.tool,
        "by": f"{way.mechanism}{prepared}" if way.mechanism else None,
        "run": way.run.summary if way.run else None,
        "level": f"{way.level}: {way.reason}",
        "open": way.unproved,
        "offender": way.offender,
        "mend": way.mend,
    }
    lines = [f"    {name:<9}{escape(one_line(said, 300))}" for name, said in told.items() if said]
    return [head, *lines]


def _print_json(said: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps({"schema": 1, **said}, indent=2) + "\n")
