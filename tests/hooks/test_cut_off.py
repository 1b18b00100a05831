"""A merge that is killed at any of its steps: the user's files are as before, or hold all of it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.hooks.cutting import files_in, fresh_copy, merge_cancelled, merge_killed_at
from tests.hooks.events import git, told
from tests.hooks.hosting import CALC, RIGHT, Host

from sef.hooks.closing import catch_up
from sef.hooks.records import load, rows, save
from sef.hooks.trees import clear, scratch_in

pytestmark = pytest.mark.slow

STRANGE = 'a "strange"\tname\n\u00e9.txt'
LOCKS = ("*.lock", "refs/**/*.lock", "worktrees/**/*.lock")
OWN_LOCKS = {"merge.lock", "exclude.lock"}


def died(host: Host, agent: str = "a1") -> None:
    """The session of that executor is dead from now on."""
    ended = subprocess.Popen((sys.executable, "-c", ""))
    ended.wait()
    record = load(str(host.state()), f"agents/{agent}")
    assert record is not None
    save(str(host.state()), f"agents/{agent}", {**record, "pid": ended.pid, "began": "1"})


def next_session(host: Host) -> None:
    """What the start of the next session does."""
    asyncio.run(catch_up({"session_id": "s-9", "cwd": str(host.project)}))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """An executor's work of every kind of change, and the user's own beside it."""
    host = Host(tmp_path)
    project = host.project
    (project / "gone.txt").write_text("gone\n")
    (project / "tool.sh").write_text("#!/bin/sh\n")
    (project / "link").symlink_to("calc.py")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "more")
    (project / "calc.py").write_text(CALC + "# mine\n")
    git(project, "add", "calc.py")
    (project / "untracked.txt").write_bytes(b"mine\r\n")
    tree = host.start()
    (tree / "calc.py").write_text(RIGHT + "# mine\n")
    (tree / "gone.txt").unlink()
    (tree / "tool.sh").chmod(0o755)
    (tree / "link").unlink()
    (tree / "link").symlink_to("notes.md")
    (tree / "new/deep").mkdir(parents=True)
    (tree / "new/deep/added.txt").write_text("added\n")
    (tree / STRANGE).write_text("strange\n")
    # Meanwhile, so that the merged tree is judged too.
    (project / "calc.py").write_text(CALC.replace("return 2", "return 1 + 1") + "# mine\n")
    died(host)
    return host


def test_killed_at_any_step_the_files_are_as_before_or_hold_all(host: Host, tmp_path: Path) -> None:
    """The next session ends it; no lock stays, and the next merge goes through."""
    template, project = tmp_path / "template", host.project
    fresh_copy(project, template)
    before, git_before = files_in(project), host.untouched()
    assert not merge_killed_at(project, 10_000)
    whole = files_in(project)
    assert {one for one in before | whole if before.get(one) != whole.get(one)} == {
        "calc.py", "gone.txt", "tool.sh", "link", "new/deep/added.txt", STRANGE,
    }  # fmt: skip
    ends: list[str] = []
    for number in range(1, 200):
        fresh_copy(template, project)
        if not merge_killed_at(project, number):
            break
        half = files_in(project)
        next_session(host)
        found = files_in(project)
        assert found in (before, whole), number
        assert (project / "new").exists() == (found == whole), number
        ends.append("whole" if found == whole else "undone" if half != found else "before")
        left = host.untouched()
        assert (left[0], left[1], left[3]) == (git_before[0], git_before[1], git_before[3])
        assert git(project, "branch", "--list").split() == ["*", "main"]
        assert git(project, "for-each-ref", "refs/sef") == ""
        assert not [one for lock in LOCKS for one in (project / ".git").glob(lock)], number
        names = {one.name for one in host.state().iterdir()}
        assert not {one for one in names if one.startswith("scratch")} | names & {"merging.json"}
        undone = [row for row in rows(str(host.state())) if row["event"] == "undone"]
        assert len(undone) == ("undone" in host.events())
        if undone:
            git(project, "apply", "--check", str(undone[0]["kept"]))
    # Renames of six files, at the least, are moments in which half of it is there.
    assert ends.count("undone") >= 6 and "before" in ends and "whole" in ends, ends
    fresh_copy(template, project)
    assert merge_killed_at(project, ends.index("undone") + 4)
    assert not merge_killed_at(project, 10_000)
    assert files_in(project) == whole


def half(host: Host, tmp_path: Path) -> dict[str, tuple[int, bytes]]:
    """The user's files before; now some of them have moved, and some have not."""
    template = tmp_path / "template"
    fresh_copy(host.project, template)
    before = files_in(host.project)
    for number in range(1, 20):
        fresh_copy(template, host.project)
        assert merge_killed_at(host.project, number, ("os.rename",))
        now = files_in(host.project)
        if now["calc.py"] != before["calc.py"] and now["tool.sh"] == before["tool.sh"]:
            return before
    raise AssertionError("there is no half")


