"""What hides a shell's doings from git is looked at too."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.hooks.events import git
from tests.hooks.hosting import CALC, RIGHT, Host

pytestmark = pytest.mark.slow
SETTINGS = ".claude/settings.local.json"


def add(file: Path, text: str) -> None:
    with file.open("a") as end:
        end.write(text)


def unseen(flag: str) -> Callable[[Path], None]:
    """A file of the user's is changed after git was told not to look at it."""

    def change(project: Path) -> None:
        git(project, "update-index", flag, "notes.md")
        (project / "notes.md").write_text("by a shell\n")

    return change


def ignored(project: Path) -> None:
    add(project / ".git/info/exclude", "evil.py\n")
    (project / "evil.py").write_text("")


def dated_back(project: Path) -> None:
    """As long as it was, and of the same time."""
    was = (project / "notes.md").stat()
    (project / "notes.md").write_text("two\n")
    os.utime(project / "notes.md", ns=(was.st_atime_ns, was.st_mtime_ns))


HIDES: dict[str, tuple[Callable[[Path], object], str]] = {
    "assumed": (unseen("--assume-unchanged"), "the index"),
    "skipped": (unseen("--skip-worktree"), "the index"),
    "ignored": (ignored, "what git ignores"),
    "dated_back": (dated_back, "notes.md"),
    "hook": (lambda one: (one / ".git/hooks/pre-commit").chmod(0o755), "git's hooks"),
    "attributes": (lambda one: add(one / ".git/info/attributes", "* x"), "git's configuration"),
    "own_config": (lambda one: add(one / ".git/config.worktree", "[a]"), "git's configuration"),
    "alternates": (
        lambda one: add(one / ".git/objects/info/alternates", "/tmp\n"),
        "git's configuration",
    ),
    "settings": (lambda one: (one / SETTINGS).write_text('{"hooks": {}}'), "settings of Claude"),
    "no_settings": (lambda one: (one / SETTINGS).write_text("{"), "settings of Claude"),
}


def drafted(host: Host) -> Path:
    """The tree of a right draft, beside settings that git ignores and a hook that is none."""
    project = host.project
    (project / ".git/info").mkdir(exist_ok=True)
    (project / ".git/hooks").mkdir(exist_ok=True)
    add(project / ".git/info/exclude", f"{SETTINGS}\n")
    (project / ".git/hooks/pre-commit").write_text("#!/bin/sh\n")
    (project / ".git/hooks/pre-commit").chmod(0o644)
    (project / ".claude").mkdir(exist_ok=True)
    (project / SETTINGS).write_text('{"permissions": {"allow": []}}')
    tree = host.start()
    (tree / "calc.py").write_text(RIGHT)
    host.shell(used=True)
    return tree


@pytest.mark.parametrize("what", HIDES)
def test_what_is_hidden_from_git_is_seen(tmp_path: Path, what: str) -> None:
    """The draft is right, and refused."""
    host = Host(tmp_path)
    drafted(host)
    change, named = HIDES[what]
    time.sleep(1.1)  # git's index tells times of change by the second
    change(host.project)
    said = host.end()
    assert "outside its tree there changed" in said and named in said
    assert (host.project / "calc.py").read_text() == CALC
    assert (host.state() / "kept/a1.patch").exists()


def test_the_user_may_grant_what_the_executor_asks_for(tmp_path: Path) -> None:
    """Claude Code writes that into its settings while the executor waits; and git is looked at."""
    host = Host(tmp_path)
    drafted(host)
    granted = {"permissions": {"allow": ["Bash(python -m pytest:*)"]}}
    (host.project / SETTINGS).write_text(json.dumps(granted, indent=2))
    git(host.project, "status")
    assert host.end().startswith("SEF ACCEPTED")


@pytest.mark.parametrize("place", ["config", "config.worktree", "include"])
def test_no_program_runs_that_the_executor_told_git_of(tmp_path: Path, place: str) -> None:
    """A filter in the repository's configuration, its tree's own, or a file that one includes."""
    host = Host(tmp_path)
    ran, program = tmp_path / "ran", tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    program.chmod(0o755)
    git(host.project, "config", "extensions.worktreeConfig", "true")
    git(host.project, "config", "include.path", str(tmp_path / "more"))
    tree = drafted(host)
    git_dir = host.project / ".git"
    files = {
        "config": git_dir / "config",
        "config.worktree": git_dir / "worktrees/agent-a1/config.worktree",
        "include": tmp_path / "more",
    }
    add(files[place], f'[filter "x"]\n\tclean = {program}\n\tsmudge = {program}\n')
    (tree / ".gitattributes").write_text("* filter=x\n")
    assert "other programs" in host.end()
    assert not ran.exists() and (host.project / "calc.py").read_text() == CALC
