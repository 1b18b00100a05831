"""Each fault of the loopback provider, as a client sees it, over both APIs."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import replace

import pytest
from asking import COMPLETIONS, MESSAGES, Reply, ask, asking

from sef.testing.provider import FAULTS, Cut, LoopbackProvider, Refused, Turn

APIS = pytest.mark.parametrize("path", [MESSAGES, COMPLETIONS])
BOTH_WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def met(name: str, path: str, stream: bool = False) -> Reply:
    with LoopbackProvider([FAULTS[name]]) as provider:
        return ask(provider, path, asking(stream=stream))


@APIS
@BOTH_WAYS
@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("rate limited", 429, "rate_limit_error"),
        ("overloaded", 529, "overloaded_error"),
        ("server error", 500, "api_error"),
    ],
)
def test_an_error_status_has_the_apis_error_body(
    path: str, stream: bool, name: str, status: int, kind: str
) -> None:
    """A refused request gets JSON with the error's type, streamed or not."""
    reply = met(name, path, stream)
    assert (reply.status, reply.json["error"]["type"]) == (status, kind)
    assert ("retry-after" in reply.headers) == (name == "rate limited")
    assert reply.json.get("type") == ("error" if path == MESSAGES else None)


def test_retry_after_is_the_scripts() -> None:
    """The header has the seconds that the turn says."""
    turn = Turn(fault=Refused(status=429, kind="rate_limit_error", retry_after_s=17))
    with LoopbackProvider([turn]) as provider:
        assert ask(provider, MESSAGES, asking()).headers["retry-after"] == "17"


@APIS
@BOTH_WAYS
def test_a_cut_answer_can_be_told_from_a_whole_one(path: str, stream: bool) -> None:
    """The connection ends before the length that was announced, or before the last chunk."""
    with pytest.raises(http.client.IncompleteRead) as cut:
        met("stream cut", path, stream)
    assert cut.value.partial


def test_a_stream_is_cut_where_the_turn_says() -> None:
    """That many events arrive whole, and half of the one after them."""
    with (
        LoopbackProvider([Turn(text="hello", fault=Cut(after_events=3))]) as provider,
        pytest.raises(http.client.IncompleteRead) as cut,
    ):
        ask(provider, MESSAGES, asking(stream=True))
    *whole, part = cut.value.partial.decode().split("\n\n")
    assert [json.loads(one.split("data: ")[1])["type"] for one in whole] == [
        "message_start",
        "ping",
        "content_block_start",
    ]
    assert part.startswith("event: content_block_delta")
    with pytest.raises(ValueError, match=r".+"):
        json.loads(part.partition("data: ")[2])


@APIS
def test_a_reset_is_a_reset(path: str) -> None:
    """The client sees the connection reset, before any byte of an answer."""
    with pytest.raises(ConnectionResetError) as reset:
        met("connection reset", path)
    # Its subclass in http.client says that the connection ended in order.
    assert not isinstance(reset.value, http.client.RemoteDisconnected)


@APIS
@BOTH_WAYS
def test_garbage_has_the_right_type_and_is_no_json(path: str, stream: bool) -> None:
    """Status and content type promise what the body does not keep."""
    reply = met("garbage JSON", path, stream)
    kind = "text/event-stream" if stream else "application/json"
    assert (reply.status, reply.headers["content-type"].split(";")[0]) == (200, kind)
    with pytest.raises(ValueError, match=r".+"):
        json.loads(reply.text.removeprefix("data: "))


@APIS
@BOTH_WAYS
def test_a_page_may_come_instead(path: str, stream: bool) -> None:
    """Status 200 with HTML, as from a proxy that wants a login."""
    reply = met("wrong content type", path, stream)
    assert (reply.status, reply.headers["content-type"].split(";")[0]) == (200, "text/html")
    assert reply.text.startswith("<!doctype html>")


@APIS
def test_malformed_tool_input_arrives_as_it_is(path: str) -> None:
    """The streamed pieces of the input add up to a text that is no JSON."""
    events = met("malformed tool input", path, stream=True).events
    if path == MESSAGES:
        deltas = [one["delta"] for one in events if one["type"] == "content_block_delta"]
        text = "".join(one["partial_json"] for one in deltas)
    else:
        calls = [one["choices"][0]["delta"].get("tool_calls") for one in events]
        text = "".join(one[0]["function"]["arguments"] for one in calls if one)
    assert text == '{"file_path": '


def test_malformed_tool_input_in_a_json_body_is_a_string() -> None:
    """A message that is not streamed is JSON as a whole, so its input is the text."""
    (block,) = met("malformed tool input", MESSAGES).json["content"]
    assert block["input"] == '{"file_path": '


def test_a_tool_that_was_not_offered_is_called() -> None:
    """The unknown tool is no tool of the request."""
    (block,) = met("unknown tool", MESSAGES).json["content"]
    assert (block["type"], block["name"]) == ("tool_use", "NoSuchTool")


@BOTH_WAYS
@pytest.mark.parametrize("reason", ["max_tokens", "refusal"])
def test_an_answer_may_stop_early(stream: bool, reason: str) -> None:
    """The stop reason is the turn's, in the message and in the stream."""
    reply = met(reason, MESSAGES, stream)
    said = reply.events[-2]["delta"] if stream else reply.json
    assert said["stop_reason"] == reason


@APIS
@BOTH_WAYS
def test_another_model_may_answer(path: str, stream: bool) -> None:
    """The answer names a model that was not asked for."""
    reply = met("another model", path, stream)
    said = reply.events[0] if stream else reply.json
    assert said.get("message", said)["model"] == "another-model"


def test_the_first_byte_may_be_late() -> None:
    """Nothing arrives before the delay is over."""
    late = replace(FAULTS["slow first byte"], delay_s=0.3)
    with LoopbackProvider([late]) as provider:
        began = time.monotonic()
        assert ask(provider, MESSAGES, asking()).status == 200
        assert time.monotonic() - began >= 0.3


def test_a_fault_ends_with_its_turn() -> None:
    """After each fault that ends a connection, the provider answers the next request."""
    ends = [FAULTS[name] for name in ("stream cut", "connection reset", "garbage JSON")]
    with LoopbackProvider(ends, otherwise=Turn(text="fine")) as provider:
        for _ in ends:
            with pytest.raises((OSError, http.client.HTTPException, ValueError)):
                _ = ask(provider, MESSAGES, asking()).json
        assert ask(provider, MESSAGES, asking()).json["content"][0]["text"] == "fine"
