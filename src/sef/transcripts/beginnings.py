"""What the first bytes of an agent's files say: whose agent it is. Bounded, and never waiting."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sef.transcripts.lines import opened

_PEEKED: Final = 1 << 20
_LINES: Final = 20
_LARGEST_META: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What is known of an agent's beginning."""

    tool_use: str = ""
    """Id of the tool use that started it."""
    depth: int = 0
    """Agents between it and the session."""


def beginning(path: Path) -> Beginning:
    """What the meta file beside an agent's file says; nothing where it cannot be read."""
    try:
        with opened(path.with_suffix(".meta.json")) as file:
            said = json.loads(file.read(_LARGEST_META))
    except (OSError, ValueError, RecursionError):
        return Beginning()
    if not isinstance(said, dict):
        return Beginning()
    use, depth = said.get("toolUseId"), said.get("spawnDepth")
    return Beginning(
        tool_use=use if isinstance(use, str) else "", depth=depth if type(depth) is int else 0
    )


def session_of(path: Path) -> str | None:
    """The session that an agent's file beside the sessions' own belongs to, by its records.

    Looks at the first megabyte. Raises OSError.
    """
    left = _PEEKED
    with opened(path) as file:
        for _ in range(_LINES):
            line = file.readline(left)
            left -= len(line)
            if name := _named(line):
                return name
            if not line or not left:
                break
    return None


def _named(line: bytes) -> str | None:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    name = said.get("sessionId") if isinstance(said, dict) else None
    return name if isinstance(name, str) and re.fullmatch(r"[\w-]{1,80}", name) else None
