"""What sessions used, and what dead ones left."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.hooks.events import call, git, repository, told
from tests.hooks.hosting import Host

from sef.hooks.booking import begin, provisional, same_model
from sef.hooks.closing import close, table
from sef.hooks.records import load, rows, save

HAIKU, OPUS = "claude-haiku-5-5", "claude-opus-5-5"


def line(key: str, asked: str, output: int, answered: str = "", **more: int) -> str:
    """A record of a transcript."""
    usage = {"input_tokens": 1_000, "output_tokens": output, **more}
    message = {"id": key, "model": answered or asked, "usage": usage}
    return json.dumps({"type": "assistant", "requestedModel": asked, "message": message}) + "\n"


def stop(home: Path, transcript: Path, session: str = "s-1") -> dict[str, Any]:
    """The row of a provisional booking."""
    event = {"session_id": session, "cwd": str(home), "transcript_path": str(transcript)}
    provisional(event, str(home / ".git"))
    return [row for row in rows(state(home)) if row["event"] == "booked"][-1]


def state(home: Path) -> str:
    return str(home / ".git/sef/hooks")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    found = repository(tmp_path / "project", {"a": "a\n"})
    begin(state(found), "s-1")
    return found


def test_a_request_counts_once_whatever_lines_it_has(home: Path, tmp_path: Path) -> None:
    """Its last line holds; executors' files count; a half written line waits for its end."""
    main = tmp_path / "s-1.jsonl"
    agent = tmp_path / "s-1/subagents/agent-a1.jsonl"
    agent.parent.mkdir(parents=True)
    whole = line("m2", HAIKU, 50)
    agent.write_text(whole[:-20])
    main.write_text(line("m1", OPUS, 1) + line("m1", OPUS, 20) + "no json\n")
    first = stop(home, main)
    assert first["models"][OPUS]["output"] == 20 and HAIKU not in first["models"]
    agent.write_text(whole)
    with main.open("a") as file:
        file.write(line("m3", OPUS, 5))
    second = stop(home, main)
    assert second["models"][OPUS] == {
        "requests": 2, "input": 2_000, "cache_read": 0, "cache_write_5m": 0,
        "cache_write_1h": 0, "output": 25,
    }  # fmt: skip
    assert second["models"][HAIKU]["requests"] == 1


def test_a_session_that_hands_out_nothing_is_not_booked(home: Path, tmp_path: Path) -> None:
    """No file of it is opened."""
    main = tmp_path / "s-2.jsonl"
    main.write_text(line("m1", OPUS, 1))
    event = {"session_id": "s-2", "cwd": str(home), "transcript_path": str(main)}
    provisional(event, str(home / ".git"))
    assert list(rows(state(home))) == []


def test_the_final_booking_has_prices_and_the_rest(home: Path, tmp_path: Path) -> None:
    """Each request at its own model's prices; what the client says beyond that is one figure."""
    main = tmp_path / "s-1.jsonl"
    cost = json.dumps({"type": "cost-state", "totalCostUSD": 0.02}) + "\n"
    main.write_text(line("m1", OPUS, 100) + line("m2", HAIKU, 100) + line("m3", "local", 1) + cost)
    close(state(home), "s-1", str(main))
    row = list(rows(state(home)))[-1]
    # $4 and $20 a million at opus, $0.10 and $0.50 at haiku, as of 2026-11-22
    assert row["final"] and Decimal(row["usd"]) == Decimal("0.006") + Decimal("0.00015")
    assert row["unpriced"] == 1
    assert row["other_usd"] == pytest.approx(0.02 - 0.00615)


def test_a_fork_of_a_session_does_not_count_its_origin_again(home: Path, tmp_path: Path) -> None:
    """Its transcript begins with a copy."""
    one, fork = tmp_path / "s-1.jsonl", tmp_path / "s-2.jsonl"
    one.write_text(line("m1", OPUS, 100))
    close(state(home), "s-1", str(one))
    fork.write_text(one.read_text() + line("m2", OPUS, 7))
    begin(state(home), "s-2")
    close(state(home), "s-2", str(fork))
    assert list(rows(state(home)))[-1]["models"][OPUS]["output"] == 7


def test_who_answered_is_told_where_it_is_not_who_was_asked(home: Path, tmp_path: Path) -> None:
    """A dated version of the same model is the same model."""
    assert same_model(HAIKU, HAIKU) and same_model(HAIKU, f"{HAIKU}-20261001")
    assert not same_model(HAIKU, OPUS) and not same_model("claude-opus", "claude-opus-5-x")
    main = tmp_path / "s-1.jsonl"
    main.write_text(line("m1", OPUS, 1, answered=HAIKU))
    assert stop(home, main)["not_as_requested"] == [f"{HAIKU} for {OPUS}"]


def outcome(executor: str, event: str, at: float = 1_000_000.0) -> dict[str, Any]:
    return {"event": event, "executor": executor, "at": at, "kept": False}


def test_the_gate_refuses_who_loses_and_tries_again_later() -> None:
    """With the prior alone nobody is refused; rejections do; after a fortnight they are old."""
    now = 1_000_000.0
    assert all(row["pays"] for row in table([], now).values())
    seen = [outcome("sef-implement", "rejected")] * 6 + [outcome("sef-explore", "accepted")] * 6
    found = table(seen, now)
    assert not found["sef-implement"]["pays"] and "would lose" in found["sef-implement"]["reason"]
    assert found["sef-explore"]["pays"]
    assert table(seen, now + 15 * 86_400)["sef-implement"]["pays"]


@pytest.mark.slow
def test_the_end_of_a_session_refuses_what_lost_in_it(home: Path, tmp_path: Path) -> None:
    """The entry books, leaves the gate's table, and the next delegation reads it."""
    folder = Path(state(home))
    lines = [{**outcome("sef-implement", "rejected"), "at": 9e9} for _ in range(6)]
    (folder / "journal.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    (tmp_path / "s-1.jsonl").write_text(line("m1", OPUS, 1))
    event = {"hook_event_name": "SessionEnd", "session_id": "s-1", "cwd": str(home)}
    assert told({**event, "transcript_path": str(tmp_path / "s-1.jsonl")}) == (0, None)
    assert list(rows(state(home)))[-1]["final"] and not list((folder / "open").iterdir())
    _, said = told(call(home, "sef-implement"))
    assert said is not None
    assert said["hookSpecificOutput"]["permissionDecision"] == "deny"


@pytest.mark.slow
def test_what_a_killed_session_left_is_collected_at_the_next_start(tmp_path: Path) -> None:
    """Tree, branch and snapshot go, its requests are booked; those of the living stay."""
    host = Host(tmp_path)
    alive, dead = host.start("a1"), host.start("a2")
    record = load(str(host.state()), "agents/a2")
    ended = subprocess.Popen((sys.executable, "-c", ""))
    ended.wait()
    assert record is not None
    save(str(host.state()), "agents/a2", {**record, "pid": ended.pid, "began": "1"})
    begin(str(host.state()), "s-0")
    event = {"hook_event_name": "SessionStart", "session_id": "s-9", "cwd": str(host.project)}
    assert told(event) == (0, None)
    assert alive.exists() and not dead.exists()
    branches = git(host.project, "branch", "--list")
    assert "worktree-agent-a1" in branches and "worktree-agent-a2" not in branches
    assert {"collected", "booked"} <= set(host.events())
