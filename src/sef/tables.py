"""Reading TOML that a person wrote: every problem is told with its file, place and way out."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from inspect import isclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from sef.errors import UsageError
from sef.text import one_line

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LARGEST: Final = 1_000_000  # bytes
_TOLD: Final = 5  # problems told at once


class Table(BaseModel):
    """A TOML table: no unknown keys, no guessed types. A field's description says what it takes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Shape = TypeVar("Shape", bound=Table)


def read(path: Path, shape: type[Shape], error: type[UsageError]) -> Shape:
    """The file as the given shape; raises `error` with a line for each of the first problems."""
    try:
        text = _content(path, error).decode()
    except UnicodeDecodeError as wrong:
        raise error(f"{path.name}: not UTF-8 text (byte {wrong.start})") from None
    return understood(text, path.name, shape, error)


def understood(text: str, name: str, shape: type[Shape], error: type[UsageError]) -> Shape:
    """TOML text as the given shape; `name` is what its problems are told with."""
    data = _parsed(text, name, error)
    try:
        return shape.model_validate(data)
    except ValidationError as invalid:
        problems = invalid.errors(include_url=False)[:_TOLD]
    lines = (f"{name}: {_told(shape, data, problem)}" for problem in problems)
    raise error("\n".join(lines))


def _parsed(text: str, name: str, error: type[UsageError]) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as wrong:
        said = one_line(str(wrong)) if isinstance(wrong, ValueError) else "nested too deeply"
        raise error(f"{name}: not valid TOML: {said}") from None


def _content(path: Path, error: type[UsageError]) -> bytes:
    if not is_file(path):
        raise error(f"there is no file {path}", hint="Check the path.")
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as wrong:
        raise error(f"{path} cannot be read: {wrong.strerror}") from None
    if len(content) > _LARGEST:
        raise error(f"{path.name}: larger than {_LARGEST:,} bytes", hint="Split the file.")
    return content


def is_file(path: Path) -> bool:
    """True for a file that can be seen; what may not be looked at is not there."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """Where in a file a problem lies."""

    owner: type[Table]
    """The shape of the table around it."""
    places: tuple[str, ...]
    """The names of the tables around it, outermost first."""
    key: str
    allowed: str
    """What the key takes; empty for an unknown key."""
    private: bool = False
    """True where the value may hold a secret, and is not shown."""


def _told(shape: type[Table], data: object, problem: ErrorDetails) -> str:
    """One problem in words: where, which key, and what is allowed there."""
    spot = _spot(shape, data, problem["loc"])
    where = "".join(f"{place}: " for place in spot.places)
    key = one_line(spot.key, 60)
    if problem["type"] == "extra_forbidden":
        return f'{where}unknown key "{key}"{_nearest(key, spot.owner.model_fields)}'
    if problem["type"] == "missing":
        return f'{where}the key "{key}" is missing: {spot.allowed}'
    found = "" if spot.private else f" = {one_line(repr(problem['input']), 60)}"
    return f"{where}{key}{found}: must be {spot.allowed or problem['msg']}"


def _nearest(key: str, known: Iterable[str]) -> str:
    close = get_close_matches(key, tuple(known), n=1)
    return f' (did you mean "{close[0]}"?)' if close else f" (known: {', '.join(known)})"


def _spot(shape: type[Table], data: object, loc: Sequence[str | int]) -> _Spot:
    key = str(loc[0])
    field = shape.model_fields.get(key)
    inner = _table(field.annotation) if field else None
    allowed = (field.description or "") if field else ""
    within = 2 if field and get_origin(field.annotation) in (list, dict) else 1
    if inner is None or len(loc) < within + 1:
        extra = field.json_schema_extra if field else None
        private = isinstance(extra, dict) and bool(extra.get("private"))
        return _Spot(owner=shape, places=(), key=key, allowed=allowed, private=private)
    for step in loc[:within]:
        data = _inside(data, step)
    rest = _spot(inner, data, loc[within:])
    place = _place(key, loc[1] if within == 2 else None, data)
    return replace(rest, places=(place, *rest.places))


def _place(key: str, entry: str | int | None, data: object) -> str:
    """A table as its author would call it: [checks], [executors.cheap], task 2 ("greet")."""
    if not isinstance(entry, int):
        return f"[{key}]" if entry is None else f"[{key}.{one_line(entry, 60)}]"
    names = [_inside(data, name) for name in ("id", "task", "path")]
    name = next((f' ("{one_line(name, 60)}")' for name in names if isinstance(name, str)), "")
    return f"{key} {entry + 1}{name}"


def _inside(data: object, step: str | int) -> object:
    if isinstance(data, list) and isinstance(step, int):
        return data[step]
    return data.get(step) if isinstance(data, dict) else None


def _table(annotation: object) -> type[Table] | None:
    """The shape of the tables that a field holds, one or many."""
    if isclass(annotation) and issubclass(annotation, Table):
        return annotation
    return next(filter(None, map(_table, get_args(annotation))), None)
