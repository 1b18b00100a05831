"""What goes wrong in a call, as the client's model is told it."""

from __future__ import annotations

import logging

from pydantic import ValidationError

from sef.errors import SefError, UsageError
from sef.refusal import refusal, single
from sef.text import one_line, plain

_TOLD = 5  # problems told at once
_log = logging.getLogger("sef")


def explained(raised: Exception) -> SefError:
    """What an exception means to who called; what nobody foresaw is logged."""
    error = single(raised)
    if isinstance(error, OSError):
        error = refusal(error)
    if isinstance(error, SefError):
        return error
    _log.error("a mistake in sef", exc_info=raised)
    said = f"a mistake in sef: {type(error).__name__}: {one_line(str(error), 300)}"
    return SefError(said, hint="The server's standard error has the traceback; please report it.")


def misfit(tool: str, wrong: ValidationError) -> UsageError:
    """Arguments that do not fit the tool's schema: each of the first problems with its place."""
    problems = wrong.errors(include_url=False, include_input=False, include_context=False)
    lines = [
        f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one_line(one['msg'], 200)}"
        for one in problems[:_TOLD]
    ]
    said = one_line("; ".join(lines), 1_000)
    return UsageError(f"{tool}: {said}", hint=f"The schema of {tool} says what it takes.")


def in_words(error: SefError) -> str:
    """The cause, and on the next line the way out."""
    cause = plain(str(error.args[0] if error.args else error), 4_000)
    return f"{cause}\n{plain(error.hint, 2_000)}" if error.hint else cause
