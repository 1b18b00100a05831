"""Running a program so that nothing of it outlives its owner.

Every program gets its own process group, a deadline and a bounded output. Cancelling the caller
kills the group.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes kept of each stream; what comes after is read and dropped."""
_GRACE_S = 2.0
_CHUNK = 64 * 1024


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


async def run_program(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes | None = None,
    timeout_s: float | None = None,
    output_limit: int = OUTPUT_LIMIT,
) -> Finished:
    """Runs `argv` to its end and returns what it printed, at most `output_limit` bytes a stream.

    The whole process group is killed at the deadline, when the caller is cancelled, and after
    the program ended (it may have left children). Raises FileNotFoundError or PermissionError
    when it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=cwd,
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    timed_out = False
    streams = asyncio.gather(
        _drain(process.stdout, output_limit),
        _drain(process.stderr, output_limit),
        _feed(process.stdin, stdin),
    )
    try:
        async with asyncio.timeout(timeout_s):
            await process.wait()
    except TimeoutError:
        timed_out = True
    finally:
        _kill_group(process.pid)
        with suppress(ProcessLookupError):
            await asyncio.shield(process.wait())
        # A descendant that left the group may hold the pipe open for ever.
        done, _ = await asyncio.wait([streams], timeout=_GRACE_S)
        if not done:
            streams.cancel()
    stdout, stderr, _ = streams.result() if done else (b"", b"", None)
    return Finished(
        exit_code=process.returncode if process.returncode is not None else -signal.SIGKILL,
        stdout=stdout,
        stderr=stderr,
        pid=process.pid,
        timed_out=timed_out,
    )


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


async def _drain(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    kept = bytearray()
    while stream is not None and (chunk := await stream.read(_CHUNK)):
        kept += chunk[: max(0, limit - len(kept))]
    return bytes(kept)


async def _feed(stream: asyncio.StreamWriter | None, data: bytes | None) -> None:
    if stream is None or data is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):
        stream.write(data)
        await stream.drain()
    stream.close()
