"""Ctrl-C, a polite kill and a closed terminal: the first calls off, a second ends at once.

Next to nothing is imported here, so that the first moments of the process are covered too.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_CANCELLED = 130
CALLED_OFF = '{"schema": 1, "status": "cancelled", "error": "called off", "hint": null}\n'
"""What a program is told when a call ends before there is a report."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Written:
    """Whether standard output has its one object for programs."""

    yet = False


def wants_json(arguments: list[str]) -> bool:
    """True where the command line asks for an object."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options


def object_is_written() -> bool:
    """True once standard output has its object: nothing may follow."""
    return _Written.yet


def note_object() -> None:
    """Notes that the object is written now."""
    _Written.yet = True


def listen() -> None:
    """From here on a signal ends the process at once, with exit code 130 and no traceback."""
    hear(_leave)


def interruptible() -> None:
    """From here on the first signal raises KeyboardInterrupt; a second ends the process."""
    hear(_raise)


def ignore() -> None:
    """From here on no signal counts: an interpreter that ends takes its handlers down first."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def heard() -> tuple[signal.Signals, ...]:
    """The signals that count; what was ignored at the beginning stays so (nohup, `&`)."""
    return tuple(one for one in _SIGNALS if signal.getsignal(one) is not signal.SIG_IGN)


def hear(handler: Callable[..., None]) -> None:
    """Makes `handler` the one for every signal that counts."""
    for number in heard():
        signal.signal(number, handler)


def _leave(*_: object) -> None:
    if wants_json(sys.argv[1:]) and not _Written.yet:
        from contextlib import suppress

        with suppress(OSError):
            os.write(1, CALLED_OFF.encode())
    os._exit(EXIT_CANCELLED)


def _raise(*_: object) -> None:
    listen()
    raise KeyboardInterrupt
