"""The tree that Claude Code made for an executor: onto the user's work, captured, removed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sef.errors import GitError
from sef.fork import Fork, discard
from sef.git import Git
from sef.hooks.records import git_folders, is_name
from sef.model import Checkout, Patch
from sef.repository import Repository
from sef.workspace import Workspace


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
    """A private folder beside the records, gone afterwards."""
    Path(state).mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="scratch-", dir=state))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def move(tree: Path, git_dir: Path, commit: str) -> None:
    """Makes the tree that of the commit, before the executor has seen it. Raises GitError."""
    await Git(git_dir=git_dir, work_tree=tree).ask("reset", "--hard", "-q", commit)


async def captured(workspace: Workspace, record: Mapping[str, Any]) -> Patch:
    """What the executor did in its tree, as git sees it with an index of its own."""
    tree, base = Path(record["tree"]), str(record["base"])
    fork = Fork(
        checkout=Checkout(path=tree, commit=base, users=False, files=(), base_files=()),
        git=Git(git_dir=Path(record["git_dir"]), work_tree=tree),
    )
    return await workspace.glance(fork)


async def remove(repository: Repository, record: Mapping[str, Any]) -> None:
    """Removes tree, branch and what held the snapshot."""
    git, agent = repository.git, record["agent"]
    if record.get("tree"):
        discard(Path(record["tree"]), Path(record["git_dir"]))
        with suppress(GitError):  # the executor may have removed its branch itself
            await git.ask("branch", "-D", f"worktree-agent-{agent}")
    await git.run("update-ref", "-d", f"refs/sef/hook-{agent}/base")
