"""The real Claude Code client against the loopback provider: what it asks, books and writes down."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from claude.client import (
    FAKE_KEY,
    LIGHT,
    MAIN,
    ClientRun,
    client_environment,
    delegated_run,
    from_agent,
    from_main,
    records,
    run_client,
)
from sef.testing.provider import FAULTS, Refused, Turn, Used

pytestmark = pytest.mark.slow

PRICES = {
    # US dollars a million tokens, list prices of November 2026: prompt, answer, cache read,
    # cache write for five minutes and for an hour.
    MAIN: tuple(map(Decimal, ("4", "20", "0.20", "5", "8"))),
    LIGHT: tuple(map(Decimal, ("0.10", "0.50", "0.01", "0.125", "0.20"))),
}
OPUS = ("--model", "opus")


@pytest.fixture(scope="module")
def delegated(tmp_path_factory: pytest.TempPathFactory) -> ClientRun:
    return delegated_run(tmp_path_factory.mktemp("delegated"))


def price(model: str, used: Used) -> Decimal:
    counts = (
        used.input_tokens,
        used.output_tokens,
        used.cache_read_tokens,
        used.cache_write_5m_tokens,
        used.cache_write_1h_tokens,
    )
    return sum((n * p for n, p in zip(counts, PRICES[model], strict=True)), Decimal()) / 1_000_000


def assistants(path: Path) -> list[dict[str, object]]:
    return [one for one in records(path) if one["type"] == "assistant"]


def test_a_plain_turn_is_one_request(tmp_path: Path) -> None:
    """A prompt without tools is one streamed request, and its answer is the result."""
    run = run_client(tmp_path, [Turn(text="forty-two")], "What is six times seven?", *OPUS)
    assert (run.exit_code, run.result["result"]) == (0, "forty-two")
    (request,) = run.requests
    assert (request.path, request.model, request.streamed) == ("/v1/messages", MAIN, True)
    assert "six times seven" in request.last
    assert {"Read", "Edit", "Bash", "Agent"} <= set(request.tools)


def test_the_client_knows_nothing_of_this_machines_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets no variable that is not on the list, and asks no host but the provider."""
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "canary")
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "canary")
    assert "canary" not in client_environment(tmp_path, "http://127.0.0.1:1").values()
    run = run_client(tmp_path, [Turn(text="yes")], "Are you there?", *OPUS)
    assert run.unknown == ()
    assert run.requests[0].headers["x-api-key"] == "[redacted]"
    assert not any(FAKE_KEY in str(request) for request in run.requests)


def test_a_tool_is_used_and_its_result_sent(tmp_path: Path) -> None:
    """A tool that the model calls runs in the project, and what it gave is in the next request."""
    read = ("Read", {"file_path": str(tmp_path / "project" / "one.txt")})
    script = [Turn(text="I look.", calls=(read,)), Turn(text="It says alpha.")]
    run = run_client(tmp_path, script, "What is in one.txt?", *OPUS, "--tools", "Read")
    assert run.result["result"] == "It says alpha."
    first, second = run.requests
    assert "Read" in first.tools and "Bash" not in first.tools
    assert "alpha" in second.last


def test_each_agent_asks_its_own_model_for_its_own_tools(delegated: ClientRun) -> None:
    """The main model and two sub-agents ask for what they were defined with."""
    assert delegated.result["result"] == "alpha and beta"
    mains = [one for one in delegated.requests if from_main(one)]
    agents = [one for one in delegated.requests if from_agent(one)]
    assert [one.model for one in mains] == [MAIN] * 2
    assert [one.model for one in agents] == [LIGHT] * 4
    assert all("Agent" in one.tools for one in mains)
    assert {one.tools for one in agents} == {("Read", "Grep", "Glob")}
    assert len({one.headers["x-claude-code-agent-id"] for one in agents}) == 2
    assert "alpha" in mains[1].last and "beta" in mains[1].last


