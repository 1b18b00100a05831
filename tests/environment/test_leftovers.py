"""Folders that a killed run left are removed, and nothing else is."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from sef.environment.leftovers import make_temporary, remove, remove_leftovers, temporary_of

GONE = "999999 1"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def left(folder: Path, owner: str | None = None) -> Path:
    """A folder as a killed run would have left it."""
    folder.mkdir(parents=True)
    world = os.readlink("/proc/self/ns/pid") if os.path.exists("/proc/self/ns/pid") else "-"
    (folder / "owner").write_text(owner or f"{GONE} {world}\n")
    return folder


def test_what_a_killed_run_left_is_removed(temporary: Path, tmp_path: Path) -> None:
    """Its shadow, and its temporary files, also where a test took rights away."""
    shadow = left(tmp_path / "run" / "shadow-a")
    files = left(temporary / "sef-0123456789")
    (files / "t" / "kept").mkdir(parents=True)
    (files / "t" / "kept" / "x").touch()
    (files / "t" / "kept").chmod(0o555)
    assert remove_leftovers(tmp_path / "run") == 1
    assert not shadow.exists()
    assert not files.exists()


@pytest.mark.parametrize("name", ["sef-important", "sef-0", "sef-01234567890", "sef-GGGGGGGGGG"])
def test_other_names_are_not_ours(name: str, temporary: Path, tmp_path: Path) -> None:
    """Whatever lies in them."""
    theirs = left(temporary / name)
    remove_leftovers(tmp_path)
    assert theirs.is_dir()


def test_a_link_is_not_followed(temporary: Path, tmp_path: Path) -> None:
    """Neither at the folder's place nor at its marker's."""
    theirs = left(tmp_path / "theirs")
    (temporary / "sef-0123456789").symlink_to(theirs)
    marked = temporary / "sef-aaaaaaaaaa"
    marked.mkdir()
    (marked / "owner").symlink_to(theirs / "owner")
    remove_leftovers(tmp_path)
    assert (theirs / "owner").is_file()
    assert marked.is_dir()


def test_a_pipe_in_the_markers_place_holds_nobody_up(temporary: Path, tmp_path: Path) -> None:
    """A draft could put it there."""
    folder = temporary / "sef-0123456789"
    folder.mkdir()
    os.mkfifo(folder / "owner")
    remove_leftovers(tmp_path)
    assert folder.is_dir()


def test_doubt_keeps_the_folder(temporary: Path, tmp_path: Path) -> None:
    """A marker that says nothing, and one from another space of process numbers."""
    unclear = left(temporary / "sef-0123456789", "x")
    foreign = left(temporary / "sef-aaaaaaaaaa", f"{GONE} pid:[1]\n")
    remove_leftovers(tmp_path)
    assert unclear.is_dir()
    assert foreign.is_dir()


def test_only_what_this_process_made_is_undone(temporary: Path, tmp_path: Path) -> None:
    """A place that is taken stays somebody else's."""
    shadow = tmp_path / "shadow-b"
    shadow.mkdir()
    theirs = left(temporary_of(shadow).parent)
    with pytest.raises(OSError, match=r"not empty|exists"):
        make_temporary(shadow)
    remove(shadow)
    assert theirs.is_dir()
    assert not shadow.exists()
    assert sorted(temporary.iterdir()) == [theirs]


def test_a_check_has_its_place_and_leaves_none(temporary: Path, tmp_path: Path) -> None:
    """While its process lives nobody else removes it."""
    shadow = tmp_path / "shadow-c"
    shadow.mkdir()
    make_temporary(shadow)
    assert temporary_of(shadow).is_dir()
    remove_leftovers(tmp_path)
    assert temporary_of(shadow).is_dir()
    remove(shadow)
    assert list(temporary.iterdir()) == []
