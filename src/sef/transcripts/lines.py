"""JSON lines of any size in bounded memory and time."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

LONGEST: Final = 16 << 20
"""Bytes of a line; a longer one is passed over, and counted as not understood."""
MOST_A_LINE: Final = 100_000
"""Values on one line; what follows them is counted as not understood, once."""
_BUFFER: Final = 1 << 18
_PATIENCE: Final = 4
"""How often the characters of a torn line may be looked at for records that are whole."""
_PLACE: Final = 64
"""Looking at a character to tell an error's line takes that part of the time for reading it."""
_GAP: Final = re.compile(r"[\s\0\ufeff]*")
_DECODER: Final = json.JSONDecoder()

Record = dict[str, Any]


def opened(path: Path, buffering: int = -1) -> BinaryIO:
    """The file, to be read; a pipe is not waited for. Raises OSError where it is no regular one."""
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(f"{path} is no regular file")
    return os.fdopen(number, "rb", buffering=buffering)


def records(path: Path) -> Iterator[tuple[int, Record | None]]:
    """The records of a file with the bytes that each took; None for what is not understood.

    Blank lines are left out. Two records that were written onto one line are two. Raises OSError.
    """
    with opened(path, _BUFFER) as file:
        while line := file.readline(LONGEST):
            size = len(line)
            if size == LONGEST and not line.endswith(b"\n"):
                while (more := file.readline(LONGEST)) and not more.endswith(b"\n"):
                    size += len(more)
                yield size + len(more), None
                continue
            yield from _of_line(line)


def _of_line(line: bytes) -> Iterator[tuple[int, Record | None]]:
    size = len(line)
    try:
        said = json.loads(line.decode())
    except (ValueError, RecursionError):
        if not line.strip():
            return
        for number, one in enumerate(_several(line)):
            yield (0 if number else size), one
        return
    yield size, said if isinstance(said, dict) else None


def _several(line: bytes) -> Iterator[Record | None]:
    """What can be read of a broken line, and None for each part that cannot.

    A crash may leave zeros before the next record, or half a record.
    """
    text = line.decode("utf-8", "replace")
    at, patience = _after_gap(text, 0), _PATIENCE * len(text)
    if at == len(text):
        yield None
    for _ in range(MOST_A_LINE):
        if at == len(text):
            return
        try:
            said, at = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            yield None
            at, patience = _whole_again(text, at, patience - _spent(text, at, error))
            continue
        except (ValueError, RecursionError):
            yield None
            return
        yield said if isinstance(said, dict) else None
        at = _after_gap(text, at)
    if at < len(text):
        yield None


def _whole_again(text: str, torn: int, patience: int) -> tuple[int, int]:
    """Where after a torn record whole ones go on, or the line's end; and the patience that is left.

    An object inside the torn record has more of it behind it, so it is not taken for a record.
    """
    at = torn
    while patience > 0 and (at := text.find('{"', at + 1)) >= 0:
        try:
            said, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            patience -= _spent(text, at, error)
            continue
        except (ValueError, RecursionError):
            break
        patience -= end - at
        rest = _after_gap(text, end)
        whole = isinstance(said, dict) and isinstance(said.get("type"), str)
        if whole and (rest == len(text) or text.startswith('{"', rest)):
            return at, patience
    return len(text), patience


def _spent(text: str, at: int, error: json.JSONDecodeError) -> int:
    """Characters that were looked at, in vain: of a text without an end all the rest."""
    end = len(text) if error.msg.startswith("Unterminated") else error.pos
    return end - at + 1 + error.pos // _PLACE


def _after_gap(text: str, at: int) -> int:
    found = _GAP.match(text, at)
    return found.end() if found else at
