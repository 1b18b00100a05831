"""One client: started, moved to a fork, asked once, ended."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from claude_agent_sdk import (
    ClaudeAgentOptions,
    ClaudeSDKClient,
    HookMatcher,
    PermissionResultAllow,
    PermissionResultDeny,
)

from sef.errors import Transient
from sef.executors.claude.jail import Jail
from sef.executors.claude.launch import (
    Folders,
    arguments,
    key_variable,
    make_folders,
    variables,
)
from sef.executors.claude.process import Process
from sef.executors.claude.role import Place, Role
from sef.executors.claude.sandbox import Settings, sandbox_of, settings_of
from sef.executors.claude.traces import Traces
from sef.redaction import Redaction
from sef.text import one_line

_START_S: Final = 60.0
_MOVE_S: Final = 5.0
_LAST_WORDS_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all clients of one executor are started with."""

    binary: Path
    root: Path
    """Folder for the clients' own folders."""
    given: Mapping[str, str]
    """The starter's variables; a few are passed on by name."""
    base_url: str | None
    key: str | None
    login: Path | None
    """The configuration folder of a login, whose credentials the client reads itself."""
    hidden: tuple[Path, ...]
    """Folders that commands cannot read."""
    shown: tuple[Path, ...]
    """What they can read in those."""
    sandboxed: bool
    traces: Traces


