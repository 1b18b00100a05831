"""Checks of what sessions left: which models answered, trees, the log."""

from __future__ import annotations

from collections.abc import Iterator

from sef.claude_doctor.past import DAYS
from sef.claude_doctor.rows import Row, State, row
from sef.claude_doctor.snapshot import Snapshot


def rows(seen: Snapshot) -> Iterator[Row]:
    """Models asked for and billed, the base of trees, trees left behind, errors of hooks."""
    yield _models(seen)
    yield _base(seen)
    yield _trees(seen)
    yield _log(seen)


def _models(seen: Snapshot) -> Row:
    one = seen.bookings
    if not one.sessions:
        found = f"no session that handed out work was booked here in {DAYS} days"
        return row("models-billed", State.UNKNOWN, found)
    counted = f"{one.requests} requests of {one.sessions} sessions in {DAYS} days"
    if not one.odd:
        return row("models-billed", State.OK, f"{counted}: each from the model that was asked for")
    details = tuple(f"{said}: {count} sessions" for said, count in one.odd.items())
    way = "Another model answered than the one that is billed: ask the provider, or its gateway."
    found = f"{counted}: other models answered than were asked for"
    return row("models-billed", State.WRONG, found, way, details)


def _base(seen: Snapshot) -> Row:
    if not seen.in_repository:
        found = "no git repository: executors that write are refused"
        return row("base", State.WARNING, found, "git init, where they shall work.")
    worktree = seen.merged("worktree")
    base = worktree.get("baseRef") if isinstance(worktree, dict) else None
    said = f"worktree.baseRef is {base}" if base else "worktree.baseRef is not set"
    return row("base", State.OK, f"{said}; sef's hook moves trees onto your files either way")


def _trees(seen: Snapshot) -> Row:
    dead = [one.name for one in seen.trees if one.state == "dead"]
    unknown = [one.name for one in seen.trees if one.state == "unrecorded"]
    alive = len(seen.trees) - len(dead) - len(unknown)
    if not dead and not unknown:
        at_work = f"; {alive} executors are at work" if alive else ""
        return row("trees", State.OK, f"no trees of executors are left behind{at_work}")
    said = [f"{len(dead)} of dead sessions"] if dead else []
    said += [f"{len(unknown)} that sef did not begin"] if unknown else []
    way = "The next session takes those of dead sessions away." if dead else ""
    if unknown:
        way += " The others: git worktree list, then git worktree remove -f -f PATH."
    details = tuple(f".claude/worktrees/{name}" for name in (*dead, *unknown))
    found = f"trees are left in .claude/worktrees: {', '.join(said)}"
    return row("trees", State.WARNING, found, way.strip(), details)


def _log(seen: Snapshot) -> Row:
    if not seen.log_count:
        return row("log", State.OK, "no hook complained in the last day")
    found = f"hooks complained {seen.log_count} times in the last day: {seen.log_path}"
    way = "Work went on without them; what they would have verified was not accepted."
    return row("log", State.WARNING, found, way, seen.log)
