"""Which tool uses are allowed: those of the role, on files of the work tree.

It is asked twice, by two ways of the client that both end closed: before every use, and where the
client itself would ask a person.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PATH_KEYS: Final = ("file_path", "path", "notebook_path")
_WRITING: Final = frozenset({"Write", "Edit"})
HANDING_BACK: Final = "StructuredOutput"
"""The client's tool for the hand-back form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jail:
    """The rules for one call."""

    tools: tuple[str, ...]
    root: Path
    """The work tree, links resolved."""
    readable: tuple[Path, ...] = ()
    """Other folders that may be read: where the client keeps long outputs of commands."""

    def refusal(self, tool: str, given: Mapping[str, object]) -> str | None:
        """Why the use is refused, in words for the model; None where it is allowed."""
        if tool == HANDING_BACK:
            return None
        if tool not in self.tools:
            return f"The tool {tool} is not available here."
        if tool == "Bash":
            return _command_refusal(given)
        if tool == "Glob" and _leads_out(given.get("pattern")):
            return "A pattern must be relative to the working folder, without ..."
        for key in _PATH_KEYS:
            if key in given:
                refused = self._path_refusal(tool, given[key])
                if refused:
                    return refused
        return None

    def _path_refusal(self, tool: str, said: object) -> str | None:
        if not isinstance(said, str) or "\0" in said:
            return "The path is no path."
        if said.startswith("~"):
            return "The path is outside the working folder."
        # The last part may not exist yet; what leads there is resolved all the same.
        real = Path(os.path.realpath(self.root / said))
        if tool in _WRITING:
            return None if self._writable(real) else _REFUSED_WRITE
        if any(real.is_relative_to(root) for root in (self.root, *self.readable)):
            return None
        return "The path is outside the working folder."

    def _writable(self, real: Path) -> bool:
        if not real.is_relative_to(self.root) or real == self.root:
            return False
        parts = real.relative_to(self.root).parts
        return not any(part.casefold().rstrip(". ") == ".git" for part in parts)


_REFUSED_WRITE: Final = "The path is outside the working folder, or belongs to git."


def _command_refusal(given: Mapping[str, object]) -> str | None:
    if given.get("dangerouslyDisableSandbox"):
        return "Commands run in the sandbox here."
    if given.get("run_in_background"):
        return "Commands run in the foreground here."
    return None


def _leads_out(pattern: object) -> bool:
    if not isinstance(pattern, str):
        return True
    return pattern.startswith(("/", "~")) or ".." in pattern.replace("\\", "/").split("/")