def test_killed_while_it_is_put_right_it_is_put_right_again(host: Host, tmp_path: Path) -> None:
    """Who comes first may be killed as well."""
    before = half(host, tmp_path)
    once = tmp_path / "half"
    fresh_copy(host.project, once)
    moments = 0
    for number in range(1, 60, 6):
        fresh_copy(once, host.project)
        assert merge_killed_at(host.project, number)
        moments += (host.state() / "merging.json").exists() and "undone" not in host.events()
        next_session(host)
        assert files_in(host.project) == before, number
    assert moments >= 3


def test_a_deadline_in_the_middle_of_a_merge_waits_for_its_end(host: Host) -> None:
    """All of it is there, and is told; of many files each is in a row, none of which lost its text."""
    many = host.project / ".claude/worktrees/agent-a1/many"
    many.mkdir()
    for number in range(300):
        (many / f"{number}.txt").write_text(f"{number}\n")
    found = asyncio.run(merge_cancelled(host.project))
    assert len(found.blobs) == 306
    assert all((host.project / f"many/{number}.txt").exists() for number in range(300))
    assert "a + b" in (host.project / "calc.py").read_text()
    told = [row["blobs"] for row in rows(str(host.state())) if row["event"] == "merged"]
    assert {path: name for part in told for path, name in part.items()} == dict(found.blobs)
    assert not (host.state() / "merging.json").exists()


def test_what_the_user_wrote_over_half_a_merge_stays(host: Host, tmp_path: Path) -> None:
    """A file that was merged and edited since is the user's; the others are put back."""
    before = half(host, tmp_path)
    (host.project / "calc.py").write_text("MINE = 1\n")
    next_session(host)
    found = files_in(host.project)
    assert found.pop("calc.py")[1] == b"MINE = 1\n"
    before.pop("calc.py")
    assert found == before
    undone = [row for row in rows(str(host.state())) if row["event"] == "undone"]
    assert [row["left"] for row in undone] == [["calc.py"]]


def test_the_next_executor_does_not_begin_from_half_a_merge(host: Host, tmp_path: Path) -> None:
    """Where the session lives on and only a hook was killed, its start puts the files back."""
    before = half(host, tmp_path)
    git(host.project, "worktree", "prune")
    tree = host.project / ".claude/worktrees/agent-a2"
    git(host.project, "worktree", "add", "-q", "-b", "worktree-agent-a2", str(tree))
    event = {"hook_event_name": "SubagentStart", "session_id": "s-1", "cwd": str(tree)}
    code, said = told({**event, "agent_id": "a2", "agent_type": "sef-implement"})
    assert code == 0 and said is not None
    assert files_in(host.project) == before
    assert (tree / "calc.py").read_bytes() == before["calc.py"][1]


def test_a_note_that_nobody_can_follow_blocks_nothing(host: Host) -> None:
    """Commits that are gone, a tree that is gone: a row says so, and merges go on."""
    note = {"root": str(host.project), "run": "hook-a0", "now": "0" * 40, "merged": "1" * 40}
    for wrong in (note, {**note, "root": "/nowhere"}, {"run": "x"}):
        save(str(host.state()), "merging", wrong)
        assert not merge_killed_at(host.project, 10_000)
        fresh = host.events().count("not_undone")
        assert fresh and not (host.state() / "merging.json").exists()
        assert "a + b" in (host.project / "calc.py").read_text()
    assert host.events().count("not_undone") == 3


def test_private_folders_of_the_dead_go(tmp_path: Path) -> None:
    """Those of the living stay."""
    with scratch_in(str(tmp_path)) as mine:
        dead = tmp_path / "scratch-999999999-1-abc"
        dead.mkdir()
        (tmp_path / "scratch-old").mkdir()
        clear(str(tmp_path))
        assert mine.exists() and not dead.exists()
    assert not mine.exists()


def test_a_session_that_lives_keeps_its_executors(host: Host) -> None:
    """Only what is dead is collected."""
    record = load(str(host.state()), "agents/a1")
    assert record is not None
    stat = Path("/proc/self/stat")
    if not stat.exists():
        pytest.skip("needs /proc")
    began = stat.read_text().rsplit(")", 1)[1].split()[19]
    save(str(host.state()), "agents/a1", {**record, "pid": os.getpid(), "began": began})
    next_session(host)
    assert (host.project / ".claude/worktrees/agent-a1").exists()
    assert json.dumps("collected") not in json.dumps(host.events())
