"""The listening side of a loopback provider: connections, and how they end."""

from __future__ import annotations

import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

from sef.testing.provider_request import Request
from sef.testing.provider_turns import Turn


class Playing(Protocol):
    """What the HTTP asks of the provider behind it."""

    def seconds(self) -> float:
        """Since it began to listen."""

    def recorded(self, request: Request, size: int, *, known: bool) -> str | None:
        """Keeps the request; a mark for its answer, None where there is no room any more."""

    def turn(self, request: Request) -> Turn | None:
        """The next turn of the script for it."""

    def models(self) -> tuple[str, ...]:
        """The models that it lists."""

    def slept(self, seconds: float) -> bool:
        """Waits; False where the provider was closed meanwhile."""

    def failed(self, error: BaseException) -> None:
        """Keeps what went wrong in its own code."""


class Listener(ThreadingHTTPServer):
    """A server on a free port of 127.0.0.1 that can drop every connection at once."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, playing: Playing, exchange: type[BaseHTTPRequestHandler]) -> None:
        self.playing = playing
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), exchange)

    def server_bind(self) -> None:
        # The inherited one asks the resolver for a name, which may leave the machine.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        super().shutdown_request(request)
        with self._lock:
            self._open -= {request}

    def handle_error(self, *_: object) -> None:
        error = sys.exception()
        # A client that goes away, or is sent away, is part of what is tried here.
        if error is not None and not isinstance(error, OSError):
            self.playing.failed(error)

    def drop(self) -> None:
        """Ends every open connection, whatever its thread is waiting for."""
        with self._lock:
            for connection in self._open:
                ended(connection)


def ended(connection: socket.socket) -> None:
    """Ends a connection for both sides, also one that a thread is reading from."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It is closed already.
        return
