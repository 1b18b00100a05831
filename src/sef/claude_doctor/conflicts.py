"""Checks of what else acts on the same events, or keeps sef from acting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sef.agents import OFFERED
from sef.claude_doctor.rows import Row, State, row
from sef.claude_doctor.snapshot import Entry, Snapshot, Whose

_ON_TOOL: Final = ("PreToolUse", "PostToolUse", "PostToolUseFailure")
_ON_AGENT: Final = ("SubagentStart", "SubagentStop")
_LONGEST: Final = 200
_MOST_REPEATS: Final = 3
_DENIES: Final = re.compile(r"(?:Agent|Task)(?:\((.{0,200})\))?")


def rows(seen: Snapshot) -> Iterator[Row]:
    """Hooks of others, doubles, hooks switched off, agents switched off, models pinned."""
    yield _others(seen)
    yield _worktrees(seen)
    yield _doubles(seen)
    yield _disabled(seen)
    yield _agents(seen)
    yield _pins(seen)


def _others(seen: Snapshot) -> Row:
    found = [one for one in seen.entries if one.whose is Whose.FOREIGN and _is_on_ours(one)]
    if not found:
        return row("other-hooks", State.OK, "nobody else's hooks are on delegations")
    said = f"{len(found)} hooks of others are on delegations"
    way = "One that rewrites the same call may finish last, and the last one wins: look at them."
    details = tuple(f"{one.source}: {one.event}: {' '.join(one.words)}" for one in found)
    return row("other-hooks", State.WARNING, said, way, details)


def _is_on_ours(one: Entry) -> bool:
    if one.event in _ON_TOOL:
        return matches(one.matcher, "Agent") or matches(one.matcher, "Task")
    return one.event in _ON_AGENT and any(matches(one.matcher, name) for name in OFFERED)


def matches(matcher: str, name: str) -> bool:
    """True where a matcher meets a name, and where that cannot be told in short time."""
    if matcher in ("", "*"):
        return True
    if re.fullmatch(r"[\w:| -]+", matcher):
        return name in (one.strip() for one in matcher.split("|"))
    repeats = len(re.findall(r"[*+?{]", matcher))
    if len(matcher) > _LONGEST or repeats > _MOST_REPEATS or re.search(r"\)[*+?{]", matcher):
        return True
    try:
        return re.search(matcher, name) is not None
    except re.error:
        return False


def _worktrees(seen: Snapshot) -> Row:
    found = [one for one in seen.entries if one.event == "WorktreeCreate"]
    if not found:
        return row("worktree-hooks", State.OK, "Claude Code makes the trees of executors")
    said = f"{len(found)} hooks on WorktreeCreate make every tree in place of Claude Code"
    way = "Where one makes none, or another one, no executor that writes can work: take it away."
    details = tuple(f"{one.source}: {' '.join(one.words)}" for one in found)
    return row("worktree-hooks", State.WRONG, said, way, details)


def _doubles(seen: Snapshot) -> Row:
    ours = [one for one in seen.entries if one.whose is not Whose.FOREIGN]
    in_settings = any(not one.source.startswith("plugin ") for one in ours)
    plugins = [one.name for one in seen.plugins if one.is_sef and not one.problem]
    if len(plugins) > 1:
        found = f"{len(plugins)} plugins of sef are enabled: each hook runs as often"
        return row("doubles", State.WRONG, found, f"claude plugin disable {plugins[-1]}")
    twice = tuple(_twice(ours))
    if twice:
        way = "Take the one away that sef did not write, or: sef claude install --uninstall"
        return row("doubles", State.WRONG, "entries of sef are there twice", way, twice)
    files = any(one.executors or one.skills for one in seen.installations)
    if plugins and (in_settings or files):
        found = "the plugin is enabled beside an installation: executors are offered twice"
        way = f"Keep one: claude plugin disable {plugins[0]}, or sef claude install --uninstall"
        return row("doubles", State.WARNING, found, way)
    return row("doubles", State.OK, "nothing of sef's is there twice")


def _twice(ours: Sequence[Entry]) -> Iterator[str]:
    """Events at which one scope has several programs; Claude Code runs the same words once."""
    words: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for one in ours:
        scope = "project" if one.source == "local" else one.source
        words.setdefault((scope, one.event), set()).add(one.words)
    return (f"{scope}: {event}" for (scope, event), found in words.items() if len(found) > 1)


def _disabled(seen: Snapshot) -> Row:
    if seen.merged("disableAllHooks") is True:
        who = [one for one in seen.settings if (one.found or {}).get("disableAllHooks") is True]
        found = f"disableAllHooks is set: no hook runs. {', '.join(one.path for one in who)}"
        return row("hooks-allowed", State.WRONG, found, "Take it out, or set it to false.")
    managed = [one.found for one in seen.settings if one.scope == "managed" and one.found]
    if any(one.get("allowManagedHooksOnly") is True for one in managed):
        found = "managed settings allow their own hooks alone"
        return row("hooks-allowed", State.WRONG, found, "Ask who manages this machine.")
    return row("hooks-allowed", State.OK, "hooks are not switched off")


def _agents(seen: Snapshot) -> Row:
    denied = tuple(
        f"{one.path}: {rule}"
        for one in seen.settings
        for rule in _denied((one.found or {}).get("permissions"))
    )
    if denied:
        found = "settings deny what starts an executor"
        return row("agents-allowed", State.WRONG, found, "Take the rule out.", denied)
    return row("agents-allowed", State.OK, "no settings keep executors from being started")


def _denied(permissions: object) -> Iterator[str]:
    rules = permissions.get("deny") if isinstance(permissions, dict) else ()
    for rule in rules if isinstance(rules, list) else ():
        found = _DENIES.fullmatch(rule) if isinstance(rule, str) else None
        if found and (not found[1] or found[1] == "*" or found[1].removeprefix("sef:") in OFFERED):
            yield str(rule)


def _pins(seen: Snapshot) -> Row:
    if not seen.pins:
        return row("model-settings", State.OK, "no variable changes what a model's name means")
    found = "variables change which models executors run on"
    way = "Meant so, or take them out; what is billed is in the row below."
    details = tuple(f"{name}: {value}" for name, value in sorted(seen.pins.items()))
    return row("model-settings", State.WARNING, found, way, details)
