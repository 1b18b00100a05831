"""Clients that wait: starting one takes half a second, asking one that waits a fifth of it."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from sef.environment.leftovers import mark
from sef.errors import DraftFailure
from sef.executors.claude.role import Place, Role
from sef.executors.claude.seat import Ground, Seat


class Clients:
    """Some clients of the roles that were asked for last wait for the next call of their role.

    A client serves one call, so nothing of one is known in another, and its bill is the call's.
    Clients belong to the event loop that they were started in.
    """

    def __init__(self, ground: Ground, *, waiting: int) -> None:
        """`waiting` is how many may wait, about 190 MB each; 0 starts each for its call."""
        self._ground = ground
        self._most = waiting
        self._idle: list[tuple[Role, Seat]] = []
        self._numbers = itertools.count(1)
        self._errands: set[asyncio.Task[None]] = set()
        self._starting: list[Role] = []
        self._closed = False

    async def take(self, role: Role, place: Place) -> Seat:
        """A client of the role, at work in the place. Raises Transient where none starts."""
        seat = self._waiting(role)
        if seat is not None:
            if await self._moved(seat, place):
                return seat
            self.leave(seat)
        seat = self._new(role)
        try:
            await seat.start(place)
        except BaseException:
            seat.kill()
            self.leave(seat)
            raise
        return seat

    def leave(self, seat: Seat) -> None:
        """Ends a client; `close` waits for it."""
        self._errand(seat.end())

    def warm(self, role: Role) -> None:
        """Has a client of the role wait, if none does and there may be some."""
        known = [one for one, _ in self._idle]
        if self._closed or self._most == 0 or role in known or role in self._starting:
            return
        self._starting.append(role)
        self._errand(self._start_waiting(role))

    async def warmed(self) -> None:
        """Returns when nothing is being started or ended any more."""
        while self._errands:
            await asyncio.wait(self._errands)

    async def close(self) -> None:
        """Ends all clients and removes their folders."""
        self._closed = True
        for _, seat in self._idle:
            self.leave(seat)
        self._idle.clear()
        await self.warmed()
        await asyncio.to_thread(shutil.rmtree, self._ground.root, ignore_errors=True)

    @property
    def pids(self) -> tuple[int, ...]:
        """Processes of the clients that wait."""
        return tuple(seat.pid for _, seat in self._idle if seat.pid is not None)

    def _waiting(self, role: Role) -> Seat | None:
        for index, (one, seat) in enumerate(self._idle):
            if one == role:
                del self._idle[index]
                if seat.alive:
                    return seat
                self.leave(seat)
                return self._waiting(role)
        return None

    async def _moved(self, seat: Seat, place: Place) -> bool:
        try:
            return await seat.move(place)
        except BaseException:
            seat.kill()
            self.leave(seat)
            raise

    async def _start_waiting(self, role: Role) -> None:
        seat = self._new(role)
        try:
            await seat.start(None)
        except (DraftFailure, OSError):
            # Whoever needs one next starts it for itself, and is told what is wrong.
            await seat.end()
            return
        except BaseException:
            seat.kill()
            await seat.end()
            raise
        finally:
            self._starting.remove(role)
        if self._closed:
            await seat.end()
            return
        self._idle.append((role, seat))
        while len(self._idle) > self._most:
            self.leave(self._idle.pop(0)[1])

    def _new(self, role: Role) -> Seat:
        return Seat(self._ground, role, next(self._numbers))

    def _errand(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._errands.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._errands.discard(task)
        with suppress(asyncio.CancelledError):
            task.exception()


def private_folder() -> Path:
    """A folder for the clients' own ones; short, for the sockets that they make in it.

    Marked, so that a later run removes what a killed one left.
    """
    folder = Path(tempfile.gettempdir()) / f"sef-{secrets.token_hex(5)}"
    folder.mkdir(mode=0o700)
    mark(folder)
    return folder.resolve()
