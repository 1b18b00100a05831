"""What is put in from outside: who may send a request when, and who jails a command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from sef.protocols import Assignment

_T = TypeVar("_T")


class Asking(Protocol):
    """Sends a request to a model, when its turn has come and as often as it is worth it."""

    async def __call__(
        self, send: Callable[[], Awaitable[_T]], *, assignment: Assignment, tokens: int
    ) -> _T:
        """Awaits `send`, once or more often; each time is a request of its own.

        `tokens` is what the prompt is thought to have. What the last `send` raised is raised.
        """


async def at_once(send: Callable[[], Awaitable[_T]], *, assignment: Assignment, tokens: int) -> _T:
    """Sends it once, waiting for nobody."""
    del assignment, tokens
    return await send()


class Jail(Protocol):
    """What is needed of a `sef.sandbox.Sandbox`."""

    def wrap(
        self,
        argv: Sequence[str],
        *,
        writable: Sequence[Path],
        shown: Sequence[Path] = (),
        network: bool = False,
    ) -> tuple[str, ...]:
        """The command line that runs `argv` jailed."""

    def permits(self, argv: Sequence[str]) -> bool:
        """True where sef.toml lets commands that begin like this one use the network."""
