"""A model provider on loopback that says what a script tells it, and keeps what it was asked.

It speaks Anthropic Messages and OpenAI chat completions, so that clients, real ones included,
can be tried without a provider, a key or money. Not for anything but tests: whoever reaches
the port is answered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

from sef.testing.provider_http import LARGEST_BODY, Exchange
from sef.testing.provider_listener import Listener
from sef.testing.provider_request import Request
from sef.testing.provider_turns import (
    FAULTS,
    Cut,
    Fault,
    Garbage,
    Matcher,
    Refused,
    Reset,
    Stop,
    Turn,
    Used,
    WrongType,
)

__all__ = [
    "FAULTS",
    "LARGEST_BODY",
    "LARGEST_RECORD",
    "Cut",
    "Fault",
    "Garbage",
    "LoopbackProvider",
    "Matcher",
    "Refused",
    "Request",
    "Reset",
    "Stop",
    "Turn",
    "Used",
    "WrongType",
]

LARGEST_RECORD: Final = 256_000_000
"""Bytes of all requests together; those after them are answered 503."""
_EACH: Final = 2_000


class LoopbackProvider:
    """A provider that listens on a free port of 127.0.0.1 while its block lasts.

    Each request for an answer gets the first turn of the script that is not used up and whose
    `when` is absent or true of it; else `otherwise`; else status 400, which no client tries again.
    Leaving the block ends every connection, and raises what went wrong in a `when`.
    """

    def __init__(
        self,
        script: Iterable[Turn] = (),
        *,
        otherwise: Turn | None = None,
        models: tuple[str, ...] = (),
        name: str = "loopback",
    ) -> None:
        """`models` are those that it lists. `name` is part of every id that it gives, for
        providers whose answers end up in one place."""
        self._script = tuple(script)
        self._left = [turn.times for turn in self._script]
        self._otherwise = otherwise
        self._models = models
        self._name = name
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._asked: list[Request] = []
        self._unknown: list[Request] = []
        self._played: list[tuple[Request, Turn]] = []
        self._room = LARGEST_RECORD
        self._error: BaseException | None = None
        self._listener = Listener(self, Exchange)
        self._began = time.monotonic()
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.02,), name=name, daemon=True
        )

    @property
    def url(self) -> str:
        """Where it listens: ANTHROPIC_BASE_URL as it is, OPENAI_BASE_URL with "/v1" behind it."""
        return f"http://127.0.0.1:{self._listener.server_port}"

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request so far, in the order of arrival."""
        with self._lock:
            return tuple(self._asked)

    @property
    def unknown(self) -> tuple[Request, ...]:
        """Those to addresses that nothing is served at, answered 404."""
        with self._lock:
            return tuple(self._unknown)

    @property
    def played(self) -> tuple[tuple[Request, Turn], ...]:
        """Those that a turn answered, each with that turn."""
        with self._lock:
            return tuple(self._played)

    @property
    def unplayed(self) -> tuple[Turn, ...]:
        """Turns that were to be played a number of times and were played less often."""
        with self._lock:
            return tuple(t for t, left in zip(self._script, self._left, strict=True) if left)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._listener.shutdown()
        self._listener.server_close()
        self._listener.drop()
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def seconds(self) -> float:
        """Since it began to listen."""
        return time.monotonic() - self._began

    def recorded(self, request: Request, size: int, *, known: bool) -> str | None:
        """Keeps a request; a mark for its answer, None where there is no room any more."""
        with self._lock:
            self._room -= size + _EACH
            if self._room < 0:
                return None
            self._asked.append(request)
            if not known:
                self._unknown.append(request)
            return f"{self._name}_{len(self._asked):06}"

    def turn(self, request: Request) -> Turn | None:
        """Plays the next turn of the script for a request."""
        with self._lock:
            turn = self._next(request)
            if turn is not None:
                self._played.append((request, turn))
            return turn

    def models(self) -> tuple[str, ...]:
        """The models that it lists."""
        return self._models

    def slept(self, seconds: float) -> bool:
        """Waits; False where the provider was closed meanwhile."""
        return not self._closing.wait(seconds)

    def failed(self, error: BaseException) -> None:
        """Keeps the first thing that went wrong in a `when` or in the provider itself."""
        with self._lock:
            self._error = self._error or error

    def _next(self, request: Request) -> Turn | None:
        for number, turn in enumerate(self._script):
            left = self._left[number]
            if left == 0 or not (turn.when is None or turn.when(request)):
                continue
            if left is not None:
                self._left[number] = left - 1
            return turn
        return self._otherwise
