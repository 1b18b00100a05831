"""`sef claude audit` on transcripts of the real Claude Code client, against the client's own bill."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claude.client import (
    FILES,
    LIGHT,
    MAIN,
    ClientRun,
    client_environment,
    delegated_run,
    from_agent,
    run_client,
)
from cli.command import SEF
from sef.testing.provider import FAULTS, Cut, Request, Turn, Used

pytestmark = pytest.mark.slow

Object = dict[str, Any]
THOUSANDTH_OF_A_CENT = 1e-5  # US dollars
CLASSES = {
    # Ours: the field of a used turn, the field of the client's bill.
    "input_tokens": ("input_tokens", "inputTokens"),
    "cache_read_tokens": ("cache_read_tokens", "cacheReadInputTokens"),
    "cache_write_5m_tokens": ("cache_write_5m_tokens", "cacheCreationEphemeral5mInputTokens"),
    "cache_write_1h_tokens": ("cache_write_1h_tokens", "cacheCreationEphemeral1hInputTokens"),
    "output_tokens": ("output_tokens", "outputTokens"),
}
ONE_RETRY = {"CLAUDE_CODE_MAX_RETRIES": "1"}
WORK = Used(
    input_tokens=1_100,
    output_tokens=900,
    cache_read_tokens=20_000,
    cache_write_5m_tokens=3_000,
    cache_write_1h_tokens=400,
)


@pytest.fixture(scope="module")
def delegated(tmp_path_factory: pytest.TempPathFactory) -> ClientRun:
    return delegated_run(tmp_path_factory.mktemp("delegated"))


def audit(run: ClientRun, *options: str) -> Object:
    """What the command prints about everything in the configuration folder of a run."""
    command = (*SEF, "claude", "audit", "--transcripts", str(run.config_dir), "--json", *options)
    env = client_environment(run.config_dir.parent, "")
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    said: Object = json.loads(done.stdout)
    assert said["reading"]["lines_not_understood"] == 0
    assert said["reading"]["unknown_kinds"] == {}
    return said


def by_model(said: Object) -> dict[str, Object]:
    return {one["name"]: one for one in said["measured"]["by_model"]}


def booked(run: ClientRun) -> dict[str, Object]:
    """The client's bill a model, of the session from its beginning."""
    bill = run.result["modelUsage"]
    assert isinstance(bill, dict)
    return bill


def dollars(amount: float) -> object:
    """Equal to a thousandth of a cent."""
    return pytest.approx(amount, abs=THOUSANDTH_OF_A_CENT)


def assert_is_the_clients_bill(said: Object, run: ClientRun) -> None:
    """Money and tokens of all classes, a model and in all, as the client booked them."""
    bill, rows, total = booked(run), by_model(said), said["measured"]["total"]
    assert bill and set(rows) == set(bill)
    for model, one in bill.items():
        assert one.get("costBasis", "list") == "list"
        assert rows[model]["cost_usd"] == dollars(one["costUSD"])
        assert {ours: rows[model][ours] for ours in CLASSES} == {
            ours: one[its] for ours, (_, its) in CLASSES.items()
        }
    assert total["cost_usd"] == dollars(float(str(run.result["total_cost_usd"])))
    assert sum(said["measured"]["by_class_usd"].values()) == dollars(total["cost_usd"])


def tokens(turns: Iterable[Turn]) -> dict[str, int]:
    """What turns claim to have used, by the names of the audit's classes."""
    used = [turn.used for turn in turns]
    return {ours: sum(getattr(one, its) for one in used) for ours, (its, _) in CLASSES.items()}


def processes_below(root: Path) -> list[int]:
    """Processes that have a folder of the run as their home."""
    home, found = f"HOME={root / 'home'}".encode(), []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = path.read_bytes().split(b"\0")
        except OSError:
            # It has ended, or is another user's.
            continue
        if home in variables:
            found.append(int(path.parent.name))
    return found


def test_a_main_model_and_two_agents_cost_what_the_client_says(delegated: ClientRun) -> None:
    """Dollars, in all and a model, and tokens of all classes are those of its bill."""
    assert delegated.result["result"] == "alpha and beta"
    said = audit(delegated)
    assert_is_the_clients_bill(said, delegated)
    assert all(tokens(turn for _, turn in delegated.played).values())
    assert said["reading"]["files"] == 3


def test_every_request_that_was_answered_is_counted_once(delegated: ClientRun) -> None:
    """Two of the main model and four of its agents, though most are told on several lines."""
    said = audit(delegated)
    rows = by_model(said)
    assert {name: one["requests"] for name, one in rows.items()} == {MAIN: 2, LIGHT: 4}
    assert said["measured"]["total"]["requests"] == len(delegated.played)
    assert (said["scope"]["sessions"], said["scope"]["tasks"]) == (1, 1)


