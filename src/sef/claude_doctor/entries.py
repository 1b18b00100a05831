"""Entries of hooks in settings files and plugins, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sef.claude_doctor.snapshot import Entry, Whose
from sef.installation.hooks import HOOKS, Additions, installed_entries, plugin_entries

_MOST: Final = 500
"""Entries of one file that are looked at."""
_SIGNS: Final = ("sef/hooks/entry.py", "sef hook")
_DEFAULT_S: Final = 600.0


def entries_in(source: str, hooks: object, ours: Iterable[Additions]) -> tuple[Entry, ...]:
    """The entries below a file's `hooks`; `ours` are those that may be started."""
    known = list(ours)
    found = list(_found(source, hooks, known))
    return tuple(found[:_MOST])


def installed(python: str, scope: str) -> Additions:
    """The entries that this sef writes for a place, with that interpreter."""
    return installed_entries(HOOKS, python=python, scope=scope)


def plugged() -> Additions:
    """The entries that this sef's plugin has."""
    return plugin_entries(HOOKS)


def _found(source: str, hooks: object, ours: Iterable[Additions]) -> Iterator[Entry]:
    for event, groups in hooks.items() if isinstance(hooks, dict) else ():
        for group in groups if isinstance(groups, list) else ():
            if not isinstance(group, dict):
                continue
            matcher, runs = group.get("matcher"), group.get("hooks")
            for run in runs if isinstance(runs, list) else ():
                if isinstance(run, dict):
                    yield _entry(source, str(event), matcher, run, ours)


def _entry(
    source: str, event: str, matcher: object, run: Mapping[str, object], ours: Iterable[Additions]
) -> Entry:
    arguments = run.get("args")
    said = run.get("command", run.get("url", run.get("prompt", "")))
    words = (str(said), *(map(str, arguments) if isinstance(arguments, list) else ()))
    limit = run.get("timeout")
    return Entry(
        source=source,
        event=event,
        matcher=matcher if isinstance(matcher, str) else "",
        words=words,
        timeout_s=float(limit) if type(limit) is int and 0 < limit < 10**6 else _DEFAULT_S,
        whose=_whose(event, matcher, run, words, ours),
    )


def _whose(
    event: str,
    matcher: object,
    run: Mapping[str, object],
    words: tuple[str, ...],
    ours: Iterable[Additions],
) -> Whose:
    group = {"hooks": [dict(run)]} if matcher is None else {"matcher": matcher, "hooks": [run]}
    if any(group in added.get(event, ()) for added in ours):
        return Whose.OURS
    told = " ".join(words)
    plugin = "CLAUDE_PLUGIN_ROOT}/bin/hook" in told and "--scope plugin" in told
    return Whose.ANOTHERS if plugin or any(one in told for one in _SIGNS) else Whose.FOREIGN


def interpreters(added: Mapping[str, object]) -> tuple[str, ...]:
    """The commands of recorded entries, each once."""
    found = entries_in("", dict(added), ())
    return tuple(dict.fromkeys(one.words[0] for one in found if one.words[0]))
