"""What sessions used, and what dead ones left."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.hooks.events import git, repository, told
from tests.hooks.hosting import Host

from sef.config import Config, DraftsConfig
from sef.events import Accepted, Drafted, Fact, Rejected, Routed
from sef.experience import Past
from sef.hooks.booking import begin, provisional, same_model
from sef.hooks.closing import close
from sef.hooks.delegating import EXECUTORS
from sef.hooks.gating import Memory, route_of, table
from sef.hooks.records import load, rows, save
from sef.model import Answer, Draft, Patch, Usage, Verdict

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


def past(drafts: int, *, accepted: int, executor: str = "sef-implement") -> Past:
    """A run in which so many drafts were judged."""
    route, tier = route_of(executor), route_of(executor).tier
    paid = Decimal("0.10") if executor == "sef-implement" else Decimal("0.001")
    usage = Usage(cost_usd=paid, seconds=1, model="m", input_tokens=10_000, requests=1)
    draft = Draft(answer=Answer(text=""), patch=Patch(base="b", commit="c"), usage=usage)
    facts: list[Fact] = []
    for number in range(drafts):
        who: dict[str, Any] = {"task": f"t{number}", "epoch": 0, "executor": executor, "tier": tier}
        verdict = Verdict(accepted=number < accepted, reason="r")
        facts += [Routed(task=f"t{number}", route=route, cascade=None)]
        facts += [Drafted(**who, draft=draft)]
        if number < accepted:
            facts += [Accepted(**who, draft=draft, verdict=verdict, verifiers=())]
        else:
            facts += [Rejected(**who, verdict=verdict)]
    return Past(at=20_000.0, facts=tuple(facts))


def test_the_gate_refuses_who_loses() -> None:
    """With the prior alone nobody is refused; who loses is tried as far as `[drafts]` allows."""
    assert all(row["pays"] for row in table(Memory()).values())
    seen = (past(9, accepted=0), past(9, accepted=9, executor="sef-explore"))
    rule = DraftsConfig(exploring=0.0, allowance_usd=0.0)
    found = table(Memory(past=seen, config=Config(drafts=rule)))
    assert not found["sef-implement"]["pays"] and "would lose" in found["sef-implement"]["reason"]
    assert found["sef-explore"]["pays"] and found["sef-explore"]["begins"] == "draft"
    tried = table(Memory())["sef-review"]
    assert tried["begins"] == "explore" and tried["risk_usd"] > 0


def test_without_a_target_in_sight_its_prices_weigh_the_drafts() -> None:
    """A draft of ten cents is dear where the target's prices make four cents of its tokens."""
    found = table(Memory(past=(past(30, accepted=30),)))
    assert not found["sef-implement"]["pays"], found["sef-implement"]


@pytest.mark.slow
def test_a_session_ends_with_a_new_table(home: Path, tmp_path: Path) -> None:
    """The entry books, and leaves what the next delegation reads."""
    (tmp_path / "s-1.jsonl").write_text(line("m1", OPUS, 1))
    event = {"hook_event_name": "SessionEnd", "session_id": "s-1", "cwd": str(home)}
    assert told({**event, "transcript_path": str(tmp_path / "s-1.jsonl")}) == (0, None)
    folder = Path(state(home))
    assert list(rows(state(home)))[-1]["final"] and not list((folder / "open").iterdir())
    kept = load(state(home), "table")
    assert kept is not None and set(kept) == set(EXECUTORS)


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
