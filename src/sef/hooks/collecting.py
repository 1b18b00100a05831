"""What sessions left that were killed: trees of executors, half merges, private folders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sef.hooks.delegation import Ended
from sef.hooks.dropping import forsake
from sef.hooks.entering import book_cut_off, cut_off
from sef.hooks.hiding import show
from sef.hooks.known import held, known
from sef.hooks.merging import alone
from sef.hooks.records import append, bare_trees, is_name, load, rows
from sef.hooks.trees import clear
from sef.hooks.undoing import put_right
from sef.hooks.working import lives
from sef.repository import Repository


async def collect(repository: Repository, state: str) -> None:
    """Ends what was cut off; what a living process still works on is let be."""
    async with alone(state, patient=False) as mine:
        if mine:
            await put_right(state)
    for file in sorted((Path(state) / "agents").glob("*.json")):
        if not is_name(file.stem) or lives(load(state, f"agents/{file.stem}") or {}):
            continue
        # Its hook may outlive the session, and another session may begin at the same moment.
        with held(file) as mine:
            if mine and _is_there(file):
                await _collect(repository, state, file.stem)
    _sweep(repository, state)
    clear(state)
    show(repository.common_dir, state)


def _is_there(file: Path) -> bool:
    """False where somebody else has just collected it."""
    return os.path.lexists(file)


async def _collect(repository: Repository, state: str, agent: str) -> None:
    record = load(state, f"agents/{agent}") or {}
    # One that is damaged cannot be accepted any more: it goes as if its session were dead.
    whole = known(repository.common_dir, state, agent)
    paid = await _booked(repository, state, whole) if whole else {}
    tree = repository.common_dir.parent / ".claude/worktrees" / f"agent-{agent}"
    await forsake(repository, state, agent, str(tree))
    row = {"event": "collected", "agent": agent, "session": record.get("session")}
    append(state, {**row, **paid})


async def _booked(
    repository: Repository, state: str, record: Mapping[str, Any]
) -> Mapping[str, str | None]:
    """What it cost until it was cut off, in the journal of runs too."""
    merged = _merged(state, str(record["agent"]))
    reason = (
        f"it was merged ({', '.join(merged[:5])}), then its session" if merged else "its session"
    )
    one = cut_off(repository, record)
    ended = Ended(accepted=False, reason=f"{reason} was cut off before there was a verdict")
    return {"executor": one.executor, **await book_cut_off(one, ended)}


def _merged(state: str, agent: str) -> list[str]:
    """Paths of the user's files that hold its work."""
    found: dict[str, Any] = {}
    for row in rows(state):
        if row.get("agent") == agent and isinstance(row.get("blobs"), dict):
            found |= row["blobs"]
    return sorted(found)


def _sweep(repository: Repository, state: str) -> None:
    """Removes folders that were written again after an executor of sef had ended."""
    found = bare_trees(str(repository.common_dir))
    ended = {str(row.get("agent")) for row in rows(state) if "agent" in row} if found else set()
    for tree in map(Path, found):
        agent = tree.name.removeprefix("agent-")
        alive = (Path(state) / "agents" / f"{agent}.json").exists()
        if is_name(agent) and agent in ended and not alive and not tree.is_symlink():
            shutil.rmtree(tree, ignore_errors=True)
            append(state, {"event": "collected", "agent": agent, "session": None})