def test_the_client_books_what_the_provider_said(delegated: ClientRun) -> None:
    """Its bill a model is the sum over the answers, in dollars and in all classes of tokens."""
    booked = delegated.result["modelUsage"]
    assert isinstance(booked, dict)
    assert set(booked) == {MAIN, LIGHT}
    for model, bill in booked.items():
        used = [turn.used for request, turn in delegated.played if request.model == model]
        cost = sum((price(model, one) for one in used), Decimal())
        assert bill["costUSD"] == pytest.approx(float(cost), abs=1e-9)
        assert bill["inputTokens"] == sum(one.input_tokens for one in used)
        assert bill["outputTokens"] == sum(one.output_tokens for one in used)
        assert bill["cacheReadInputTokens"] == sum(one.cache_read_tokens for one in used)
        for name, kind in (("5m", "cache_write_5m_tokens"), ("1h", "cache_write_1h_tokens")):
            field = f"cacheCreationEphemeral{name}InputTokens"
            assert bill[field] == sum(getattr(one, kind) for one in used) > 0


def test_main_and_agents_have_transcripts(delegated: ClientRun) -> None:
    """Each conversation is a file whose assistant records name message, request, models, usage."""
    assert {one["message"]["model"] for one in assistants(delegated.transcript)} == {MAIN}
    first, second = delegated.agent_transcripts
    for path in (first, second):
        for one in assistants(path):
            assert path.name == f"agent-{one['agentId']}.jsonl"
            assert one["requestedModel"] == one["message"]["model"] == LIGHT
            assert str(one["requestId"]).startswith("req_loopback")
            assert one["message"]["usage"]["cache_creation"]["ephemeral_5m_input_tokens"] >= 0


def test_a_message_of_several_blocks_is_several_records(delegated: ClientRun) -> None:
    """Text and two calls of one answer are three records with one id and the same usage each."""
    said = [one["message"] for one in assistants(delegated.transcript)]
    of_first = [one for one in said if one["id"] == said[0]["id"]]
    assert [block["type"] for one in of_first for block in one["content"]] == [
        "text",
        "tool_use",
        "tool_use",
    ]
    assert all(one["usage"] == of_first[0]["usage"] for one in of_first)


def test_the_clients_own_bill_is_the_last_record(delegated: ClientRun) -> None:
    """A cost-state record in the main transcript has the total that the result has."""
    (state,) = [one for one in records(delegated.transcript) if one["type"] == "cost-state"]
    assert state["totalCostUSD"] == delegated.result["total_cost_usd"]


def test_another_model_shows_in_the_transcript_only(tmp_path: Path) -> None:
    """Where another model answers, the bill names the one asked for, the transcript both."""
    script = [Turn(text="hello", model="claude-cheap-1")]
    run = run_client(tmp_path, script, "Say hello.", *OPUS)
    booked = run.result["modelUsage"]
    assert isinstance(booked, dict)
    assert set(booked) == {MAIN}
    (said,) = assistants(run.transcript)
    assert (said["message"]["model"], said["requestedModel"]) == ("claude-cheap-1", MAIN)


def test_the_client_obeys_retry_after(tmp_path: Path) -> None:
    """After a 429 it asks again no sooner than it was told."""
    refused = Turn(fault=Refused(status=429, kind="rate_limit_error", retry_after_s=2))
    run = run_client(tmp_path, [refused, Turn(text="now")], "Hello?", *OPUS)
    first, second = run.requests
    assert run.result["result"] == "now"
    assert second.at - first.at >= 1.9


def test_an_unknown_tool_is_told_to_the_model(tmp_path: Path) -> None:
    """The client answers a tool that it does not have with an error, and goes on."""
    script = [FAULTS["unknown tool"], Turn(text="I will not.")]
    run = run_client(tmp_path, script, "Try it.", *OPUS)
    assert run.result["result"] == "I will not."
    assert "No such tool" in run.requests[-1].last