def test_the_agents_share_is_what_the_provider_told_the_agents(delegated: ClientRun) -> None:
    """Their requests, tokens and dollars stand apart, and belong to the instruction."""
    said = audit(delegated)
    makers = {one["name"]: one for one in said["measured"]["by_maker"]}
    turns = {"agent": list[Turn](), "main": list[Turn]()}
    for request, turn in delegated.played:
        turns["agent" if from_agent(request) else "main"].append(turn)
    for maker, played in turns.items():
        assert makers[maker]["requests"] == len(played)
        assert {ours: makers[maker][ours] for ours in CLASSES} == tokens(played)
    assert makers["agent"]["cost_usd"] == dollars(booked(delegated)[LIGHT]["costUSD"])
    (task,) = said["measured"]["biggest_tasks"]
    assert (task["main_requests"], task["agent_requests"]) == (2, 4)
    assert said["estimated"]["handovers"]["agents"] == len(FILES)


def test_the_clients_own_total_leaves_nothing_over(delegated: ClientRun) -> None:
    """Its last record has the total that the transcripts add up to."""
    totals = audit(delegated)["measured"]["client_totals"]
    assert (totals["sessions"], totals["sessions_left_out"]) == (1, 0)
    assert totals["client_usd"] == dollars(float(str(delegated.result["total_cost_usd"])))
    assert totals["not_in_transcripts_usd"] == dollars(0)


def test_no_words_of_the_prompt_are_in_the_object(delegated: ClientRun) -> None:
    """Neither the user's words nor the project's path; with --show-text both."""
    told = json.dumps(audit(delegated))
    root = str(delegated.config_dir.parent)
    assert "have both files" not in told.lower() and root not in told
    shown = json.dumps(audit(delegated, "--show-text"))
    assert "Have both files read." in shown and root in shown


def test_a_resumed_session_counts_its_first_run_once(tmp_path: Path) -> None:
    """After --resume the sums are the client's cumulative bill: each request of both runs once."""
    first = run_client(tmp_path, [Turn(text="one", used=WORK)], "One?", "--model", "opus")
    assert_is_the_clients_bill(audit(first), first)
    more = replace(WORK, output_tokens=70)
    resume = ("--model", "haiku", "--resume", str(first.result["session_id"]))
    second = run_client(tmp_path, [Turn(text="two", used=more)], "Two?", *resume)
    said = audit(second)
    assert_is_the_clients_bill(said, second)
    rows = by_model(said)
    assert {name: one["requests"] for name, one in rows.items()} == {MAIN: 1, LIGHT: 1}
    assert rows[MAIN]["cost_usd"] == dollars(booked(first)[MAIN]["costUSD"])
    assert said["measured"]["client_totals"]["not_in_transcripts_usd"] == dollars(0)


def test_a_forked_session_counts_what_it_copied_once(tmp_path: Path) -> None:
    """A fork's file tells its parent's requests again; the sums have each of them once."""
    first = run_client(tmp_path, [Turn(text="one", used=WORK)], "One?", "--model", "opus")
    session = str(first.result["session_id"])
    fork = ("--model", "opus", "--resume", session, "--fork-session")
    second = run_client(tmp_path, [Turn(text="two", used=WORK)], "Two?", *fork)
    assert second.result["session_id"] != session
    said = audit(second)
    assert said["reading"]["requests_told_twice"] == 1
    assert by_model(said)[MAIN]["requests"] == 2
    expected = tokens(turn for run in (first, second) for _, turn in run.played)
    assert {ours: said["measured"]["total"][ours] for ours in CLASSES} == expected
    once = booked(first)[MAIN]["costUSD"]
    assert said["measured"]["total"]["cost_usd"] == dollars(2 * once)
    assert said["measured"]["client_totals"]["sessions_left_out"] == 2


@pytest.mark.parametrize(
    ("used", "times"),
    [
        (Used(input_tokens=100_000, output_tokens=1_000), 1),
        (Used(input_tokens=100_001, output_tokens=1_000), 5),
        (replace(WORK, input_tokens=76_700), 5),
    ],
    ids=["at 100,000", "above it", "above it with all caches"],
)
def test_a_long_prompt_of_haiku_costs_five_times(tmp_path: Path, used: Used, times: int) -> None:
    """Above 100,000 prompt tokens, cached ones too, the whole request does, as the client bills."""
    run = run_client(tmp_path, [Turn(text="long", used=used)], "Long?", "--model", "haiku")
    said = audit(run)
    assert_is_the_clients_bill(said, run)
    per_million = (
        0.10 * used.input_tokens
        + 0.50 * used.output_tokens
        + 0.01 * used.cache_read_tokens
        + 0.125 * used.cache_write_5m_tokens
        + 0.20 * used.cache_write_1h_tokens
    )
    assert said["measured"]["total"]["cost_usd"] == dollars(times * per_million / 1e6)
    (main,) = said["measured"]["context"]
    assert main["above_100k"] == (times > 1)


