"""Running a program so that it does not outlive its owner.

Every program gets its own process group, a deadline and a bounded output. Cancelling the caller
kills the group. A descendant that leaves the group on purpose (a daemon) is out of reach.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes kept of each stream; what comes after is read and dropped."""
_GRACE_S = 2.0
_CHUNK = 64 * 1024
Watch = Callable[[int], Awaitable[str]]
"""Given the program's number, returns why it must end; where it need not, never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A program that ended by itself or at its deadline."""

    exit_code: int
    """As the shell counts: negative for a signal."""
    stdout: bytes
    stderr: bytes
    pid: int
    timed_out: bool
    """True when its deadline passed and it was killed."""
    stopped: str = ""
    """Why whoever watched it had it killed; empty where nobody had."""


async def run_program(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes | None = None,
    timeout_s: float | None = None,
    output_limit: int = OUTPUT_LIMIT,
    watch: Watch | None = None,
) -> Finished:
    """Runs `argv` to its end and returns what it printed, at most `output_limit` bytes a stream.

    The whole process group is killed at the deadline, when `watch` returns, when the caller is
    cancelled, and after the program ended (it may have left children). Raises FileNotFoundError or
    PermissionError when it cannot be started.
    """
    with ExitStack() as pipes:
        output, errors = _Pipe(pipes), _Pipe(pipes)
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            # A stale PWD would lead a shell or make back to the caller's folder.
            env={**env, "PWD": str(cwd)},
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            stdout=output.write_end,
            stderr=errors.write_end,
            start_new_session=True,
        )
        feeding = _feed(process.stdin, stdin)
        reading = (output.drain(output_limit), errors.drain(output_limit))
        streams = [asyncio.ensure_future(stream) for stream in (feeding, *reading)]
        try:
            timed_out, stopped = await _wait_and_kill(process, timeout_s, watch)
            # A descendant that left the group may hold the pipes open for ever.
            await asyncio.wait(streams, timeout=_GRACE_S)
        finally:
            for stream in streams:
                stream.cancel()
        return Finished(
            exit_code=process.returncode if process.returncode is not None else -signal.SIGKILL,
            stdout=bytes(output.kept),
            stderr=bytes(errors.kept),
            pid=process.pid,
            timed_out=timed_out,
            stopped=stopped,
        )


class _Pipe:
    """A pipe of our own: with asyncio's, waiting for a program means waiting for its children."""

    def __init__(self, pipes: ExitStack) -> None:
        self._read_end, self.write_end = os.pipe()
        self._reader = pipes.enter_context(os.fdopen(self._read_end, "rb", buffering=0))
        self._pipes = pipes
        self._write_end_open = pipes.enter_context(ExitStack())
        self._write_end_open.callback(os.close, self.write_end)
        self.kept = bytearray()

    async def drain(self, limit: int) -> None:
        """Reads to the end and keeps the first `limit` bytes."""
        self._write_end_open.close()
        stream = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), self._reader
        )
        self._pipes.callback(transport.close)
        while chunk := await stream.read(_CHUNK):
            self.kept += chunk[: max(0, limit - len(self.kept))]


async def _wait_and_kill(
    process: asyncio.subprocess.Process, timeout_s: float | None, watch: Watch | None
) -> tuple[bool, str]:
    """Waits for the program, then kills what is left of its group.

    True when it was too late; and what made whoever watched it end it.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return False, await _watched(process, watch)
    except TimeoutError:
        return True, ""
    finally:
        _kill_group(process.pid)
        with suppress(ProcessLookupError):
            await asyncio.shield(process.wait())


async def _watched(process: asyncio.subprocess.Process, watch: Watch | None) -> str:
    if watch is None:
        await process.wait()
        return ""
    ended = asyncio.ensure_future(process.wait())
    watching = asyncio.ensure_future(watch(process.pid))
    try:
        await asyncio.wait((ended, watching), return_when=asyncio.FIRST_COMPLETED)
        return "" if ended.done() else watching.result()
    finally:
        ended.cancel()
        watching.cancel()


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


async def _feed(stream: asyncio.StreamWriter | None, data: bytes | None) -> None:
    if stream is None or data is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):
        stream.write(data)
        await stream.drain()
    stream.close()
