"""What sef put below one `.claude`, as a file beside it: `sef/installed.json`.

It is written before the first file is, and again after the last, so that whoever comes after a
kill knows what may be there. What it says is not trusted: a repository may bring one.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sef.errors import UsageError
from sef.installation.section import BEGIN, END, Section
from sef.installation.settings import Merge
from sef.installation.status_line import Line

SCHEMA: Final = 1
_PATH: Final = re.compile(
    r"(?:agents/sef-[\w.-]+\.md|skills/sef(?:-[\w-]+)?(?:/[\w-]+)*/[\w.-]+\.md)"
)
_FOLDER: Final = re.compile(r"\.|agents|skills|skills/sef(?:-[\w-]+)?(?:/[\w-]+)*")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file that was put there."""

    ours: tuple[str, ...]
    """Digests of what sef wrote: today's first."""
    before: bytes | None = None
    """What was there, and had to give way to --force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that was put there."""

    version: str
    """That of sef."""
    pending: bool = False
    """True while it is being put there, and after a kill."""
    made: tuple[str, ...] = ()
    """Folders that were not there before, outer ones first; `.` is `.claude` itself."""
    files: Mapping[str, Entry] = field(default_factory=dict)
    """By path below `.claude`."""
    settings: tuple[Merge, ...] = ()
    """What was put into the settings file, today's first."""
    section: Section | None = None
    """What was put into CLAUDE.md."""

    def encoded(self) -> bytes:
        """The file."""
        section = self.section
        said = {
            "schema": SCHEMA,
            "version": self.version,
            "pending": self.pending,
            "made": self.made,
            "files": {
                path: {"ours": one.ours, "before": _text(one.before)}
                for path, one in sorted(self.files.items())
            },
            "settings": [
                {
                    "before": _text(one.before),
                    "after": one.after,
                    "added": one.added,
                    "made": one.made,
                    **_line_said(one.line),
                }
                for one in self.settings
            ],
            "section": None if section is None else {"texts": section.texts, "made": section.made},
        }
        return (json.dumps(said, indent=2) + "\n").encode()


def decoded(path: Path, data: bytes) -> Manifest:
    """The manifest in a file. Raises UsageError where it is none that sef wrote."""
    try:
        return _manifest(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{path} is not what sef wrote: {error}",
            hint="Nothing was changed. Take it away to let sef forget what it put there.",
        ) from error


def _manifest(said: Mapping[str, object]) -> Manifest:
    if said["schema"] != SCHEMA:
        raise ValueError(f"schema {said['schema']!r} is not known to this version")
    section = said["section"]
    return Manifest(
        version=_string(said["version"]),
        pending=said["pending"] is True,
        made=tuple(_matching(one, _FOLDER) for one in _list(said["made"])),
        files={
            _matching(path, _PATH): Entry(
                ours=tuple(_matching(name, _DIGEST) for name in _list(_object(one)["ours"])),
                before=_bytes(_object(one)["before"]),
            )
            for path, one in _object(said["files"]).items()
        },
        settings=tuple(map(_merge, _list(said["settings"]))),
        section=None if section is None else _section(_object(section)),
    )


def _merge(said: object) -> Merge:
    one = _object(said)
    added = _object(one["added"])
    return Merge(
        before=_bytes(one["before"]),
        after=_matching(one["after"], _DIGEST),
        added={event: _list(entries) for event, entries in added.items()},
        made=tuple(map(_string, _list(one["made"]))),
        line=_line(one.get("line")),
    )


def _line_said(line: Line | None) -> dict[str, object]:
    return {} if line is None else {"line": {"ours": line.ours, "before": line.before}}


def _line(said: object) -> Line | None:
    if said is None:
        return None
    one = _object(said)
    before = one["before"]
    return Line(ours=_object(one["ours"]), before=None if before is None else _object(before))


def _section(said: Mapping[str, object]) -> Section:
    texts = tuple(map(_string, _list(said["texts"])))
    for one in map(str.strip, texts):
        if not one.startswith(BEGIN) or not one.endswith(END):
            raise ValueError("a section that is not sef's")
    return Section(texts=texts, made=said["made"] is True)


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _bytes(said: object) -> bytes | None:
    return None if said is None else base64.b64decode(_string(said), validate=True)


def _string(said: object) -> str:
    if not isinstance(said, str):
        raise TypeError(f"{said!r} is not a string")
    return said


def _matching(said: object, form: re.Pattern[str]) -> str:
    text = _string(said)
    if not form.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is not one of sef's")
    return text


def _list(said: object) -> list[object]:
    if not isinstance(said, list):
        raise TypeError("something that should be a list is none")
    return said


def _object(said: object) -> dict[str, object]:
    if not isinstance(said, dict):
        raise TypeError("something that should be an object is none")
    return said
