"""The same three turns without us: Claude Code alone, and pydantic-ai alone."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks.executors.ground import EFFORT, KEY, KIND, TIER, Ground, Wire
from sef.agents import definition
from sef.executors.settings import ModelSettings
from sef.handback import SCHEMA, request

_OF_ASKING: Final = ("--permission-prompt-tool=", "--permission-mode=")


class Claude:
    """The client that the SDK carries, with the command line, the settings and the variables that
    it gets from us; it may edit without asking. It is started for each run."""

    def __init__(self, ground: Ground, url: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bare-")).resolve()
        self._ground = ground
        self._argv, self._env = _command(ground, url, self._folder)
        self._ending: list[asyncio.subprocess.Process] = []

    async def run(self) -> None:
        """Three turns in the fork; returns at its result, and it ends by itself."""
        process = await asyncio.create_subprocess_exec(
            *self._argv,
            cwd=self._ground.fork(),
            env=self._env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=2**25,
        )
        self._ending.append(process)
        assert process.stdin is not None
        assert process.stdout is not None
        text = request(self._ground.assignment().task.text)
        said = {"type": "user", "message": {"role": "user", "content": text}}
        process.stdin.write(json.dumps(said).encode() + b"\n")
        process.stdin.close()
        result: dict[str, Any] = {}
        while not result and (line := await process.stdout.readline()):
            told = json.loads(line)
            result = told if told.get("type") == "result" else {}
        assert result.get("structured_output"), result

    async def settled(self) -> None:
        """Returns when the clients have ended."""
        while self._ending:
            await self._ending.pop().communicate()

    async def close(self) -> None:
        """Removes what they left."""
        await self.settled()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)


def _command(ground: Ground, url: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    from sef.executors.claude.launch import arguments, find_client, make_folders, variables
    from sef.executors.claude.role import place_of, role_of
    from sef.executors.claude.sandbox import sandbox_of, settings_of

    settings = ModelSettings(executor="bare", model="claude-haiku-5-5", base_url=url, key=KEY)
    folders = make_folders(folder / "own", None)
    own = (folders.home, folders.temporary)
    sandbox = sandbox_of(place_of(ground.fork()), hidden=(ground.home,), shown=(), own=own)
    argv = arguments(find_client(None), role_of(settings, KIND, TIER, EFFORT), settings_of(sandbox))
    kept = [one for one in argv if not one.startswith(_OF_ASKING)]
    env = variables(ground.variables(url), folders, base_url=url)
    return [*kept, "--permission-mode=acceptEdits"], {**env, "ANTHROPIC_API_KEY": KEY}


class Pydantic:
    """An agent of pydantic-ai with the harness's file and shell tools and the same prompt, made
    once and asked again and again."""

    def __init__(self, ground: Ground, wire: Wire, url: str) -> None:
        from pydantic_ai import Agent, StructuredDict, ToolOutput
        from pydantic_ai_harness.filesystem import FileSystem
        from pydantic_ai_harness.shell import Shell

        model, self._client = _model(wire, url)
        form = StructuredDict(dict(SCHEMA), name="hand_back", description="Hands back the work.")
        self._ground = ground
        self._agent: Agent[None, Any] = Agent(
            model,
            instructions=definition(KIND, TIER).prompt,
            output_type=ToolOutput(form, name="hand_back"),
            capabilities=[FileSystem(), Shell()],
        )

    async def run(self) -> None:
        """Three turns in the fork."""
        from pydantic_ai.workspaces import LocalWorkspaceBackend

        fork = LocalWorkspaceBackend(self._ground.fork())
        text = request(self._ground.assignment().task.text)
        done = await self._agent.run(text, workspace=fork)
        assert done.output["result"]

    async def close(self) -> None:
        """Ends its connections."""
        await self._client.close()


def _model(wire: Wire, url: str) -> tuple[Any, Any]:
    if wire.provider == "anthropic":
        from anthropic import AsyncAnthropic
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        ours = AsyncAnthropic(api_key=KEY, base_url=url)
        return AnthropicModel(wire.model, provider=AnthropicProvider(anthropic_client=ours)), ours
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    theirs = AsyncOpenAI(api_key=KEY, base_url=url + wire.suffix)
    return OpenAIChatModel(wire.model, provider=OpenAIProvider(openai_client=theirs)), theirs


def without_claude() -> str:
    """Why Claude Code cannot be measured here; empty where it can."""
    from sef.errors import UsageError
    from sef.executors.claude.launch import find_client
    from sef.executors.claude.sandbox import require_programs

    try:
        find_client(None)
        require_programs(os.environ.get("PATH", ""))
    except UsageError as missing:
        return str(missing)
    return ""