def test_the_price_of_an_unknown_model_is_a_guess(tmp_path: Path) -> None:
    """A model that the client has no price for is booked at some price, and marked as unknown."""
    run = run_client(tmp_path, [Turn(text="hello")], "Say hello.", "--model", "my-local-model")
    booked = run.result["modelUsage"]
    assert isinstance(booked, dict)
    assert booked["my-local-model"]["costBasis"] == "unknown"
    assert booked["my-local-model"]["costUSD"] > 0
    (state,) = [one for one in records(run.transcript) if one["type"] == "cost-state"]
    assert state["hasUnknownModelCost"] is True


@pytest.mark.parametrize(
    ("name", "streamed", "booked"),
    [
        ("rate limited", (True, True), 1),
        ("overloaded", (True, True), 1),
        ("server error", (True, True), 1),
        ("connection reset", (True, True), 1),
        ("garbage JSON", (True, False), 1),
        ("wrong content type", (True, False), 1),
        ("malformed tool input", (True, True), 2),
        ("unknown tool", (True, True), 2),
        ("max_tokens", (True, True), 2),
        ("refusal", (True, True), 2),
        ("another model", (True,), 1),
        ("slow first byte", (True,), 1),
    ],
)
def test_the_client_survives_a_fault_that_passes(
    tmp_path: Path, name: str, streamed: tuple[bool, ...], booked: int
) -> None:
    """One fault and then a good answer end well; only answers that arrived are booked."""
    one_retry = {"CLAUDE_CODE_MAX_RETRIES": "1"}
    script = [FAULTS[name], Turn(text="hello")]
    run = run_client(tmp_path, script, "Say hello.", *OPUS, environment=one_retry)
    assert (run.exit_code, run.result["result"]) == (0, "hello")
    assert tuple(one.streamed for one in run.requests) == streamed
    bill = run.result["modelUsage"]
    assert isinstance(bill, dict)
    assert bill[MAIN]["inputTokens"] == booked * Used().input_tokens


def test_the_client_survives_a_stream_that_is_cut(tmp_path: Path) -> None:
    """It asks again. Whether it books the half answer hangs on how much of it was read by then."""
    one_retry = {"CLAUDE_CODE_MAX_RETRIES": "1"}
    script = [FAULTS["stream cut"], Turn(text="hello")]
    run = run_client(tmp_path, script, "Say hello.", *OPUS, environment=one_retry)
    assert (run.exit_code, run.result["result"]) == (0, "hello")
    assert tuple(one.streamed for one in run.requests) == (True, True)
    bill = run.result["modelUsage"]
    assert isinstance(bill, dict)
    assert bill[MAIN]["inputTokens"] in (Used().input_tokens, 2 * Used().input_tokens)


def test_a_fault_that_stays_is_an_error_called_success(tmp_path: Path) -> None:
    """The result's subtype says success where no answer came; `is_error` and the exit tell."""
    script = [replace(FAULTS["overloaded"], times=None)]
    one_retry = {"CLAUDE_CODE_MAX_RETRIES": "1"}
    run = run_client(tmp_path, script, "Say hello.", *OPUS, environment=one_retry)
    assert (run.exit_code, len(run.requests)) == (1, 2)
    assert (run.result["subtype"], run.result["is_error"]) == ("success", True)
    assert run.result["api_error_status"] == 529
    (said,) = assistants(run.transcript)
    assert (said["message"]["model"], run.result["modelUsage"]) == ("<synthetic>", {})


def test_a_resumed_session_is_billed_from_its_beginning(tmp_path: Path) -> None:
    """After --resume the total and the bill a model hold the first run's too."""
    first = run_client(tmp_path, [Turn(text="one")], "One?", *OPUS)
    session = str(first.result["session_id"])
    second = run_client(tmp_path, [Turn(text="two")], "Two?", *OPUS, "--resume", session)
    assert second.result["session_id"] == session
    once = first.result["total_cost_usd"]
    assert isinstance(once, float)
    assert second.result["total_cost_usd"] == pytest.approx(2 * once)
