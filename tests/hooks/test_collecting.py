"""What a killed session left is collected once, whatever its records and transcripts hold."""

from __future__ import annotations

import asyncio
import fcntl
import json
import multiprocessing
import os
from contextlib import closing
from pathlib import Path

import pytest
from tests.hooks.hosting import Host

from sef.events import Fact, RunFinished, RunStarted
from sef.hooks.closing import catch_up
from sef.hooks.records import load, save
from sef.hooks.sums import of_session
from sef.journal import Journal

pytestmark = pytest.mark.slow


def dead(host: Host, agent: str = "a1", **other: object) -> None:
    """Its Claude Code was killed, and its record holds that too."""
    record = load(str(host.state()), f"agents/{agent}")
    assert record is not None
    save(str(host.state()), f"agents/{agent}", {**record, "pid": 2**30, "began": "1", **other})


def next_session(project: Path) -> None:
    asyncio.run(catch_up({"session_id": "s-9", "cwd": str(project)}))


def facts(host: Host, agent: str = "a1") -> list[Fact]:
    with closing(Journal(host.project / ".git/sef")) as journal:
        return [one.fact for one in journal.recorded(f"claude-{agent}")]


def test_sessions_that_begin_at_once_collect_it_once(tmp_path: Path) -> None:
    """One row, one run: a second would count as a second failure."""
    host = Host(tmp_path)
    host.start()
    dead(host)
    process = multiprocessing.get_context("fork").Process
    children = [process(target=next_session, args=(host.project,)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 4
    assert host.events().count("collected") == 1
    assert [type(one) for one in facts(host)].count(RunFinished) == 1
    sums = of_session(str(host.state()), "s-1").told()
    assert sums["executors"]["sef-implement"]["failed"] == 1


def test_a_hook_that_outlives_its_session_settles_it(tmp_path: Path) -> None:
    """What it judges is not taken from under it; without it the next session does."""
    host = Host(tmp_path)
    tree = host.start()
    dead(host)
    with (host.state() / "agents/a1.json").open() as record:
        fcntl.flock(record, fcntl.LOCK_EX)
        next_session(host.project)
        assert tree.exists() and "collected" not in host.events()
    next_session(host.project)
    assert not tree.exists() and host.events()[-1] == "collected"


@pytest.mark.parametrize(
    "damage",
    [
        {"executor": []},
        {"at": 10**400},
        {"at": float("-inf")},
        {"transcript": ["s-1.jsonl"]},
        {"transcript": "/a\0b.jsonl"},
        {"transcript": "/\udc80"},
        {"transcript": "/" + "a" * 5_000},
        {"transcript": ""},
    ],
)
def test_a_damaged_record_stops_nothing_that_comes_after_it(
    tmp_path: Path, damage: dict[str, object]
) -> None:
    """It goes, and so does the next; the journal can still be read."""
    host = Host(tmp_path)
    trees = [host.start(agent) for agent in ("a1", "a2")]
    host.shell(used=False)
    dead(host, **damage)
    dead(host, "a2")
    next_session(host.project)
    assert not any(tree.exists() for tree in trees)
    assert host.events().count("collected") == 2 and facts(host, "a2")
    assert len(facts(host)) in (0, len(facts(host, "a2")))


def test_a_transcript_that_never_ends_is_no_transcript(tmp_path: Path) -> None:
    """A pipe, a folder, bytes that are no text; and of a text the control codes go."""
    host = Host(tmp_path)
    folder = host.transcript.with_suffix("") / "subagents"
    folder.mkdir(parents=True)
    for agent in ("a1", "a2", "a3", "a4"):
        host.start(agent)
        dead(host, agent)
    os.mkfifo(folder / "agent-a1.jsonl")
    (folder / "agent-a2.jsonl").mkdir()
    (folder / "agent-a3.jsonl").write_bytes(bytes(range(256)) * 9)
    said = {"message": {"content": "\x1b[31mmend \ud800it\0"}}
    (folder / "agent-a4.jsonl").write_text(json.dumps(said) + "\n")
    next_session(host.project)
    assert host.events().count("collected") == 4
    for agent, text in (("a1", ""), ("a2", ""), ("a3", ""), ("a4", "mend ?it")):
        began = facts(host, agent)[0]
        assert isinstance(began, RunStarted) and began.tasks[0].text == text


def test_transcripts_behind_a_link_are_not_sought(tmp_path: Path) -> None:
    """It may lead to the whole disk: an executor with a shell can make one."""
    host = Host(tmp_path)
    host.start()
    host.shell(used=False)
    folder = host.transcript.with_suffix("") / "subagents"
    folder.rename(tmp_path / "disk")
    folder.symlink_to(tmp_path / "disk")
    (tmp_path / "disk/agent-a1.jsonl").write_text('{"message": {"content": "mend it"}}\n')
    dead(host)
    next_session(host.project)
    began = facts(host)[0]
    assert isinstance(began, RunStarted) and began.tasks[0].text == ""
