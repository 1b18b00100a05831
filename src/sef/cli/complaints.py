"""What goes wrong, as a message and an exit code; and standard output, which may fail too."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Final

from rich.text import Text

from sef.cli import signals
from sef.errors import GitError, JournalError, RepositoryError, SefError, UsageError
from sef.refusal import refusal, single
from sef.sinks.console import terminal
from sef.text import plain

EXIT_FAILED: Final = 1
EXIT_REFUSED: Final = 2
EXIT_RED: Final = 3
EXIT_BUG: Final = 70


class _Unwritable(UsageError):
    """Standard output does not take what is printed."""


def guarded(action: Callable[[], int], *, as_json: bool) -> int:
    """Runs a command; turns what it raises into a message and an exit code."""
    signals.interruptible()
    try:
        code = action()
        with printing():
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return call_off(as_json=as_json)
    except Exception as raised:
        return settle(raised, as_json=as_json)


def call_off(*, as_json: bool) -> int:
    """Says that nothing more is done, where that was not said."""
    if as_json and not signals.object_is_written():
        with contextlib.suppress(_Unwritable):
            write(signals.CALLED_OFF)
    elif not as_json:
        _to_people("called off", None)
    return signals.EXIT_CANCELLED


def settle(raised: Exception, *, as_json: bool) -> int:
    """Says what an exception means; returns the exit code."""
    error = single(raised)
    if isinstance(error, OSError):
        error = refusal(error)
    if isinstance(error, SefError):
        complain(error, as_json=as_json)
        return error.exit_code
    if os.environ.get("SEF_DEBUG"):
        traceback.print_exception(raised)
    said = f"a mistake in sef: {type(error).__name__}: {error}"
    hint = "Set SEF_DEBUG=1 to see where, and please report it."
    complain(SefError(said, hint=hint), as_json=as_json)
    return EXIT_BUG


@contextlib.contextmanager
def before_anything() -> Iterator[None]:
    """What fails in here fails before anything was run: exit code 2."""
    try:
        yield
    except (GitError, JournalError) as error:
        hint = error.hint or "Nothing was run. Try the same by hand; `git fsck` tells what is lost."
        raise RepositoryError(error.args[0], hint=hint) from error


def complain(error: SefError, *, as_json: bool) -> None:
    """Says what went wrong: to people on standard error, to programs as an object."""
    message = plain(str(error.args[0] if error.args else error))
    hint = error.hint and plain(error.hint)
    said = signals.object_is_written() or isinstance(error, _Unwritable)
    if as_json and not said:
        try:
            write(json.dumps({"schema": 1, "error": message, "hint": hint}) + "\n")
            return
        except _Unwritable as other:
            message = f"{message} (and {other.args[0]})"
    _to_people(message, hint)


def _to_people(message: str, hint: str | None) -> None:
    with contextlib.suppress(OSError):
        console = terminal(stderr=True)
        console.print(Text.assemble(("sef:", "bold red"), f" {message}"), soft_wrap=True)
        if hint:
            console.print(Text(f"     {hint}"), soft_wrap=True)


def write(text: str) -> None:
    """Writes the one object to standard output. Raises a SefError where it cannot be."""
    with printing():
        signals.note_object()
        sys.stdout.write(text)
        sys.stdout.flush()


@contextlib.contextmanager
def printing() -> Iterator[None]:
    """Where standard output is written to; what it refuses becomes a SefError."""
    if sys.stdout is None:
        raise _Unwritable("standard output is closed", hint="Open it: sef ... > file")
    try:
        yield
    except OSError as error:
        _drop_output()
        if isinstance(error, BrokenPipeError):
            raise SystemExit(EXIT_FAILED) from None  # the reader has seen enough
        raise _Unwritable(
            f"standard output cannot be written: {error.strerror or error}",
            hint="Send it elsewhere. What a run did is told by: sef report",
        ) from error


def _drop_output() -> None:
    """Lets what is still buffered go nowhere: the interpreter would fail on it at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def make_streams_safe() -> None:
    """No character that a terminal does not know can end a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
