"""Writes outside of the fork that were refused are told from a check's output, in few words."""

from __future__ import annotations

import pytest

from sef.checks.refused import refused

WRITE = "its output tells of a refused write (read-only file system) outside of the fork: "
ACCESS = "its output tells of refused access (permission denied) outside of the fork: "


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("E   OSError: [Errno 30] Read-only file system: '/home/u/p/a b.py'", WRITE + "/home/u/p/a b.py"),
        ("E   PermissionError: [Errno 13] Permission denied: '/home/u/p/x'", ACCESS + "/home/u/p/x"),
        ("OSError: [Errno 30] Read-only file system: '../user/x'", WRITE + "/scratch/user/x"),
        ("OSError: [Errno 30] Read-only file system: '/scratch/fork/../x'", WRITE + "/scratch/x"),
        ("sh: 1: cannot create /etc/x: Read-only file system", WRITE + "/etc/x"),
        ("touch: cannot touch '/etc/x': Read-only file system", WRITE + "/etc/x"),
        ("Error: EROFS: read-only file system, open '/etc/x'", WRITE + "/etc/x"),
        ("Error: EACCES: permission denied, open '/etc/x'", ACCESS + "/etc/x"),
        ("panic: open /etc/x: read-only file system", WRITE + "/etc/x"),
        ("OSError: [Errno 30] Read-only file system: '/scratch/fork/.git'", ""),
        ("PermissionError: [Errno 13] Permission denied: 'data/x'", ""),
        ("AssertionError: '/etc/x' == '/etc/y'", ""),
        ("Read-only file system", ""),
    ],
)  # fmt: skip
def test_a_refused_write_is_told_with_its_path(line: str, said: str) -> None:
    """In the words of Python, shells, node and go; inside the fork it is an ordinary failure."""
    assert refused(f"one\n{line}\ntwo", ("/scratch/fork", "/dev")) == said


def test_what_is_told_is_bounded_and_has_no_control_codes() -> None:
    """Output is written by the draft: long paths are cut, escapes and markup directions go."""
    line = f"OSError: Read-only file system: '/etc/\x1b[31m{'x' * 900}\u202e'"
    said = refused("y" * 3_000_000 + "\n" + line, ("/scratch/fork",))
    assert said.startswith(WRITE + "/etc/xxx")
    assert len(said) <= 300
    assert said.isprintable()
