"""Which hooks Claude Code is told of: the entry of `sef.hooks`, at the events that it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A program that Claude Code runs at an event."""

    event: str
    """As Claude Code calls it: PreToolUse, SessionEnd."""
    matcher: str | None = None
    """A regular expression on the tool or the agent; None is every one."""
    timeout_s: int
    installed: tuple[str, ...]
    """Program and arguments for settings; `{python}`, `{entry}` and `{scope}` are filled in."""
    plugin: tuple[str, ...]
    """The same for a plugin, where `${CLAUDE_PLUGIN_ROOT}` is its folder."""


_OURS: Final = "(^|:)sef-"
_COMMAND: Final = "^(sef:)?sef$"
"""The skill `sef`, as files and as the plugin's: other commands start no hook."""


def _hook(event: str, timeout_s: int, matcher: str | None = None) -> Hook:
    return Hook(
        event=event,
        matcher=matcher,
        timeout_s=timeout_s,
        # The interpreter by its path, without site-packages and without a shell: Claude Code waits.
        installed=("{python}", "-I", "-S", "{entry}", "--scope", "{scope}"),
        plugin=("sh", "${CLAUDE_PLUGIN_ROOT}/bin/hook", "--scope", "plugin"),
    )


HOOKS: Final[tuple[Hook, ...]] = (
    _hook("PreToolUse", 5, "Agent"),
    _hook("SubagentStart", 30, _OURS),
    _hook("SubagentStop", 300, _OURS),
    _hook("PostToolUse", 300, "Agent"),
    _hook("PostToolUseFailure", 30, "Agent"),
    _hook("Stop", 10),
    _hook("SessionStart", 30),
    _hook("SessionEnd", 30),
    _hook("UserPromptExpansion", 5, _COMMAND),
)
"""What installed settings and the plugin's `hooks/hooks.json` hold."""

Entry = Mapping[str, object]
Additions = Mapping[str, Sequence[Entry]]
"""Entries by event, as in a settings file below `hooks`."""


def installed_entries(hooks: Iterable[Hook], *, python: str, scope: str) -> Additions:
    """What a settings file gets."""
    entry = str(Path(__file__).parents[1] / "hooks" / "entry.py")
    names = {"{python}": python, "{entry}": entry, "{scope}": scope}
    return _entries((one, tuple(_filled(word, names) for word in one.installed)) for one in hooks)


def plugin_entries(hooks: Iterable[Hook]) -> Additions:
    """What `hooks/hooks.json` of the plugin holds below `hooks`."""
    return _entries((one, one.plugin) for one in hooks)


def _filled(word: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        word = word.replace(name, value)
    return word


def _entries(hooks: Iterable[tuple[Hook, tuple[str, ...]]]) -> Additions:
    found: dict[str, list[Entry]] = {}
    for hook, (command, *arguments) in hooks:
        run = {"type": "command", "command": command, "args": arguments, "timeout": hook.timeout_s}
        matcher = {} if hook.matcher is None else {"matcher": hook.matcher}
        found.setdefault(hook.event, []).append({**matcher, "hooks": [run]})
    return found
