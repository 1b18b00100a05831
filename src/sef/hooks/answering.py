"""Which part answers which event."""

from __future__ import annotations

import json
import os

from sef.hooks.records import parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

EVENTS = (
    "PreToolUse",
    "SubagentStart",
    "SubagentStop",
    "PostToolUse",
    "PostToolUseFailure",
    "Stop",
    "SessionStart",
    "SessionEnd",
)
"""What is answered; every other event is nobody's here."""
_RANKS = ("project", "user", "plugin")
"""Who goes first where several places tell Claude Code of the same hook."""


def answer(arguments: Sequence[str], told: bytes) -> str:
    """What is printed: a JSON object, or nothing. Raises ValueError for what is no event."""
    event = parsed(told)
    if event is None:
        raise ValueError("the event is no JSON object")
    scope, named = _scope(arguments)
    name = event.get("hook_event_name") or named
    cwd = event.get("cwd")
    if name not in EVENTS or not isinstance(cwd, str) or not os.path.isabs(cwd) or "\0" in cwd:
        raise ValueError(f"no event that is answered here: {str(name)[:40]!r}")
    if scope and _told_by_another(scope, cwd):
        return ""
    found = _answered(str(name), event)
    return json.dumps(found) if found else ""


def _answered(name: str, event: dict[str, Any]) -> Mapping[str, Any] | None:
    if name == "PreToolUse":
        from sef.hooks.delegating import delegated

        return delegated(event)
    return None


def _scope(arguments: Sequence[str]) -> tuple[str, str]:
    """Whose entry this is, and the event that the command names."""
    scope = name = ""
    left = iter(arguments)
    for word in left:
        if word == "--scope":
            scope = next(left, "")
        else:
            name = word
    return scope, name


def _told_by_another(scope: str, cwd: str) -> bool:
    """True where a place that goes before this one has an entry of ours too."""
    project = os.environ.get("CLAUDE_PROJECT_DIR") or cwd
    places = {"project": os.path.join(project, ".claude")}
    places["user"] = os.environ.get("CLAUDE_CONFIG_DIR") or os.path.expanduser("~/.claude")
    before = _RANKS[: _RANKS.index(scope)] if scope in _RANKS else ()
    files = [(places[one], "settings.json") for one in before]
    files += [(places["project"], "settings.local.json")] if before else []
    return any(_is_told(os.path.join(*one)) for one in files)


def _is_told(file: str) -> bool:
    try:
        with open(file, "rb") as settings:
            text = settings.read(2**20)
    except OSError:
        return False
    return b"sef/hooks/entry.py" in text
