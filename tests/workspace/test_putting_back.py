"""Who puts back a killed `--apply` touches nobody else's files, leaves nothing, never hangs."""

from __future__ import annotations

import asyncio
import fcntl
import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.hooks.cutting import files_in, kill_at
from tests.workspace.test_applying import FILES, ended, half_applied, landed

from cli.command import sef
from conftest import git
from sef.applying import being_applied, put_back
from sef.errors import GitError, RepositoryError
from sef.repository import find_repository

Make = Callable[..., Path]
pytestmark = pytest.mark.slow


def _killed_at(root: Path, number: int) -> None:
    async def work() -> None:
        repository = await find_repository(root)
        kill_at(number)
        await put_back(repository)

    asyncio.run(work())


def test_the_putting_back_may_be_killed_too(repository: Make) -> None:
    """At each of its steps: who comes next ends it, and no copies stay in git's folder."""
    root = repository(FILES)
    landed(root)
    before = files_in(root)
    half_applied(root)
    process = multiprocessing.get_context("fork").Process
    codes: list[int | None] = []
    while 0 not in codes and len(codes) < 200:
        child = process(target=_killed_at, args=(root, len(codes) + 1))
        child.start()
        child.join(60)
        codes.append(child.exitcode)
    assert codes.count(0) == 1 and len(codes) > 5
    ended(root)
    assert files_in(root) == before
    assert os.listdir(root / ".git/sef") == []


def test_a_copy_of_the_repository_leaves_the_original_alone(
    repository: Make, tmp_path: Path
) -> None:
    """Its note names the original; what is half replaced in the copy is told."""
    root = repository(FILES)
    landed(root)
    half_applied(root)
    copy, half = tmp_path / "copy", files_in(root)
    shutil.copytree(root, copy, symlinks=True)
    said = sef(copy, "clean")
    assert said.returncode == 2 and "not of this repository" in " ".join(said.stderr.split())
    assert files_in(root) == half == files_in(copy)
    assert sef(root, "clean").returncode == 0 and files_in(root) != half


def test_a_linked_tree_is_put_back_from_the_main_one(repository: Make, tmp_path: Path) -> None:
    """Where it is gone that is said."""
    root, linked = repository(FILES), tmp_path / "linked"
    git(root, "worktree", "add", "-q", "-b", "w", str(linked))
    landed(linked)
    before = files_in(linked)
    half_applied(linked)
    note = next((root / ".git/sef").glob("applying-*.json"))
    text = note.read_text()
    assert sef(root, "clean").returncode == 0 and files_in(linked) == before
    shutil.rmtree(linked)
    note.write_text(text)
    said = " ".join(sef(root, "clean").stderr.split())
    assert "where it was applied, is gone or was moved" in said and note.name in said


def test_a_file_or_a_link_in_the_place_of_a_folder_stays(repository: Make, tmp_path: Path) -> None:
    """The user put it there; nothing is written through a link."""
    root = repository(FILES)
    landed(root)
    half_applied(root)
    shutil.rmtree(root / "old")
    (root / "old").symlink_to(tmp_path)
    elsewhere = os.listdir(tmp_path)
    said = sef(root, "clean")
    assert said.returncode == 0 and "old/x" in said.stdout
    assert (root / "a").read_text() == "1\n" and os.listdir(tmp_path) == elsewhere
    assert ended(root) == () and (root / "old").is_symlink()


@pytest.mark.parametrize("what", ["a pipe", "a folder", "deep", "no text"])
def test_what_is_no_note_stops_nothing_for_ever(repository: Make, what: str) -> None:
    """It is named, and the command ends."""
    root = repository(FILES)
    note = root / ".git/sef/applying-r1.json"
    note.parent.mkdir()
    if what == "a pipe":
        os.mkfifo(note)
    elif what == "a folder":
        note.mkdir()
    else:
        note.write_bytes(b"[" * 200_000 if what == "deep" else bytes(range(256)))
    with pytest.raises((RepositoryError, IsADirectoryError), match=r"applying-r1|cannot be put"):
        ended(root)
    assert sef(root, "clean").returncode == 2


def test_what_broke_before_anything_moved_leaves_no_note(repository: Make) -> None:
    """git failed: the files that the user then takes from the branch are theirs."""
    root = repository(FILES)
    landed(root)

    async def work() -> None:
        found = await find_repository(root)
        head = git(root, "rev-parse", "HEAD").strip()
        async with being_applied(found, "r1", (head, git(root, "rev-parse", "sef/r1").strip())):
            raise GitError("git failed")

    with pytest.raises(GitError):
        asyncio.run(work())
    assert not list((root / ".git/sef").glob("applying-*"))


def test_who_applies_right_now_is_waited_for(repository: Make) -> None:
    """Nothing begins from files that another process is just replacing, or putting back."""
    root = repository(FILES)
    landed(root)
    half_applied(root)
    (note,) = (root / ".git/sef").glob("applying-*.json")
    with note.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        def end() -> None:
            note.unlink()
            file.close()

        timer = threading.Timer(0.5, end)
        timer.start()
        assert ended(root) == () and not note.exists()
        timer.join()
