"""An accepted draft goes into the user's files: three ways, all of it or nothing, one at a time."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sef.build import Judgement
from sef.errors import ApplyConflict
from sef.hooks.fence import blob
from sef.hooks.records import append
from sef.model import Evidence, Patch
from sef.repository import Repository
from sef.workspace import Workspace

Judging = Callable[[str, str], Awaitable[Judgement]]
"""Judges a commit against another."""
_TIMES: Final = 3
"""Merges that are tried while the user's files keep moving."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What became of a merge."""

    problem: str = ""
    """Why nothing was merged; empty where it was."""
    conflict: bool = False
    """True where the draft is not to blame."""
    blobs: Mapping[str, str] = field(default_factory=dict)
    """What was written: git's name of the content at each path."""
    evidence: tuple[Evidence, ...] = ()
    """Of the merged tree, where it had to be judged."""


async def merge(
    repository: Repository, workspace: Workspace, patch: Patch, judge: Judging, state: str
) -> Merged:
    """Merges an accepted draft into the user's files; index, HEAD and branches stay.

    Where the files are no longer those that the draft began from, what is merged is judged too.
    """
    workspace.base, workspace.tip = patch.base, patch.commit
    judged = await workspace.tree_of(patch.commit)
    evidence: tuple[Evidence, ...] = ()
    last = ""
    async with _alone(state):
        for _ in range(_TIMES):
            pair = await workspace.merged_now()
            if pair is None:
                problem = "it was right, and conflicts with what the user changed meanwhile"
                return Merged(problem=problem, conflict=True)
            tree = await workspace.tree_of(pair[1])
            if tree != judged:
                found = await judge(*pair)
                evidence = found.verdict.evidence
                if not found.verdict.accepted:
                    problem = f"merged with what the user changed: {found.verdict.reason}"
                    return Merged(problem=problem, conflict=True, evidence=evidence)
                judged = tree
            blobs = {
                one.path: await blob(repository, pair[1], one.path)
                for one in (await workspace.patch(*pair)).changes
            }
            try:
                await workspace.swap(*pair)
            except ApplyConflict as conflict:
                last = str(conflict)
                continue
            append(state, {"event": "merged", "blobs": blobs})
            return Merged(blobs=blobs, evidence=evidence)
    return Merged(problem=f"it could not be merged: {last}", conflict=True, evidence=evidence)


@asynccontextmanager
async def _alone(state: str) -> AsyncIterator[None]:
    """One at a time in a repository; the lock goes with the process that holds it."""
    file = os.open(Path(state) / "merge.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.05)
        yield
    finally:
        os.close(file)
