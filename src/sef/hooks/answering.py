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
    "UserPromptExpansion",
)
"""What is answered; every other event is nobody's here."""
_TOOL_ENDS = ("PostToolUse", "PostToolUseFailure")
_ENTRY = "sef/hooks/entry.py"
_LARGEST_SETTINGS = 4_000_000
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
    if scope and _told_by_another(scope, cwd, str(name)):
        return ""
    found = _answered(str(name), event, scope)
    return json.dumps(found) if found else ""


def _answered(name: str, event: dict[str, Any], scope: str) -> Mapping[str, Any] | None:
    if name == "UserPromptExpansion":
        from sef.hooks.status import answered

        return answered(event, scope)
    if name == "PreToolUse":
        from sef.hooks.delegating import delegated

        return delegated(event)
    if name in _TOOL_ENDS and not _is_delegation(event):
        return None
    if name in ("SubagentStart", "SubagentStop", *_TOOL_ENDS):
        return _awaited(name, event)
    if name in ("Stop", "SessionStart", "SessionEnd"):
        _booked(name, event)
    return None


def _booked(name: str, event: dict[str, Any]) -> None:
    """Sessions that hand out nothing pay for a look at a folder, and no more."""
    from sef.hooks.records import git_folders, is_name, state_folder

    folders = git_folders(event["cwd"])
    common = folders[2] if folders else None
    state, session = state_folder(common), event.get("session_id")
    if name == "Stop":
        from sef.hooks.booking import provisional

        provisional(event, common)
    elif name == "SessionEnd" and is_name(session):
        if os.path.exists(os.path.join(state, "sessions", f"{session}.json")):
            import asyncio

            whole()
            from sef.hooks.closing import close, remember

            close(state, str(session), str(event.get("transcript_path") or ""))
            if folders:
                asyncio.run(remember(event["cwd"], str(session)))
    elif name == "SessionStart" and common and _any(common, state, f"{session}.json"):
        import asyncio

        whole()
        from sef.hooks.closing import catch_up

        asyncio.run(catch_up(event))


def _any(common: str, state: str, own: str) -> bool:
    """True where there are executors, other sessions or merges that have not come to their end."""
    from sef.hooks.records import bare_trees

    folders = [os.path.join(state, one) for one in ("agents", "open")]
    if any({*os.listdir(one)} - {own} for one in folders if os.path.isdir(one)):
        return True
    return os.path.exists(os.path.join(state, "merging.json")) or bool(bare_trees(common))


def whole() -> None:
    """Makes installed packages importable, which the entry leaves out at its start."""
    import site

    site.main()


def _is_delegation(event: Mapping[str, Any]) -> bool:
    from sef.hooks.delegating import TOOLS, executor_of

    asked = event.get("tool_input")
    named = asked.get("subagent_type") if isinstance(asked, dict) else None
    return event.get("tool_name") in TOOLS and bool(executor_of(named))


def _awaited(name: str, event: dict[str, Any]) -> Mapping[str, Any] | None:
    """What takes git, and mostly more than the standard library: an executor was paid for."""
    import asyncio

    if name == "SubagentStart":
        from sef.hooks.starting import started

        return asyncio.run(started(event))
    whole()
    if name == "SubagentStop":
        from sef.hooks.stopping import stopped

        return asyncio.run(stopped(event))
    if name == "PostToolUse":
        from sef.hooks.settling import settled

        return asyncio.run(settled(event))
    from sef.hooks.dropping import dropped

    return asyncio.run(dropped(event))


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


def _told_by_another(scope: str, cwd: str, event: str) -> bool:
    """True where a place that goes before this one has an entry of ours for the event too."""
    project = os.environ.get("CLAUDE_PROJECT_DIR") or cwd
    places = {"project": os.path.join(project, ".claude")}
    places["user"] = os.environ.get("CLAUDE_CONFIG_DIR") or os.path.expanduser("~/.claude")
    before = _RANKS[: _RANKS.index(scope)] if scope in _RANKS else ()
    files = [(places[one], "settings.json") for one in before]
    files += [(places["project"], "settings.local.json")] if before else []
    return any(_is_told(os.path.join(*one), event) for one in files)


def _is_told(file: str, event: str) -> bool:
    try:
        with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as settings:
            text = settings.read(_LARGEST_SETTINGS) or b""
    except OSError:
        return False
    if _ENTRY.encode() not in text:
        return False
    # Words elsewhere in it start no hook, nor does a file that Claude Code cannot read; one that
    # an older version installed there may lack the event.
    hooks = (parsed(text.removeprefix(b"\xef\xbb\xbf")) or {}).get("hooks")
    entries = hooks.get(event) if isinstance(hooks, dict) else None
    return isinstance(entries, list) and _ENTRY in json.dumps(entries)
