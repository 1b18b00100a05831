"""A merge in a process of its own that is killed before its n-th step, whatever that step is."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import signal
import stat
import sys
from pathlib import Path

from sef.build import Judgement
from sef.hooks.merging import Merged, merge
from sef.hooks.records import load, state_folder
from sef.hooks.trees import captured, scratch_in
from sef.hooks.undoing import noted
from sef.model import Kind, Patch, Verdict
from sef.repository import find_repository
from sef.workspace import Workspace

STEPS = ("subprocess.Popen", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod")
"""What Python tells before it does it: each program, and each change of a folder."""


def merge_killed_at(project: Path, number: int, steps: tuple[str, ...] = STEPS) -> bool:
    """Merges what the executor left; killed before that step, counted from the merge's beginning.

    False where it has fewer steps and came to its end.
    """
    child = multiprocessing.get_context("fork").Process(
        target=_child, args=(project, number, steps)
    )
    child.start()
    child.join(60)
    assert child.exitcode in (0, -signal.SIGKILL), child.exitcode
    return child.exitcode != 0


def _child(project: Path, number: int, steps: tuple[str, ...]) -> None:
    asyncio.run(_merge(project, number, steps))


async def merge_cancelled(project: Path) -> Merged:
    """Merges likewise, and is cancelled, as at a deadline, as soon as files may move."""
    state = str(project / ".git/sef/hooks")
    merging = asyncio.ensure_future(_merge(project, 0, ()))
    while not merging.done() and not noted(state):
        await asyncio.sleep(0)
    merging.cancel()
    return await merging


async def _merge(project: Path, number: int, steps: tuple[str, ...]) -> Merged:
    repository = await find_repository(project)
    state = state_folder(str(repository.common_dir))
    record = load(state, "agents/a1")
    assert record is not None
    with scratch_in(state) as scratch:
        workspace = Workspace(repository, run="hook-a1", scratch=scratch)
        await workspace.reopen(str(record["base"]))
        patch = await captured(workspace, record)
        if steps:
            kill_at(number, steps)
        found = await merge(repository, workspace, patch, _accepts, state, branch="main")
        assert not found.problem, found.problem
        return found


async def _accepts(base: str, head: str) -> Judgement:
    return Judgement(
        verdict=Verdict(accepted=True, reason="so it is said"),
        patch=Patch(base=base, commit=head),
        head="",
        task="",
        source="given",
        kind=Kind.IMPLEMENT,
        policy="standard",
        verifiers=(),
    )


def kill_at(number: int, steps: tuple[str, ...] = STEPS) -> None:
    """From now on this process is killed before its n-th step of these."""
    left = number

    def step(event: str, _: object) -> None:
        nonlocal left
        if event not in steps:
            return
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(step)


def files_in(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of the user's, its kind and whether it can be run, and its content."""
    found = {}
    for top, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if one not in (".git", "worktrees")]
        links = [one for one in folders if (Path(top) / one).is_symlink()]
        for name in (*names, *links):
            path = Path(top) / name
            mode = path.lstat().st_mode
            kind = stat.S_IFMT(mode) | (mode & 0o100)
            said = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
            found[str(path.relative_to(folder))] = (kind, said)
    return found


def fresh_copy(template: Path, project: Path) -> None:
    """The project as it was, at its own place: git's records name it."""
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(template, project, symlinks=True)
