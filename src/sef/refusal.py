"""What the system refused, in words and with the way out."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sef.errors import SefError, UsageError

_ELSEWHERE = "or set XDG_CACHE_HOME to a folder that is fit"
_WAYS_OUT: Final = MappingProxyType(
    {
        errno.ENOSPC: f"Make room on that disk, {_ELSEWHERE}.",
        errno.EDQUOT: f"Make room in your quota, {_ELSEWHERE}.",
        errno.EACCES: f"Allow yourself to write there, {_ELSEWHERE}.",
        errno.EPERM: f"Allow yourself to write there, {_ELSEWHERE}.",
        errno.EROFS: f"It is mounted read-only: mount it otherwise, {_ELSEWHERE}.",
        errno.EEXIST: f"Move what is there out of the way, {_ELSEWHERE}.",
        errno.ENOTDIR: f"Move what is there out of the way, {_ELSEWHERE}.",
        errno.EMFILE: "Raise the limit of open files: ulimit -n 4096",
    }
)


def single(error: Exception) -> Exception:
    """The error that counts in a group: one that nobody foresaw, else the first."""
    while isinstance(error, ExceptionGroup):
        strange = (one for one in error.exceptions if not isinstance(one, SefError))
        error = next(strange, error.exceptions[0])
    return error


def refusal(error: OSError) -> UsageError:
    """What the system refused, with the way out."""
    why = error.strerror or str(error) or type(error).__name__
    if error.filename is None and _folder_is_gone():
        return UsageError("the current folder is gone", hint="Go to one that is there.")
    thing = f"{os.fsdecode(error.filename)} cannot be used" if error.filename else "sef was refused"
    hint = _WAYS_OUT.get(error.errno or 0, "Mend that, then try again.")
    return UsageError(f"{thing}: {why}", hint=hint)


def _folder_is_gone() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False
