"""An accepted draft goes into the user's files: three ways, all of it or nothing, one at a time."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sef.build import Judgement
from sef.errors import ApplyConflict, RepositoryError
from sef.hooks.fence import blobs_of, branch_of
from sef.hooks.records import LONGEST_ROW, append, log
from sef.hooks.undoing import done, note, put_right
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
    repository: Repository,
    workspace: Workspace,
    patch: Patch,
    judge: Judging,
    state: str,
    *,
    branch: str | None = None,
) -> Merged:
    """Merges an accepted draft into the user's files; index, HEAD and branches stay.

    Where the files are no longer those that the draft began from, what is merged is judged too.
    `branch` is where the user was then; None is anywhere.
    """
    workspace.base, workspace.tip = patch.base, patch.commit
    judged = await workspace.tree_of(patch.commit)
    evidence: tuple[Evidence, ...] = ()
    last = ""
    async with alone(state):
        await put_right(state)
        for _ in range(_TIMES):
            if problem := await unfit(repository, branch):
                return Merged(problem=problem, conflict=True)
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
            changes = (await workspace.patch(*pair)).changes
            blobs = await blobs_of(repository, pair[1], (one.path for one in changes))
            await note(repository, state, workspace.run, pair, blobs)
            try:
                await _to_the_end(workspace.swap(*pair))
            except ApplyConflict as conflict:
                done(state)
                last = str(conflict)
                continue
            _tell(state, workspace.run, blobs)
            return Merged(blobs=blobs, evidence=evidence)
    return Merged(problem=f"it could not be merged: {last}", conflict=True, evidence=evidence)


async def unfit(repository: Repository, branch: str | None) -> str:
    """Why the user's tree is none to merge into now; empty where it is one."""
    try:
        await repository.check()
    except RepositoryError as error:
        return str(error)
    now = await branch_of(repository)
    if branch is not None and now != branch:
        return f"the user went from {branch or 'no branch'} to {now or 'none'}"
    return ""


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Once begun it is not interrupted: no deadline is worth half a merge."""
    begun = asyncio.ensure_future(work)
    while not begun.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([begun])
    begun.result()


def _tell(state: str, run: str, blobs: Mapping[str, str]) -> None:
    """Writes down that it is merged; where that breaks it is merged all the same."""
    try:
        for some in _parts(blobs):
            append(state, {"event": "merged", "agent": run.removeprefix("hook-"), "blobs": some})
    except OSError as error:
        log(f"no row tells of a merge of {len(blobs)} files: {error}")
    done(state)


def _parts(blobs: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """As many rows as it takes: a longer one would lose its text."""
    part: dict[str, str] = {}
    size = 0
    for path, name in blobs.items():
        length = len(json.dumps([path, name]))
        if part and size + length > LONGEST_ROW // 2:
            yield part
            part, size = {}, 0
        part[path], size = name, size + length
    yield part


def _lock(state: str) -> int:
    Path(state).mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(Path(state) / "merge.lock", os.O_RDWR | os.O_CREAT, 0o600)


@asynccontextmanager
async def alone(state: str, *, patient: bool = True) -> AsyncIterator[bool]:
    """One at a time in a repository; the lock goes with the process that holds it.

    False for the impatient where somebody else holds it.
    """
    mine = False
    file = _lock(state)
    try:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                mine = True
                break
            except BlockingIOError:
                if not patient:
                    break
                await asyncio.sleep(0.05)
        yield mine
    finally:
        os.close(file)
