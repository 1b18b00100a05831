"""The client's process: started with the variables it is given and no others, killed as a group.

It has the methods of the SDK's `Transport`, whose own one hands on all variables of its starter
and takes five seconds to end.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

LONGEST_LINE: Final = 32 * 1024 * 1024
"""Bytes of one message of the client; a longer one ends it."""
_KEPT_ERRORS: Final = 4_000
_QUIT_S: Final = 2.0
_OURS: Final = "sef_"

Json = dict[str, object]


class Process:
    """One client process. `connect` starts it, `close` ends it; it is not started again."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        secret: tuple[str, str] | None = None,
    ) -> None:
        """`secret` is a variable's name and a key: the client reads the key from a pipe whose
        number the variable holds."""
        self._argv = tuple(argv)
        self._cwd = cwd
        self._env = dict(env)
        self._secret = secret
        self._process: asyncio.subprocess.Process | None = None
        self._reading_errors: asyncio.Task[None] | None = None
        self._errors = bytearray()
        self._asked: dict[str, asyncio.Future[Json]] = {}
        self._numbers = itertools.count(1)

    @property
    def pid(self) -> int | None:
        """The process's id, which is its group's; None before it is started."""
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.returncode if self._process else None

    @property
    def errors(self) -> str:
        """The end of what it wrote on standard error."""
        return self._errors.decode(errors="replace")

    async def connect(self) -> None:
        """Starts the process. Raises OSError where that fails."""
        if self._process is not None:
            return
        env = {**self._env, "PWD": str(self._cwd)}
        pipe = _filled_pipe(self._secret[1]) if self._secret else None
        try:
            if self._secret and pipe is not None:
                env[self._secret[0]] = str(pipe)
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                cwd=self._cwd,
                env=env,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
                start_new_session=True,
                pass_fds=() if pipe is None else (pipe,),
            )
        finally:
            if pipe is not None:
                os.close(pipe)
        self._reading_errors = asyncio.create_task(self._read_errors(self._process))

    async def write(self, data: str) -> None:
        """Sends a line. Raises ConnectionError where the process is gone."""
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            raise ConnectionError("the client is not running")
        process.stdin.write(data.encode(errors="replace"))
        await process.stdin.drain()

    async def read_messages(self) -> AsyncIterator[Json]:
        """The client's messages, less the answers to `request`."""
        process = self._process
        if process is None or process.stdout is None:
            raise ConnectionError("the client was not started")
        try:
            while line := await process.stdout.readline():
                said = _parsed(line)
                if said is not None and not self._answered(said):
                    yield said
        finally:
            self._give_up()

    async def request(self, **asked: object) -> Json:
        """The client's answer to a control request of ours. Raises ConnectionError."""
        number = f"{_OURS}{next(self._numbers)}"
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        told = {"type": "control_request", "request_id": number, "request": asked}
        try:
            await self.write(json.dumps(told) + "\n")
            return await answer
        finally:
            self._asked.pop(number, None)

    async def ended(self) -> None:
        """Returns when the process has ended."""
        if self._process is not None:
            await self._process.wait()

    def is_ready(self) -> bool:
        """True while it runs."""
        return self._process is not None and self._process.returncode is None

    async def end_input(self) -> None:
        """Tells it that nothing more is asked."""
        if self._process and self._process.stdin:
            self._process.stdin.close()

    def kill(self) -> None:
        """Kills its group. Commands in its sandbox die with it."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def close(self) -> None:
        """Lets it end by itself for two seconds, then kills it; returns when it is gone."""
        process = self._process
        if process is None:
            return
        await self.end_input()
        try:
            async with asyncio.timeout(_QUIT_S):
                await process.wait()
        except TimeoutError:
            # It was asked to end and did not.
            self.kill()
        finally:
            self.kill()
            await asyncio.shield(process.wait())
            if self._reading_errors is not None:
                self._reading_errors.cancel()

    def _answered(self, said: Json) -> bool:
        if said.get("type") != "control_response":
            return False
        response = said.get("response")
        if not isinstance(response, dict):
            return False
        answer = self._asked.get(str(response.get("request_id")))
        if answer is None or answer.done():
            return str(response.get("request_id")).startswith(_OURS)
        if response.get("subtype") == "success":
            told = response.get("response")
            answer.set_result(told if isinstance(told, dict) else {})
        else:
            answer.set_exception(ConnectionError(str(response.get("error", "refused"))[:500]))
        return True

    def _give_up(self) -> None:
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the client ended"))

    async def _read_errors(self, process: asyncio.subprocess.Process) -> None:
        while process.stderr and (chunk := await process.stderr.read(65_536)):
            self._errors += chunk
            del self._errors[:-_KEPT_ERRORS]


def _filled_pipe(secret: str) -> int:
    """The read end of a pipe that holds a secret and nothing after it."""
    read_end, write_end = os.pipe()
    try:
        os.set_blocking(write_end, False)
        os.write(write_end, secret.encode())
    finally:
        os.close(write_end)
    return read_end


def _parsed(line: bytes) -> Json | None:
    """The message in a line; None where there is none: the client also prints other lines."""
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        # A line cut in the middle is the last that a killed client wrote.
        return None
    return said if isinstance(said, dict) else None
