"""The wire: JSON-RPC messages, a line each, on the process's standard input and output.

Nothing else in the process gets at them: while it is held, standard input is empty and what is
written to standard output goes to standard error. Both ends are threads that nobody waits for,
so that a client which neither writes, nor reads, nor hangs up cannot keep the server from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from fcntl import F_DUPFD_CLOEXEC, fcntl
from queue import SimpleQueue
from typing import Final

from sef.errors import UsageError

LONGEST: Final = 16 * 2**20
"""Bytes of one message."""
_CHUNK: Final = 2**16
TOO_LONG: Final = b""
"""Stands for a message that was longer; its rest is passed over."""


class Wire:
    """Lines in, lines out. Belongs to the event loop that made it."""

    def __init__(self, reading: int, writing: int, ended: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=8)
        self._out: SimpleQueue[tuple[bytes, asyncio.Future[bool]]] = SimpleQueue()
        self._ended = ended
        for work, end in ((self._read, reading), (self._write, writing)):
            threading.Thread(target=work, args=(end,), daemon=True).start()

    async def receive(self) -> bytes | None:
        """The next line, TOO_LONG in place of one that is, or None at the end."""
        return await self._lines.get()

    async def send(self, line: bytes) -> bool:
        """Writes the line; False where nobody reads any more."""
        written: asyncio.Future[bool] = self._loop.create_future()
        self._out.put((line, written))
        return await written

    # -- in threads ----------------------------------------------------------------------------

    def _read(self, end: int) -> None:
        _deafen()
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
            for line in _lines(end):
                asyncio.run_coroutine_threadsafe(self._lines.put(line), self._loop).result()
            asyncio.run_coroutine_threadsafe(self._lines.put(None), self._loop).result()

    def _write(self, end: int) -> None:
        _deafen()
        open_ = True
        with contextlib.suppress(RuntimeError):
            while True:
                line, written = self._out.get()
                open_ = open_ and _written(end, line)
                self._loop.call_soon_threadsafe(_tell, written, open_)
                if not open_:
                    self._loop.call_soon_threadsafe(self._ended)


def _deafen() -> None:
    """Leaves signals to the main thread: at the end it alone knows that none counts any more."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def _tell(written: asyncio.Future[bool], done: bool) -> None:
    if not written.done():
        written.set_result(done)


def _lines(end: int) -> Iterator[bytes]:
    """The lines that are not empty; of one that is too long only the word that it was."""
    rest, over = b"", False
    while chunk := _chunk(end):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if over:
                over = False
            elif line.strip():
                yield line
        if len(rest) > LONGEST:
            if not over:
                yield TOO_LONG
            rest, over = b"", True


def _chunk(end: int) -> bytes:
    try:
        return os.read(end, _CHUNK)
    except OSError:  # a terminal that was closed
        return b""


def _written(end: int, line: bytes) -> bool:
    left = memoryview(line)
    try:
        while left:
            left = left[os.write(end, left) :]
    except OSError:
        return False
    return True


@contextlib.contextmanager
def held() -> Iterator[tuple[int, int]]:
    """Standard input and output for the protocol alone; as they were before afterwards.

    Raises UsageError where one of them is closed.
    """
    for name, stream in (("input", sys.stdin), ("output", sys.stdout)):
        if stream is None:  # its number may be another file's by now
            raise UsageError(
                f"standard {name} is closed", hint="An MCP client starts this command."
            )
    sys.stdout.flush()
    reading, writing = (fcntl(number, F_DUPFD_CLOEXEC, 3) for number in (0, 1))
    try:
        _divert()
        yield reading, writing
    finally:
        sys.stdout.flush()
        # The copies stay open: a thread may still wait on them.
        os.dup2(reading, 0)
        os.dup2(writing, 1)


def _divert() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # standard error is closed
        os.dup2(nowhere, 1)
    os.close(nowhere)