class Seat:
    """A client's process with folders of its own; it serves one call."""

    def __init__(self, ground: Ground, role: Role, number: int) -> None:
        self._ground = ground
        self._role = role
        self._folders: Folders = make_folders(ground.root / str(number), ground.login)
        self._place: Place | None = None
        self._git: Path | None = None
        self._process: Process | None = None
        self._client: ClaudeSDKClient | None = None

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._process is not None and self._process.is_ready()

    @property
    def pid(self) -> int | None:
        """Of the process, and of its group."""
        return self._process.pid if self._process else None

    async def start(self, place: Place | None) -> None:
        """Starts the client in a place, or where it waits for one. Raises Transient."""
        ground, role = self._ground, self._role
        self._place = place
        if place is not None:
            self._trace(place)
        secret = (key_variable(ground.key), ground.key) if ground.key else None
        self._process = Process(
            arguments(ground.binary, role, settings_of(self._sandbox(place))),
            cwd=place.path if place else self._folders.waiting,
            env=variables(ground.given, self._folders, base_url=ground.base_url),
            secret=secret,
        )
        options = ClaudeAgentOptions(
            can_use_tool=self._permit,
            # A hook that fails, or is not answered, refuses the use.
            hooks={"PreToolUse": [HookMatcher(hooks=[self._before], on_failure="block")]},
            verbatim_prompts=True,
        )
        transport: Any = self._process
        self._client = ClaudeSDKClient(options, transport)
        try:
            async with asyncio.timeout(_START_S):
                await self._connect(self._client, self._process)
        except Exception as error:
            raise Transient(self.complaint("the client did not start", str(error))) from error

    async def _connect(self, client: ClaudeSDKClient, process: Process) -> None:
        """The SDK waits a minute for the answer of a process that has ended; this does not."""
        await process.connect()
        connecting = asyncio.ensure_future(client.connect())
        try:
            ending = asyncio.ensure_future(process.ended())
            await asyncio.wait((connecting, ending), return_when=asyncio.FIRST_COMPLETED)
            ending.cancel()
            if not connecting.done():
                # Its last words may still be on their way.
                await asyncio.wait((connecting,), timeout=_LAST_WORDS_S)
                raise ConnectionError(f"exit code {process.exit_code}")
            await connecting
        finally:
            connecting.cancel()

    async def move(self, place: Place) -> bool:
        """Moves a waiting client to a fork; False where that cannot be done as it must.

        It asks for trust in the repository that the fork belongs to, which its settings keep. In a
        login's settings that would hold for the user too, so there it is not given.
        """
        if self._process is None or not self.alive:
            return False
        self._trace(place)
        try:
            async with asyncio.timeout(_MOVE_S):
                moved = await self._moved(self._process, place)
        except (TimeoutError, ConnectionError):
            # Also a client that knows no such request.
            return False
        if moved:
            self._place = place
        return moved

    async def _moved(self, process: Process, place: Place) -> bool:
        path = str(place.path)
        answer = await process.request(subtype="set_cwd", path=path)
        if answer.get("status") == "needs_trust":
            if self._ground.login is not None or answer.get("directory") != path:
                return False
            answer = await process.request(
                subtype="set_cwd", path=path, trust_accepted=True, trusted_directory=path
            )
        if answer.get("status") != "ok" or answer.get("cwd") != path:
            return False
        settings = settings_of(self._sandbox(place))
        await process.request(subtype="apply_flag_settings", settings=settings)
        return True

    async def ask(self, text: str) -> None:
        """Sends the request; the answer comes as `messages`. Raises Transient."""
        try:
            await self._connected().query(text)
        except Exception as error:
            raise Transient(self.complaint("the client ended", str(error))) from error

    def messages(self) -> AsyncIterator[Any]:
        """What the client says, as the SDK's values."""
        said: AsyncIterator[Any] = self._connected().receive_messages()
        return said

    async def interrupt(self) -> None:
        """Asks it to stop what it does; it says its result then."""
        if self._process is not None and self.alive:
            with suppress(ConnectionError):
                await self._process.request(subtype="interrupt")

    def kill(self) -> None:
        """Kills it and its commands."""
        if self._process is not None:
            self._process.kill()

    async def end(self) -> None:
        """Ends it, and removes what is its own."""
        try:
            if self._client is not None:
                with suppress(Exception):
                    # What a client says while it is ended is of no use to anybody.
                    await self._client.disconnect()
            if self._process is not None:
                await self._process.close()
        finally:
            if self._place is not None:
                # In a login's folder it would be kept among what the user said.
                outputs = self._folders.outputs(self._place.path)
                shutil.rmtree(outputs, ignore_errors=True)
            shutil.rmtree(self._folders.root, ignore_errors=True)
            if self._git is not None:
                self._ground.traces.end(self._git)
                self._git = None

    def works_at(self, path: object) -> bool:
        """True where the client says that it works in the fork."""
        return self._place is not None and path == str(self._place.path)

    def complaint(self, *words: str) -> str:
        """What went wrong, with the end of the client's errors, without secrets."""
        said = [*words, self._process.errors if self._process else ""]
        return one_line(self.without_secrets(": ".join(filter(None, map(str.strip, said)))), 600)

    def without_secrets(self, text: str) -> str:
        """The text without the key, should anybody have said it."""
        return Redaction([self._ground.key] if self._ground.key else []).of(text)

    def _connected(self) -> ClaudeSDKClient:
        if self._client is None:
            raise Transient("the client was not started")
        return self._client

    def _trace(self, place: Place) -> None:
        self._git = place.git
        self._ground.traces.begin(place.git)

    def _sandbox(self, place: Place | None) -> Settings | None:
        if not self._ground.sandboxed:
            return None
        folders = self._folders
        return sandbox_of(
            place,
            hidden=(*self._ground.hidden, self._ground.root, folders.config),
            shown=self._ground.shown,
            own=(folders.home, folders.temporary),
        )

    def _refusal(self, tool: str, given: Mapping[str, object]) -> str | None:
        if self._place is None:
            return "There is no work yet."
        root = self._place.path
        readable = (self._folders.temporary.resolve(), self._folders.outputs(root).resolve())
        return Jail(tools=self._role.tools, root=root, readable=readable).refusal(tool, given)

    async def _permit(self, tool: str, given: dict[str, Any], _: object) -> Any:
        refused = self._refusal(tool, given)
        return PermissionResultDeny(message=refused) if refused else PermissionResultAllow()

    async def _before(self, said: Any, _number: object, _context: object) -> Any:
        refused = self._refusal(str(said.get("tool_name")), said.get("tool_input") or {})
        if refused is None:
            return {}
        return {
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": "deny",
                "permissionDecisionReason": refused,
            }
        }
