"""Hears what the processes of a judged command witness.

They send datagrams to a socket in the shadow's folder. What was sent cannot be taken back, which a
file would allow, and on Linux the kernel says which process sent it.
"""

from __future__ import annotations

import os
import secrets
import socket
import struct
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Heard = tuple[int | None, bytes]
"""A message, and the process that the kernel says sent it."""

_LIMIT = 64 * 1024
_MOST = 500_000
_WAIT_S = 20.0
_LONGEST = 100
_CREDENTIALS = struct.Struct("3i")
_PASS_CREDENTIALS = getattr(socket, "SO_PASSCRED", None)


class Listener:
    """A socket that is read in a thread from the beginning, so that no sender waits long."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"trace-{secrets.token_hex(8)}"
        self._farewell = secrets.token_bytes(24)
        self._caught_up = threading.Event()
        self._heard: list[Heard] = []
        self._socket: socket.socket | None = None
        self._own: socket.socket | None = None
        self._thread = threading.Thread(target=self._listen, name="sef-witness", daemon=True)

    def start(self) -> None:
        """Begins to listen. Raises OSError where there can be no such socket."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if _PASS_CREDENTIALS is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, _PASS_CREDENTIALS, 1)
        with _address(self.path) as address:
            self._socket.bind(address)
            # Connected once, so that it reaches the listener even when its name is removed.
            self._own = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._own.connect(address)
        self._own.settimeout(_WAIT_S)
        self.path.chmod(0o600)
        self._identity = self.path.stat().st_ino
        self._thread.start()

    def heard(self) -> tuple[Heard, ...] | None:
        """Every message sent before this call; None where they cannot all be known."""
        self._caught_up.clear()
        try:
            if self.path.stat().st_ino != self._identity:
                return None
            self._send(self._farewell)
        except OSError:
            return None
        if not self._caught_up.wait(_WAIT_S) or len(self._heard) > _MOST:
            return None
        return tuple(self._heard)

    def close(self) -> None:
        """Stops listening."""
        if self._thread.is_alive():
            with suppress(OSError):
                self._send(self._farewell + b".")
            self._thread.join(_WAIT_S)
        for each in (self._socket, self._own):
            if each is not None:
                each.close()

    def _send(self, message: bytes) -> None:
        if self._own is not None:
            self._own.send(message)

    def _listen(self) -> None:
        room, source = socket.CMSG_SPACE(_CREDENTIALS.size), self._socket
        while source is not None:
            try:
                message, ancillary, _, _ = source.recvmsg(_LIMIT, room)
            except OSError:
                return
            if message == self._farewell + b".":
                return
            if message == self._farewell:
                self._caught_up.set()
            elif len(self._heard) <= _MOST:
                self._heard.append((_sender(ancillary), message))


def _sender(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    for level, _, data in ancillary:
        if level == socket.SOL_SOCKET and len(data) >= _CREDENTIALS.size:
            return int(_CREDENTIALS.unpack_from(data)[0])
    return None


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """A name for the socket that the system takes, however long its path is."""
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
