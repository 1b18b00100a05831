"""The loopback provider as a client of Anthropic Messages sees it."""

from __future__ import annotations

import json

from asking import MESSAGES, ask, asking

from sef.testing.provider import LoopbackProvider, Turn, Used

CACHED = Used(
    input_tokens=7,
    output_tokens=9,
    cache_read_tokens=100,
    cache_write_5m_tokens=20,
    cache_write_1h_tokens=3,
)


def streamed(turn: Turn) -> tuple[list[str], list[dict]]:
    with LoopbackProvider([turn]) as provider:
        reply = ask(provider, MESSAGES, asking(stream=True))
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.names == [one["type"] for one in reply.events]
    return reply.names, reply.events


def test_an_answer_is_a_message() -> None:
    """A request that is not streamed gets one message of the model that it asked for."""
    with LoopbackProvider([Turn(text="hello", used=CACHED)]) as provider:
        reply = ask(provider, MESSAGES, asking())
    said = reply.json
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert (said["type"], said["role"], said["model"]) == ("message", "assistant", "m-1")
    assert said["content"] == [{"type": "text", "text": "hello"}]
    assert said["stop_reason"] == "end_turn"


def test_usage_has_every_class_of_cache_tokens() -> None:
    """Cache writes are there in sum and by life time, reads apart from the other input."""
    with LoopbackProvider([Turn(text="hello", used=CACHED)]) as provider:
        usage = ask(provider, MESSAGES, asking()).json["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (7, 9)
    assert usage["cache_read_input_tokens"] == 100
    assert usage["cache_creation_input_tokens"] == 23
    assert usage["cache_creation"] == {
        "ephemeral_5m_input_tokens": 20,
        "ephemeral_1h_input_tokens": 3,
    }


def test_a_stream_has_the_events_of_the_api_in_its_order() -> None:
    """Message start, a block of text in pieces, then why it stopped and the message's end."""
    long = "a word and another " * 5
    names, events = streamed(Turn(text=long, used=CACHED))
    assert names[:3] == ["message_start", "ping", "content_block_start"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    pieces = [one["delta"]["text"] for one in events if one["type"] == "content_block_delta"]
    assert len(pieces) > 1
    assert "".join(pieces) == long
    assert events[2]["content_block"] == {"type": "text", "text": ""}


def test_a_stream_tells_the_prompts_tokens_first_and_the_answers_last() -> None:
    """The start says one output token, as the API does; the last delta says all of them."""
    _, events = streamed(Turn(text="hello", used=CACHED))
    first, last = events[0]["message"]["usage"], events[-2]["usage"]
    assert (first["output_tokens"], last["output_tokens"]) == (1, 9)
    assert first["cache_read_input_tokens"] == last["cache_read_input_tokens"] == 100


def test_a_tool_call_streams_its_input_as_json() -> None:
    """The block begins with an empty input; the pieces of JSON after it make the whole."""
    given = {"file_path": "/some/where/that/is/longer/than/one/piece.txt"}
    _, events = streamed(Turn(text="I look.", calls=(("Read", given),)))
    (start,) = [
        one
        for one in events
        if one["type"] == "content_block_start" and one["content_block"]["type"] == "tool_use"
    ]
    assert (start["index"], start["content_block"]["name"]) == (1, "Read")
    assert start["content_block"]["input"] == {}
    pieces = [
        one["delta"]["partial_json"]
        for one in events
        if one["type"] == "content_block_delta" and one["index"] == 1
    ]
    assert json.loads("".join(pieces)) == given
    assert events[-2]["delta"]["stop_reason"] == "tool_use"


def test_tool_calls_have_ids_of_their_own() -> None:
    """No two calls, messages or requests share an id, over providers of different names too."""
    seen = []
    for name in ("a", "b"):
        turn = Turn(calls=(("Read", {}), ("Read", {})), times=None)
        with LoopbackProvider([turn], name=name) as provider:
            for _ in range(2):
                reply = ask(provider, MESSAGES, asking())
                seen += [reply.json["id"], reply.headers["request-id"]]
                seen += [block["id"] for block in reply.json["content"]]
    assert len(set(seen)) == len(seen) == 16


def test_thinking_comes_before_the_text() -> None:
    """A thinking block streams its text and then its signature, in a block before the answer."""
    _, events = streamed(Turn(thinking="hm", text="yes"))
    kinds = [one["content_block"]["type"] for one in events if "content_block" in one]
    assert kinds == ["thinking", "text"]
    deltas = [one["delta"]["type"] for one in events if one["type"] == "content_block_delta"]
    assert deltas == ["thinking_delta", "signature_delta", "text_delta"]


def test_thinking_blocks_and_betas_in_a_request_are_no_trouble() -> None:
    """What newer clients send along is recorded and answered."""
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    body = asking(thinking={"type": "adaptive"}, output_config={"effort": "low"})
    body["messages"] = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": [thought]},
        {"role": "user", "content": [{"type": "text", "text": "two"}]},
    ]
    with LoopbackProvider([Turn(text="ok")]) as provider:
        reply = ask(provider, MESSAGES + "?beta=true", body)
        (request,) = provider.requests
    assert reply.status == 200
    assert (request.path, request.last) == (MESSAGES, "two")


def test_tokens_are_counted_by_size() -> None:
    """Counting plays no turn, and more text counts for more."""
    with LoopbackProvider([Turn(text="kept")]) as provider:
        counts = [
            ask(provider, MESSAGES + "/count_tokens", asking("x" * size)).json["input_tokens"]
            for size in (10, 1000)
        ]
        assert provider.played == ()
    assert 0 < counts[0] < counts[1] - 200


def test_models_are_listed_in_the_clients_words() -> None:
    """With Anthropic's version header the list is Anthropic's, with the first and last id."""
    with LoopbackProvider(models=("a", "b")) as provider:
        listed = ask(provider, "/v1/models", headers={"anthropic-version": "2023-06-01"}).json
    assert [one["id"] for one in listed["data"]] == ["a", "b"]
    assert (listed["first_id"], listed["last_id"], listed["has_more"]) == ("a", "b", False)


def test_a_probe_of_the_root_is_answered() -> None:
    """HEAD and GET of / say that somebody listens; HEAD has no body."""
    with LoopbackProvider() as provider:
        head, get = (ask(provider, "/", method=method) for method in ("HEAD", "GET"))
    assert (head.status, head.text) == (200, "")
    assert (get.status, get.json) == (200, {"loopback": True})
