"""A merge that was cut off: the next one puts the user's files back, unless all of it was done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sef.hooks.records import append, load, save
from sef.hooks.trees import scratch_in
from sef.reasons import reason_of
from sef.repository import Repository, find_repository
from sef.undoing import Pair, undo
from sef.undoing import noted as note_of

_NOTE: Final = "merging"
_MOST: Final = 50
"""Paths that a row names."""


async def note(
    repository: Repository, state: str, run: str, pair: Pair, blobs: Mapping[str, str]
) -> None:
    """Notes that the user's files are about to become those of the second commit of the pair."""
    record = await note_of(repository, run, pair)
    save(state, _NOTE, {**record, "blobs": dict(blobs)})


def done(state: str) -> None:
    """The merge came to its end, one way or the other."""
    (Path(state) / f"{_NOTE}.json").unlink(missing_ok=True)


def noted(state: str) -> dict[str, Any]:
    """The merge that has not come to its end; empty where there is none."""
    return load(state, _NOTE) or {}


async def put_right(state: str) -> None:
    """Ends a merge whose process is dead: whole, or not at all. The caller holds the lock.

    What the user changed since then stays as it is. Where it cannot be done there is a row that
    says so, and merges go on.
    """
    record = noted(state)
    if not record:
        return
    row = {"agent": str(record.get("run")).removeprefix("hook-")}
    try:
        with scratch_in(state) as scratch:
            append(state, {**row, **await _ended(record, state, scratch)})
    except Exception as error:  # one that is damaged must not stop what comes after it
        append(state, {"event": "not_undone", **row, "reason": reason_of(error)})
    done(state)


async def _ended(record: Mapping[str, Any], state: str, scratch: Path) -> dict[str, Any]:
    undone = await undo(record, _common(state), scratch)
    if undone.whole:
        return {"event": "merged", "blobs": record["blobs"]}
    git = (await find_repository(Path(record["root"]))).git
    kept = Path(state) / "kept" / f"{undone.run.removeprefix('hook-')}.patch"
    kept.parent.mkdir(mode=0o700, exist_ok=True)
    options = ("--binary", "--full-index", "--no-color")
    said = await git.run("diff", *options, str(record["now"]), str(record["merged"]))
    kept.write_bytes(said.stdout)
    paths, left = list(undone.paths[:_MOST]), list(undone.left[:_MOST])
    return {"event": "undone", "paths": paths, "left": left, "kept": str(kept)}


def _common(state: str) -> Path:
    """The git folder that a state folder lies in."""
    return Path(state).resolve().parents[1]
