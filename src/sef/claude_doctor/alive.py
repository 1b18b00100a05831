"""Checks of the entries of hooks: whether each answers as it should, and how fast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from sef.claude_doctor.rows import Row, State, row
from sef.claude_doctor.snapshot import NOT_STARTED, Answer, Entry, Snapshot, Whose
from sef.installation.hooks import HOOKS

_EVENTS: Final = tuple(one.event for one in HOOKS)
_SOURCES: Final = {"user": "user", "project": "local"}
"""Where the entries of a place are."""


def rows(seen: Snapshot) -> Iterator[Row]:
    """A row for each installation and plugin with hooks, and one for entries of somebody else."""
    found = [*_of_places(seen), *_of_plugins(seen)]
    others = [one for one in seen.entries if one.whose is Whose.ANOTHERS]
    if others:
        found.append(_others(others))
    yield from found or [row("hooks", State.UNKNOWN, "no hooks of sef are installed")]


def _of_places(seen: Snapshot) -> Iterator[Row]:
    for one in seen.installations:
        if one.python:
            way = f"sef claude install --{one.scope}"
            python = seen.pythons.get(one.scope)
            if python is not None and python.problem == NOT_STARTED:
                found = f"not tried: their Python is {NOT_STARTED}"
                yield row(f"hooks-{one.scope}", State.UNKNOWN, found, f"{way}, and it is this one.")
                continue
            yield _hooks(f"hooks-{one.scope}", seen, _SOURCES[one.scope], way)


def _of_plugins(seen: Snapshot) -> Iterator[Row]:
    problem = seen.programs["sef"].problem
    for one in seen.plugins:
        if one.is_sef and not one.problem and problem:
            way = "Put sef on the PATH that Claude Code has, as pipx does."
            found = f"its hooks do nothing: `sef`: {problem}"
            yield row("hooks-plugin", State.WRONG, found, way)
        elif one.is_sef and not one.problem:
            way = f"claude plugin update {one.name}"
            yield _hooks("hooks-plugin", seen, f"plugin {one.name}", way)


def _hooks(check: str, seen: Snapshot, source: str, way: str) -> Row:
    own = {e.event for e in seen.entries if e.source == source and e.whose is Whose.OURS}
    missing = [event for event in _EVENTS if event not in own]
    told = seen.answers.get(source, ())
    wrong = tuple(f"{one.event}: {one.wrong}" for one in told if one.wrong)
    wrong += tuple(f"{event}: no entry that may be started" for event in missing)
    if wrong:
        good = len([one for one in told if not one.wrong])
        return row(check, State.WRONG, f"{good} of {len(_EVENTS)} hooks answer", way, wrong)
    return row(check, State.OK, f"{len(told)} of {len(_EVENTS)} hooks answer: {_times(told)}")


def _times(told: Sequence[Answer]) -> str:
    slowest = max(told, key=lambda one: one.milliseconds)
    middle = median(one.milliseconds for one in told)
    first = next((one.milliseconds for one in told if one.event == "PreToolUse"), middle)
    return (
        f"PreToolUse in {first:.0f} ms, {middle:.0f} ms at the median,"
        f" {slowest.event} in {slowest.milliseconds:.0f} ms"
    )


def _others(others: Sequence[Entry]) -> Row:
    found = f"{len(others)} entries name sef and are not what this sef wrote; none was started"
    way = "Another copy's: take it away with that one. Edited, or a project's own: look at them."
    details = tuple(
        f"{one.source}: {one.event}: {' '.join(one.words)}"
        + (f" ({one.words[0]}: {one.program})" if one.program else "")
        for one in others
    )
    return row("hooks-others", State.WARNING, found, way, details)
