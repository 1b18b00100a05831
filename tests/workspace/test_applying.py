"""`--apply` that is killed: the files are as before, or hold all; nobody else's are touched."""

from __future__ import annotations

import asyncio
import fcntl
import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.hooks.cutting import STEPS, files_in, fresh_copy, kill_at

from cli.command import sef
from conftest import git
from sef.applying import put_back
from sef.errors import RepositoryError
from sef.repository import find_repository
from sef.undoing import Undone
from sef.workspace import Workspace

Make = Callable[..., Path]
pytestmark = pytest.mark.slow
FILES = {"a": "1\n", "old/x": "1\n", "run.sh": "#!/bin/sh\n", "mine": "1\n"}


def landed(root: Path) -> None:
    """A run whose work is on its branch, and a user with work of their own."""

    async def work() -> None:
        scratch = root.parent / "scratch"
        scratch.mkdir()
        workspace = Workspace(await find_repository(root), run="r1", scratch=scratch)
        await workspace.open()
        async with workspace.fork(workspace.base) as fork:
            tree = fork.checkout.path
            (tree / "a").write_text("2\n")
            (tree / "old/x").unlink()
            (tree / "run.sh").chmod(0o755)
            (tree / "new/er").mkdir(parents=True)
            (tree / "new/er/b").write_text("2\n")
            patch = await workspace.capture(fork)
        merged = await workspace.merge(patch)
        assert merged is not None
        await workspace.land(merged, "a change\n")

    asyncio.run(work())
    (root / "mine").write_text("not committed\n")


def applied(root: Path, number: int, steps: tuple[str, ...] = STEPS) -> bool:
    """Applies it in a process that is killed before that step; True where it was."""
    child = multiprocessing.get_context("fork").Process(target=_apply, args=(root, number, steps))
    child.start()
    child.join(60)
    assert child.exitcode in (0, -signal.SIGKILL), child.exitcode
    return child.exitcode != 0


def _apply(root: Path, number: int, steps: tuple[str, ...]) -> None:
    async def work() -> None:
        workspace = Workspace(
            await find_repository(root), run="r1", scratch=root.parent / "scratch"
        )
        await workspace.reopen(git(root, "rev-parse", "refs/sef/r1/base").strip())
        kill_at(number, steps)
        await workspace.apply()

    asyncio.run(work())


def ended(root: Path) -> tuple[Undone, ...]:
    async def work() -> tuple[Undone, ...]:
        return await put_back(await find_repository(root))

    return asyncio.run(work())


def half_applied(root: Path) -> None:
    """Killed with some files new, and some as they were."""
    before = files_in(root)
    assert applied(root, 3, ("os.rename",))  # the first is the note's, the second that of `a`
    assert (root / "a").read_text() == "2\n" and files_in(root) != before
    assert (root / "old/x").exists() or not (root / "new/er/b").exists()


def test_killed_at_any_step_the_files_are_as_before_or_hold_all(
    repository: Make, tmp_path: Path
) -> None:
    """Whatever was about to be done, also where the putting back follows another kill."""
    root = repository(FILES)
    landed(root)
    template, before = tmp_path / "template", files_in(root)
    fresh_copy(root, template)
    assert not applied(root, 10**6)
    after, halves = files_in(root), 0
    assert after != before and not (root / "old").exists()
    for number in range(1, 200):
        fresh_copy(template, root)
        killed = applied(root, number)
        halves += files_in(root) not in (before, after)
        told = ended(root)
        found = files_in(root)
        assert found == (after if not killed or (told and told[0].whole) else before), number
        assert not list((root / ".git/sef").glob("applying-*")), number
        if not killed:
            break
    assert halves > 3 and not killed


def test_who_runs_next_is_told_and_may_go_on(repository: Make) -> None:
    """The first command stops and says what it did; the work is on its branch."""
    root = repository(FILES)
    landed(root)
    before = files_in(root)
    half_applied(root)
    said = sef(root, "run", "find committed", "--json")
    assert said.returncode == 2 and files_in(root) == before
    told = json.loads(said.stdout)
    assert "run r1 was killed while it was applied to your files" in told["error"]
    assert "the branch sef/r1" in told["hint"]
    assert "tasks" in json.loads(sef(root, "run", "find committed", "--json").stdout)


def test_clean_puts_back_too_and_names_what_the_user_changed(repository: Make) -> None:
    """What was changed since the kill stays as it is."""
    root = repository(FILES)
    landed(root)
    half_applied(root)
    (root / "a").write_text("mine now\n")
    said = sef(root, "clean").stdout
    assert "files back that run r1 was being applied to. You changed since" in " ".join(
        said.split()
    )
    assert (root / "a").read_text() == "mine now\n" and (root / "old/x").read_text() == "1\n"
    assert not list(root.rglob(".sef-*")) and not (root / "new").exists()


def test_who_still_applies_is_let_be(repository: Make) -> None:
    """A living process holds its note."""
    root = repository(FILES)
    landed(root)
    half_applied(root)
    (note,) = (root / ".git/sef").glob("applying-*.json")
    now = files_in(root)
    with note.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert ended(root) == () and files_in(root) == now
    assert len(ended(root)) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"root": "/nowhere", "now": "x"}'])
def test_a_note_that_nobody_understands_is_named(repository: Make, text: str) -> None:
    """Nothing begins on files that may be half replaced."""
    root = repository(FILES)
    (root / ".git/sef").mkdir()
    note = root / ".git/sef/applying-r1.json"
    note.write_text(text)
    with pytest.raises(RepositoryError, match="cannot be put back") as caught:
        ended(root)
    assert str(note) in str(caught.value.hint) and note.exists()
    assert os.listdir(note.parent) == [note.name]
