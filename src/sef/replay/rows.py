"""The rows of a table in a file: CSV with a head line, or JSON lines; what is neither is named."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final

from sef.errors import UsageError
from sef.text import one_line

Row = dict[str, object]
_WANTED: Final = "Wanted: UTF-8, a first line with names and commas between them, or JSON lines."
_BEGINNING: Final = 4096  # bytes by which a file is told to be something else
_MAGIC: Final = (
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"PK\x03\x04", "a spreadsheet or another ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
)
_OTHERS: Final = ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"))


def rows_of(path: Path, known: Collection[str]) -> Iterator[Row]:
    """The rows of the file; `known` are the names that columns may have.

    Raises UsageError where it is no such table, OSError as open.
    """
    _recognized(path)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = next((line for line in file if line.strip()), "")
        file.seek(0)
        if first.lstrip().startswith("["):
            raise UsageError(
                f"{path} looks like a JSON array",
                hint="Wanted: JSON lines, an object each. jq -c '.[]' FILE > runs.jsonl",
            )
        if first.lstrip().startswith("{"):
            yield from _json_rows(path, file)
        else:
            yield from _csv_rows(path, file, known)


def _recognized(path: Path) -> None:
    with path.open("rb") as file:
        begun = file.read(_BEGINNING)
    what = next((name for magic, name in _MAGIC if begun.startswith(magic)), "")
    if not what and 4 * begun.count(b"\0") > len(begun):
        what = "UTF-16 text or a binary file"
    if what:
        raise UsageError(f"{path} looks like {what}", hint=_WANTED)


def _csv_rows(path: Path, file: Iterable[str], known: Collection[str]) -> Iterator[Row]:
    reader = csv.reader(file)
    try:
        head = next(reader, None)
        if head is None:
            return
        head = [name.strip() for name in head]
        _check_head(path, head, known)
        for row in reader:
            if row:
                yield dict(zip_longest(head, row[: len(head)]))
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: {error}") from error


def _check_head(path: Path, head: list[str], known: Collection[str]) -> None:
    if not any(head):
        raise UsageError(
            f"{path} begins with a blank line", hint="The first line must hold the columns' names."
        )
    for mark, name in _OTHERS:
        parts = {part.strip() for cell in head if mark in cell for part in cell.split(mark)}
        if len(parts.intersection(known)) > 1:
            raise UsageError(f"{path} looks like a table with {name} between", hint=_WANTED)
    twice = [name for name, count in Counter(head).items() if count > 1 and name in known]
    if twice:
        raise UsageError(
            f"{path} has the column {one_line(', '.join(twice))} more than once",
            hint="Rename or remove all but one: which of them counts cannot be told.",
        )


def _json_rows(path: Path, file: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            said = one_line(str(error))
            raise UsageError(f"{path}, line {number}: no JSON object: {said}") from error
        if not isinstance(row, dict):
            raise UsageError(f"{path}, line {number}: a {type(row).__name__}, not an object")
        yield row


def _once(pairs: list[tuple[str, object]]) -> Row:
    """An object whose names differ. Raises ValueError where one is there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(
            name for name, count in Counter(name for name, _ in pairs).items() if count > 1
        )
        raise ValueError(f"{one_line(twice)!r} is there more than once")
    return found
