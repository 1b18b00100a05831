"""Checks of the programs that a session starts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sef.claude_doctor.rows import Row, State, row
from sef.claude_doctor.snapshot import Program, Snapshot
from sef.repository import MINIMUM_GIT

WRITTEN_FOR: Final = "2.1.330"
"""The version of Claude Code that sef's hooks were written for."""
_AGAIN: Final = "sef claude install --{scope} with the sef that you use"


def rows(seen: Snapshot) -> Iterator[Row]:
    """sef, the hooks' interpreters, Claude Code, git."""
    yield _sef(seen)
    yield _python(seen)
    yield _claude(seen.programs["claude"])
    yield _git(seen.programs["git"])


def _sef(seen: Snapshot) -> Row:
    one = seen.programs["sef"]
    if one.problem:
        where = f": {one.path}" if one.path else ""
        found = f"sef {seen.version}; of the one on PATH{where}: {one.problem}"
        way = "The plugin and the commands call `sef`: put it on PATH, as pipx does."
        return row("sef", State.WARNING, found, way)
    found = f"sef {seen.version}; on PATH is {one.path}"
    if one.manager not in ("", "script"):
        way = "Each hook of the plugin waits for the shim: put the program itself on PATH."
        return row("sef", State.WARNING, f"{found}, a shim of {one.manager}", way)
    return row("sef", State.OK, found)


def _python(seen: Snapshot) -> Row:
    if not seen.pythons:
        return row("python", State.UNKNOWN, "no installed entry names an interpreter")
    told = {scope: _of_python(one) for scope, one in seen.pythons.items()}
    bad = [scope for scope, one in seen.pythons.items() if one.problem or one.manager]
    gone = any(one.problem == "it is gone" for one in seen.pythons.values())
    state = State.WRONG if gone else State.WARNING if bad else State.OK
    way = _AGAIN.format(scope="both" if len(bad) > 1 else bad[0]) if bad else ""
    return row("python", state, "; ".join(f"{scope}: {said}" for scope, said in told.items()), way)


def _of_python(one: Program) -> str:
    said = f"{one.version} at {one.path}" if one.version else f"{one.path}: {one.problem}"
    if one.manager == "script":
        return f"{said}, a script and no interpreter"
    return f"{said}, a shim of {one.manager}" if one.manager else said


def _claude(one: Program) -> Row:
    written = f"sef's hooks were written for {WRITTEN_FOR}"
    if not one.version:
        where = f"{one.path}: " if one.path else ""
        found = f"{where}{one.problem}; {written}"
        return row("claude", State.UNKNOWN, found, "An editor may bring its own: ask it.")
    found = f"{one.version} at {one.path}; {written}"
    if numbers(one.version) == numbers(WRITTEN_FOR):
        return row("claude", State.OK, found)
    way = "Nothing to do where the rows below are well; with trouble, try that version."
    return row("claude", State.WARNING, found, way)


def _git(one: Program) -> Row:
    needed = ".".join(map(str, MINIMUM_GIT))
    if numbers(one.version) >= MINIMUM_GIT:
        return row("git", State.OK, f"{one.version} at {one.path}")
    found = one.problem or f"{one.version} at {one.path}"
    return row("git", State.WRONG, found, f"Install git {needed} or newer.")


def numbers(said: str) -> tuple[int, ...]:
    """The first version in a text; empty where there is none."""
    found = re.search(r"\d{1,9}(?:\.\d{1,9})+", said)
    return tuple(map(int, found[0].split("."))) if found else ()
