"""Entries in a settings file of Claude Code: put in, and taken out again."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Never, cast

from sef.errors import UsageError
from sef.installation.files import LIMIT, digest
from sef.installation.hooks import Additions
from sef.installation.status_line import KEY, Line, take_out

_BOM: Final = b"\xef\xbb\xbf"
_IGNORED: Final = (
    "Claude Code ignores a settings file that is not plain JSON, all of it, and takes a part of"
    " one with doubled keys. Mend it."
)
_Hooks = dict[str, list[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What was put into a settings file."""

    before: bytes | None
    """The file without it; None where there was no file."""
    after: str
    """The digest of the file with it."""
    added: Mapping[str, Sequence[object]]
    """Entries by event."""
    made: tuple[str, ...]
    """Events that had no list before; `hooks` where that was not there either."""
    line: Line | None = None
    """The status line, where it was set."""


def read_settings(path: Path, data: bytes) -> dict[str, object]:
    """The object in a settings file; an empty file is an empty one, as Claude Code takes it.

    Raises UsageError where Claude Code would ignore the file, and where writing it again would
    change what it says.
    """
    try:
        text = data.removeprefix(_BOM).decode("utf-8")
        found = json.loads(
            text if text.strip() else "{}",
            parse_constant=_refuse,
            parse_float=_finite,
            object_pairs_hook=_once,
        )
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not plain JSON: {error}", hint=_IGNORED) from error
    if not isinstance(found, dict):
        raise UsageError(f"{path} is not a JSON object", hint=_IGNORED)
    hooks = found.get("hooks", {})
    if not isinstance(hooks, dict) or not all(isinstance(one, list) for one in hooks.values()):
        raise UsageError(f"{path}: `hooks` is not an object of lists", hint=_IGNORED)
    return found


def check_settings(path: Path) -> None:
    """Raises UsageError where there is a settings file that Claude Code would ignore."""
    if path.is_file():
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
        if len(data) > LIMIT:
            raise UsageError(f"{path} has more than {LIMIT:,} bytes", hint="Make it smaller.")
        read_settings(path, data)


def _refuse(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")


def _finite(number: str) -> float:
    found = float(number)
    if not math.isfinite(found):  # it would be written as a word that is no JSON
        raise ValueError(f"the number {number[:40]} is too large")
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:60]!r} is there twice")
        found[key] = value
    return found


def has_entries(path: Path, data: bytes | None, added: Mapping[str, Sequence[object]]) -> bool:
    """True where every entry is in the file. Raises UsageError where it cannot be read."""
    if data is None:
        return False
    found = cast("_Hooks", read_settings(path, data).get("hooks", {}))
    return all(one in found.get(event, []) for event, ours in added.items() for one in ours)


def merged(
    path: Path, data: bytes | None, added: Additions, line: Line | None = None
) -> tuple[bytes, Merge]:
    """The file with the entries, after those that are there, and the line; the record of both."""
    found = {} if data is None else read_settings(path, data)
    made = ["hooks"] if added and "hooks" not in found else []
    hooks = cast("_Hooks", found.setdefault("hooks", {}) if added else {})
    for event, entries in added.items():
        made += [] if event in hooks else [event]
        hooks.setdefault(event, []).extend(deepcopy(list(entries)))
    if line is not None:
        found[KEY] = deepcopy(dict(line.ours))
    after = _written(found, data)
    name = digest(after)
    return after, Merge(before=data, after=name, added=added, made=tuple(made), line=line)


def unmerged(path: Path, data: bytes | None, records: Sequence[Merge]) -> bytes | None:
    """The file without the entries: its bytes of before where nothing else changed it.

    Else what was put in is taken out, where it is still there as it was, and nothing else.
    Raises UsageError where the file cannot be read then.
    """
    if data is None:
        return None
    for one in records:
        if digest(data) == one.after:
            return one.before
        if data == one.before:
            return data
    found = read_settings(path, data)
    whole = deepcopy(found)
    for one in records:
        _take_out(found, one)
        if one.line is not None:
            take_out(found, one.line)
    if found == whole:
        return data
    made_file = any(one.before is None for one in records)
    return None if made_file and not found else _written(found, data)


def _take_out(found: dict[str, object], record: Merge) -> None:
    hooks = cast("_Hooks", found.get("hooks", {}))
    for event, entries in record.added.items():
        there = hooks.get(event, [])
        for entry in entries:
            if entry in there:
                there.remove(entry)
        if event in record.made and event in hooks and not there:
            del hooks[event]
    if "hooks" in record.made and found.get("hooks") == {}:
        del found["hooks"]


def _written(found: Mapping[str, object], like: bytes | None) -> bytes:
    """JSON in the manner of a file: its indent, its line ends, its last line, its mark."""
    text = "" if like is None else like.removeprefix(_BOM).decode("utf-8")
    indent = re.search(r"\n([ \t]+)\S", text)
    said = json.dumps(found, indent=indent[1] if indent else 2, ensure_ascii=False)
    if like is None or text.endswith("\n"):
        said += "\n"
    if "\r\n" in text:
        said = said.replace("\n", "\r\n")
    bom = _BOM if like is not None and like.startswith(_BOM) else b""
    return bom + said.encode("utf-8", "backslashreplace")
