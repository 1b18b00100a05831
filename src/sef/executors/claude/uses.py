"""The uses of tools in one call, from the model's asking to what the tool gave."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from sef.executors.claude.jail import HANDING_BACK
from sef.steps import ToolStep
from sef.text import one_line

_WRITING: Final = frozenset({"Write", "Edit", "Bash"})
"""A command may write, whatever it says."""
_NOTHING: Final = ("no files found", "no matches found", "(bash completed with no output)")
_MOST_OPEN: Final = 1_000


class Uses:
    """Pairs what was asked with what came back."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, str]] = {}

    def asked(self, number: str, name: str, given: Mapping[str, object]) -> None:
        """The model called a tool."""
        if name != HANDING_BACK and len(self._open) < _MOST_OPEN:
            self._open[number] = (one_line(name, 100), digest(name, given))

    def gave(self, number: str, content: object, *, failed: bool) -> ToolStep | None:
        """The tool's step; None for what nobody asked, and for the hand-back."""
        found = self._open.pop(number, None)
        if found is None:
            return None
        name, asked = found
        return ToolStep(
            name=name,
            asked=asked,
            writes=name in _WRITING,
            failed=failed,
            empty=not failed and _is_empty(content),
        )


def digest(name: str, given: Mapping[str, object]) -> str:
    """Of a tool's name and arguments, whatever their order."""
    said = json.dumps([name, given], sort_keys=True, default=str)
    return hashlib.sha256(said.encode(errors="replace")).hexdigest()[:32]


def _is_empty(content: object) -> bool:
    if isinstance(content, list):
        return all(isinstance(one, dict) and _is_empty(one.get("text", "x")) for one in content)
    if not isinstance(content, str):
        return content is None
    said = content[:200].strip().lower()
    return not said or said in _NOTHING
