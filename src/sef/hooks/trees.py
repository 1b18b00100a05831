"""The tree that Claude Code made for an executor: onto the user's work, captured, removed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sef.errors import GitError
from sef.fork import Fork, discard
from sef.git import Git
from sef.hooks.hiding import show
from sef.hooks.records import append, git_folders, is_name
from sef.model import Checkout, Patch
from sef.owner import Owner, this_process
from sef.repository import Repository
from sef.workspace import Workspace

_FETCHES: Final = re.compile(
    r"(extensions\.partialclone|remote\..*\.(promisor|uploadpack))\n"
).match
_PATIENCE_S: Final = 1.0
"""How long a tree is removed again that a process of the executor still writes to."""
_TRIES: Final = 10


def hosted(event: Mapping[str, Any]) -> tuple[Path, Path] | None:
    """Tree and git folder of the executor that an event is about; None where it has none.

    Only what Claude Code makes is taken: `.claude/worktrees/agent-ID` with a record in git.
    """
    agent, cwd = event.get("agent_id"), Path(str(event.get("cwd")))
    if not is_name(agent) or cwd.parts[-3:] != (".claude", "worktrees", f"agent-{agent}"):
        return None
    found = git_folders(str(cwd))
    if found is None or found[0] != str(cwd) or Path(found[1]).parent.name != "worktrees":
        return None
    return cwd, Path(found[1])


@contextmanager
def scratch_in(state: str) -> Iterator[Path]:
    """A private folder beside the records, gone afterwards; its name tells whose it is."""
    Path(state).mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = this_process()
    folder = Path(tempfile.mkdtemp(prefix=f"scratch-{owner.pid}-{owner.began}-", dir=state))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def move(tree: Path, git_dir: Path, commit: str) -> None:
    """Makes the tree that of the commit, before the executor has seen it. Raises GitError."""
    await Git(git_dir=git_dir, work_tree=tree).ask("reset", "--hard", "-q", commit)


async def captured(workspace: Workspace, record: Mapping[str, Any]) -> Patch:
    """What the executor did in its tree, as git sees it with an index of its own.

    Raises GitError, also where git would run other programs there than at its start.
    """
    tree, base = Path(record["tree"]), str(record["base"])
    git = Git(git_dir=Path(record["git_dir"]), work_tree=tree)
    if await programs(git) != record["programs"]:
        raise GitError("git was told meanwhile to run other programs on files (filters)")
    fork = Fork(
        checkout=Checkout(path=tree, commit=base, users=False, files=(), base_files=()), git=git
    )
    return await workspace.glance(fork)


async def programs(git: Git) -> str:
    """What git is told to run on files, or to fetch by, in a tree; from all its configuration.

    A shell that is kept in its tree can tell git so, and the hook is kept nowhere.
    """
    keys = (await git.ask("config", "--includes", "--list", "-z")).split("\0")
    told = [one for one in keys if one.startswith("filter.") or _FETCHES(one)]
    return hashlib.sha256("\0".join(told).encode(errors="replace")).hexdigest()


def clear(state: str) -> None:
    """Removes the private folders of processes that were killed."""
    for folder in Path(state).glob("scratch-*-*-*"):
        _, pid, began, _ = folder.name.split("-", 3)
        if pid.isdecimal() and not Owner(pid=int(pid), began=began).is_alive():
            shutil.rmtree(folder, ignore_errors=True)


async def forget(repository: Repository, state: str, record: Mapping[str, Any]) -> None:
    """Nothing of an executor stays: tree, branch, snapshot, record, claim.

    A tree that is written to again while it goes is told in a row; who starts next removes it.
    """
    agent = str(record["agent"])
    await remove(repository, record)
    (Path(state) / "agents" / f"{agent}.json").unlink(missing_ok=True)
    (Path(state) / "claims" / f"stop-{agent}").unlink(missing_ok=True)
    show(repository.common_dir, state)
    if record.get("tree") and not await asyncio.to_thread(_gone, Path(record["tree"])):
        append(state, {"event": "left", "agent": agent, "tree": str(record["tree"])})


def _gone(tree: Path) -> bool:
    for _ in range(_TRIES):
        if not os.path.lexists(tree):
            return True
        if tree.is_symlink():  # the executor moved it away; nothing is removed through a link
            tree.unlink()
            continue
        time.sleep(_PATIENCE_S / _TRIES)
        shutil.rmtree(tree, ignore_errors=True)
    return not os.path.lexists(tree)


async def remove(repository: Repository, record: Mapping[str, Any]) -> None:
    """Removes tree, branch and what held the snapshot."""
    git, agent = repository.git, record["agent"]
    if record.get("tree"):
        discard(Path(record["tree"]), Path(record["git_dir"]))
        await _without(git, f"worktree-agent-{agent}")
    for held in ("base", "merging"):
        await git.run("update-ref", "-d", f"refs/sef/hook-{agent}/{held}")


async def _without(git: Git, branch: str) -> None:
    """Removes a branch, unless it is gone or somebody stands on it.

    To know that, git reads every tree, and gives up where another is just being made.
    """
    for _ in range(_TRIES):
        finished = await git.run("branch", "-D", branch)
        if finished.exit_code == 0 or b"/worktrees/" not in finished.stderr:
            return
        await asyncio.sleep(_PATIENCE_S / _TRIES)
