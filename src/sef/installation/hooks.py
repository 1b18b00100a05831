"""Which hooks Claude Code is told of. The table is empty while sef has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    """Program and arguments for settings files; `{python}` and `{scope}` are filled in."""
    plugin: tuple[str, ...]
    """The same for a plugin, where `${CLAUDE_PLUGIN_ROOT}` is its folder."""


HOOKS: Final[tuple[Hook, ...]] = ()
"""What installed settings and the plugin's `hooks/hooks.json` hold."""

Entry = Mapping[str, object]
Additions = Mapping[str, Sequence[Entry]]
"""Entries by event, as in a settings file below `hooks`."""


def installed_entries(hooks: Iterable[Hook], *, python: str, scope: str) -> Additions:
    """What a settings file gets."""
    names = {"{python}": python, "{scope}": scope}
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
