"""JSON lines of any size in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

LONGEST: Final = 16 << 20
"""Bytes of a line; a longer one is passed over, and counted as not understood."""
_BUFFER: Final = 1 << 18

Record = dict[str, Any]


def records(path: Path) -> Iterator[tuple[int, Record | None]]:
    """The records of a file with the bytes that each took; None for what is not understood.

    Blank lines are left out. Two records that were written onto one line are two. Raises OSError.
    """
    with path.open("rb", buffering=_BUFFER) as file:
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


def _several(line: bytes) -> list[Record | None]:
    """What can be read of a broken line, and None for the part that cannot.

    A crash may leave zeros before the next record.
    """
    text = line.decode("utf-8", "replace").lstrip("\ufeff\0").strip()
    decoder, found = json.JSONDecoder(), list[Record | None]()
    while text:
        try:
            said, end = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            return [*found, None]
        found.append(said if isinstance(said, dict) else None)
        text = text[end:].lstrip()
    return found or [None]
