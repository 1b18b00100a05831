"""What the trace of a run proves. Doubt is never proof."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from sef.environment.detect import is_test, owner
from sef.environment.proof import IN_PROCESS, Proof, undecided

_FIELDS = {"start": 2, "found": 2, "user": 2, "untracked": 2, "broken": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What must have happened for a run to have judged the fork. Paths have no symbolic links."""

    fork: str
    shadow: str
    """Folder of the shadow environment."""
    own: frozenset[str]
    """The project's outermost modules; empty where they are not known."""


@dataclass(frozen=True, slots=True)
class Line:
    """One fact that one process wrote down."""

    kind: str
    pid: int
    what: str
    where: str


def judge(trace: str, expected: Expectation, pid: int | None = None) -> Proof:
    """Proved when the project's modules were seen, in the fork only, by the shadow's Python only.

    `pid` is the process that must be among the witnesses; None requires no particular one.
    """
    lines = [_parsed(text) for text in trace.splitlines()]
    whole = [line for line in lines if line is not None]
    if len(whole) < len(lines) or (trace and not trace.endswith("\n")):
        return undecided("the trace of the run is damaged")
    return (
        _broken(whole)
        or _of_user(whole)
        or _outside(whole, expected)
        or _untracked(whole)
        or _stranger(whole, expected)
        or _runner_missing(whole, pid)
        or _nothing_seen(whole, expected)
        or _proved(whole)
    )


def _parsed(text: str) -> Line | None:
    try:
        kind, pid, what, where = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    typed = isinstance(pid, int) and isinstance(what, str) and isinstance(where, str)
    return Line(kind, pid, what, where) if typed and kind in _FIELDS else None


def _of(kind: str, lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.kind == kind]


def _broken(lines: Sequence[Line]) -> Proof | None:
    for line in _of("broken", lines):
        return undecided(f"imports could not be redirected: {line.where}", offender=line.what)
    return None


def _of_user(lines: Sequence[Line]) -> Proof | None:
    for line in _of("user", lines):
        return undecided(
            f"the run reached your own tree ({line.what}): {line.where}",
            offender=line.where,
            mend="use paths relative to the file or to the working directory, not absolute ones",
        )
    return None


def _outside(lines: Sequence[Line], expected: Expectation) -> Proof | None:
    for line in _of("found", lines):
        inside = _within(line.where, expected.fork) or _within(line.where, expected.shadow)
        if owner(line.what, expected.own) and not inside:
            return undecided(
                f"{line.what} did not come from the fork: {line.where}", offender=line.where
            )
    return None


def _untracked(lines: Sequence[Line]) -> Proof | None:
    for line in _of("untracked", lines):
        return undecided(
            f"{line.what} is not tracked by git, so the fork lacks it: {line.where}",
            offender=line.where,
            mend="track the file, or do not import it in tests",
        )
    return None


def _stranger(lines: Sequence[Line], expected: Expectation) -> Proof | None:
    for line in _of("start", lines):
        if not _within(line.what, expected.shadow):
            return undecided(f"another Python took part: {line.what}", offender=line.what)
    return None


def _runner_missing(lines: Sequence[Line], pid: int | None) -> Proof | None:
    if pid is None or any(line.pid == pid for line in _of("start", lines)):
        return None
    return undecided(
        "the command did not run the fork's Python itself",
        mend="name the program that runs the tests, such as `pytest` or `python -m pytest`",
    )


def _nothing_seen(lines: Sequence[Line], expected: Expectation) -> Proof | None:
    if any(_is_own(line, expected) for line in _of("found", lines)):
        return None
    return undecided("the tests imported nothing of this project")


def _is_own(line: Line, expected: Expectation) -> bool:
    if expected.own:
        return owner(line.what, expected.own) is not None
    inside = _within(line.where, expected.fork)
    return inside and not is_test(PurePath(line.where).relative_to(expected.fork).as_posix())


def _within(path: str, folder: str) -> bool:
    return PurePath(path).is_relative_to(folder)


def _proved(lines: Sequence[Line]) -> Proof:
    modules = {line.what for line in _of("found", lines)}
    processes = {line.pid for line in lines}
    reason = f"{len(modules)} modules came from the fork in {len(processes)} Python processes"
    return Proof(proved=True, level=IN_PROCESS, reason=reason)