def test_a_model_without_a_price_is_named_and_not_free(tmp_path: Path) -> None:
    """The client books a guess for it; here it is unknown, in the sum, the model and the table."""
    script = [Turn(text="hello", used=WORK)]
    run = run_client(tmp_path, script, "Say hello.", "--model", "my-local-model")
    assert booked(run)["my-local-model"]["costBasis"] == "unknown"
    said = audit(run)
    (row,) = said["measured"]["by_model"]
    total = said["measured"]["total"]
    assert (row["name"], row["cost_usd"], total["cost_usd"]) == ("my-local-model", None, None)
    assert {ours: row[ours] for ours in CLASSES} == tokens(turn for _, turn in run.played)
    assert [(one["model"], one["requests"]) for one in said["prices"]["unknown"]] == [
        ("my-local-model", 1)
    ]
    assert said["measured"]["client_totals"]["sessions_left_out"] == 1


def test_another_model_than_asked_for_costs_what_was_asked_for(tmp_path: Path) -> None:
    """Where the provider answers with another model, the client bills the one asked for."""
    script = [Turn(text="hello", model="claude-cheap-1", used=WORK)]
    run = run_client(tmp_path, script, "Say hello.", "--model", "opus")
    assert_is_the_clients_bill(audit(run), run)


@pytest.mark.parametrize("events", [1, 2, 4, 6])
def test_what_a_cut_stream_cost_beyond_its_records_is_told(tmp_path: Path, events: int) -> None:
    """What the client books for a cut stream and does not record is the difference, to the cent.

    Whether it books one, records it, or takes it for whole (cut before the very last event),
    depends on how much it has read by the time that the connection is gone; a record is a request
    as any other.
    """
    cut = Turn(text="half of this arrives", fault=Cut(after_events=events), used=WORK)
    whole = Turn(text="whole", used=WORK)
    script = [cut, whole]
    run = run_client(tmp_path, script, "Say.", "--model", "opus", environment=ONE_RETRY)
    assert run.result["result"] == (whole if len(run.played) == 2 else cut).text
    said = audit(run)
    total, totals = said["measured"]["total"], said["measured"]["client_totals"]
    recorded, expected = total["requests"], tokens([whole])
    assert recorded in (1, 2)
    output = total["output_tokens"] - expected.pop("output_tokens")
    assert 0 <= output <= (recorded - 1) * WORK.output_tokens
    assert {ours: total[ours] for ours in expected} == {
        ours: recorded * used for ours, used in expected.items()
    }
    bill = float(str(run.result["total_cost_usd"]))
    assert totals["client_usd"] == dollars(bill)
    assert totals["not_in_transcripts_usd"] == dollars(bill - total["cost_usd"])


@pytest.mark.parametrize("name", ["overloaded", "stream cut", "connection reset", "garbage JSON"])
def test_a_fault_that_stays_is_no_request(tmp_path: Path, name: str) -> None:
    """The client's own words about it are no request, and the audit tells an empty session."""
    script = [replace(FAULTS[name], times=None)]
    run = run_client(tmp_path, script, "Say.", "--model", "opus", environment=ONE_RETRY)
    assert run.exit_code == 1
    said = audit(run)
    assert (said["measured"]["total"]["requests"], said["measured"]["by_model"]) == (0, [])
    assert said["scope"]["sessions"] == 0
    assert said["reading"]["files"] == 1


def test_an_answer_of_many_blocks_counts_once(tmp_path: Path) -> None:
    """Thinking, text and two calls are several records of one request."""
    read = tuple(("Read", {"file_path": str(tmp_path / "project" / name)}) for name in FILES)

    def first(request: Request) -> bool:
        return "alpha" not in request.last

    begun = Turn(when=first, thinking="hm", text="I look.", calls=read, used=WORK)
    script = [begun, Turn(text="alpha", used=WORK)]
    run = run_client(tmp_path, script, "Read both.", "--model", "opus")
    said = audit(run)
    assert_is_the_clients_bill(said, run)
    assert said["measured"]["total"]["requests"] == len(run.played) == 2
    assert said["measured"]["waste"]["tool_uses"] == 2


def test_no_process_of_the_client_is_left(delegated: ClientRun) -> None:
    """All that a run started has ended with it."""
    assert processes_below(delegated.config_dir.parent) == []
