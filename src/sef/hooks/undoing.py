"""A merge that was cut off: before the first file moves it is noted what shall be done, and who
comes next puts the user's files back, unless all of it was done.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sef.hooks.records import append, load, save
from sef.hooks.trees import scratch_in
from sef.listing import changes_of, checked_out
from sef.model import Change
from sef.reasons import reason_of
from sef.repository import Repository, find_repository
from sef.swap import Swap, missing_folders

Pair = tuple[str, str]
"""The user's files now, and with a draft merged in, as commits."""
_NOTE: Final = "merging"


async def note(
    repository: Repository, state: str, run: str, pair: Pair, blobs: Mapping[str, str]
) -> None:
    """Notes that the user's files are about to become those of the second commit of the pair."""
    root, (now, merged) = repository.root, pair
    # git forgets commits that nothing names, and the first is a parent of the second.
    await repository.git.ask("update-ref", f"refs/sef/{run}/merging", merged)
    made = {str(one) for path in blobs for one in missing_folders(root / path)}
    record = {"root": str(root), "run": run, "now": now, "merged": merged}
    save(state, _NOTE, {**record, "made": sorted(made, reverse=True), "blobs": dict(blobs)})


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
    repository = await find_repository(Path(record["root"]))
    git, now, merged = repository.git, str(record["now"]), str(record["merged"])
    changes = await changes_of(git, now, merged)

    async def files(commit: str, absent: str) -> Path:
        paths = (one.path for one in changes if one.status != absent)
        return await checked_out(git, commit, paths, scratch / commit)

    swap = Swap(
        root=repository.root,
        changes=changes,
        new=await files(merged, "D"),
        former=await files(now, "A"),
    )
    if swap.is_whole():
        return {"event": "merged", "blobs": record["blobs"]}
    left = swap.undo([Path(one) for one in record["made"]])
    kept = Path(state) / "kept" / f"{str(record['run']).removeprefix('hook-')}.patch"
    kept.parent.mkdir(mode=0o700, exist_ok=True)
    said = await git.run("diff", "--binary", "--full-index", "--no-color", now, merged)
    kept.write_bytes(said.stdout)
    return {"event": "undone", "paths": _named(changes), "left": left[:50], "kept": str(kept)}


def _named(changes: tuple[Change, ...]) -> list[str]:
    return [one.path for one in changes[:50]]
