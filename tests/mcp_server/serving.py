"""The server in a process of its own: with the real client of the library, and by its lines."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Awaitable, Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from cli.command import PROJECT, SEF, TARGET
from conftest import git

mcp = pytest.importorskip("mcp", reason="needs the extra mcp (pip install 'mcp>=2')")
if metadata.version("mcp").partition(".")[0] != "2":
    pytest.skip(f"needs mcp 2, not {metadata.version('mcp')}", allow_module_level=True)

HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
GREET = {"calc/greet.py": 'GREETING = "hello"\n'}
SCRIPTS = """
[[script]]
task = "greet"
says = "A greeting is there."
cost_usd = 0.25
[[script.write]]
path = "calc/greet.py"
text = 'GREETING = "hello"'

[[script]]
task = "part"
says = "A part is there."
cost_usd = 0.5
[[script.write]]
path = "calc/part.py"
text = 'PARTING = "bye"'

[[script]]
task = "long"
says = "{long}"

[[script]]
task = "wait"
says = "."
seconds = 60
cost_usd = 0.5
""".replace("{long}", "x" * 15_000)
WORLD = {**PROJECT, "sef.toml": TARGET, "target.toml": SCRIPTS}
"""A project whose target plays these scripts."""


def task(name: str, text: str = "implement it", **more: object) -> dict[str, object]:
    return {"id": name, "text": text, **more}


WAIT = [task("wait")]


class Session:
    """A client of a server."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.heard: list[tuple[float, str]] = []
        """Progress of all calls."""

    async def call(self, tool: str, **arguments: object) -> Any:
        """The structured result of a call that must succeed."""
        result = await self.raw(tool, **arguments)
        assert not result.is_error, result.content[0].text
        assert result.content[0].text
        return result.structured_content

    async def refused(self, tool: str, **arguments: object) -> str:
        """What a call that must fail says."""
        result = await self.raw(tool, **arguments)
        assert result.is_error, result.structured_content
        assert result.structured_content is None
        return str(result.content[0].text)

    async def raw(self, tool: str, **arguments: object) -> Any:
        async def hear(so_far: float, _: float | None, words: str | None) -> None:
            self.heard.append((so_far, words or ""))

        return await self.client.call_tool(tool, arguments, progress_callback=hear)


def talk(
    root: Path, body: Callable[[Session], Awaitable[None]], *args: str, **options: object
) -> None:
    """Has `body` talk with a server that was started in `root`."""
    server = mcp.StdioServerParameters(
        command=SEF[0], args=[*SEF[1:], "mcp", *args], cwd=root, env=dict(os.environ)
    )

    async def talked() -> None:
        async with asyncio.timeout(90):
            async with mcp.Client(server, **options) as client:
                await body(Session(client))

    asyncio.run(talked())


def request(number: int, method: str, **params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def called(number: int, tool: str, **arguments: object) -> dict[str, object]:
    return request(number, "tools/call", name=tool, arguments=arguments)


class Lines:
    """A server spoken to by lines, which is ended as the test likes."""

    def __init__(self, root: Path, *args: str) -> None:
        self.process = subprocess.Popen(
            (*SEF, "mcp", *args),
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.say(HELLO)
        assert self.hear()["id"] == 0
        self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def say(self, message: object) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        said: dict[str, Any] = json.loads(self.process.stdout.readline())
        return said

    def end(self) -> tuple[int, str, str]:
        """Waits for its end: exit code, the rest of standard output, standard error."""
        out, errors = self.process.communicate(timeout=30)
        return self.process.returncode, out, errors


def wait_for_fork(root: Path, forks: int = 1) -> None:
    for _ in range(1000):
        if len(git(root, "worktree", "list").splitlines()) > forks:
            return
        time.sleep(0.02)
    raise AssertionError("no fork was made")


def leftovers(root: Path) -> list[str]:
    """Forks, and folders of runs, that are there."""
    forks = git(root, "worktree", "list").splitlines()[1:]
    runs = Path(os.environ["HOME"]) / ".cache" / "sef" / "runs"
    return forks + [str(one) for one in runs.glob("*")]
