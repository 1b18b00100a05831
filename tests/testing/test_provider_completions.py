"""The loopback provider as a client of OpenAI chat completions, or of Ollama, sees it."""

from __future__ import annotations

import json

import pytest
from asking import COMPLETIONS, Reply, ask, asking

from sef.testing.provider import LoopbackProvider, Turn, Used

CACHED = Used(input_tokens=7, output_tokens=9, cache_read_tokens=100, cache_write_5m_tokens=20)


def answered(turn: Turn, **more: object) -> Reply:
    with LoopbackProvider([turn]) as provider:
        return ask(provider, COMPLETIONS, asking(**more))


def test_an_answer_is_a_completion() -> None:
    """A request that is not streamed gets one choice of the model that it asked for."""
    said = answered(Turn(text="hello")).json
    assert (said["object"], said["model"]) == ("chat.completion", "m-1")
    (choice,) = said["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("hello", "stop")
    assert "tool_calls" not in choice["message"]


def test_cached_tokens_are_among_the_prompts() -> None:
    """The prompt's count holds what the cache served, which is told once more in the details."""
    usage = answered(Turn(text="hello", used=CACHED)).json["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (127, 9)
    assert usage["total_tokens"] == 136
    assert usage["prompt_tokens_details"]["cached_tokens"] == 100


@pytest.mark.parametrize(
    ("stop", "finished"),
    [("end_turn", "stop"), ("max_tokens", "length"), ("refusal", "content_filter")],
)
def test_why_it_stopped_is_said_in_the_apis_words(stop: str, finished: str) -> None:
    """The reasons of the Messages API become those of chat completions."""
    said = answered(Turn(text="so far", stop=stop)).json["choices"][0]
    assert said["finish_reason"] == finished
    refused = stop == "refusal"
    assert said["message"]["refusal" if refused else "content"] == "so far"
    assert said["message"]["content" if refused else "refusal"] is None


def test_a_tool_call_has_its_arguments_as_text() -> None:
    """Without text the content is null; the arguments are a JSON text."""
    (choice,) = answered(Turn(calls=(("read", {"path": "a"}),))).json["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    (call,) = choice["message"]["tool_calls"]
    assert (call["type"], call["function"]["name"]) == ("function", "read")
    assert json.loads(call["function"]["arguments"]) == {"path": "a"}


def test_a_stream_ends_with_its_mark() -> None:
    """Role, text in pieces, the reason, then [DONE]; usage only where it was asked for."""
    reply = answered(Turn(text="hello"), stream=True)
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.text.endswith("data: [DONE]\n\n")
    deltas = [one["choices"][0]["delta"] for one in reply.events]
    assert deltas[0]["role"] == "assistant"
    assert "".join(one.get("content", "") for one in deltas) == "hello"
    assert reply.events[-1]["choices"][0]["finish_reason"] == "stop"
    assert not any("usage" in one for one in reply.events)


def test_a_stream_tells_its_usage_where_asked() -> None:
    """With include_usage the last chunk has the usage and no choice."""
    reply = answered(
        Turn(text="hello", used=CACHED), stream=True, stream_options={"include_usage": True}
    )
    assert reply.events[-1]["choices"] == []
    assert reply.events[-1]["usage"]["prompt_tokens"] == 127


def test_streamed_arguments_make_the_whole() -> None:
    """A call begins with its name and id; pieces with the same index add up to its arguments."""
    calls = (("read", {"path": "a" * 60}), ("list", {}))
    reply = answered(Turn(calls=calls), stream=True)
    made: dict[int, list] = {}
    for one in reply.events:
        for part in one["choices"][0]["delta"].get("tool_calls", ()):
            held = made.setdefault(part["index"], [part.get("id"), "", ""])
            held[1] += part["function"].get("name", "")
            held[2] += part["function"]["arguments"]
    assert [(name, json.loads(given)) for _, name, given in made.values()] == list(calls)
    assert len({call_id for call_id, _, _ in made.values()} - {None}) == 2


def test_models_are_listed() -> None:
    """GET /v1/models names the models that the provider was given."""
    with LoopbackProvider(models=("a", "b")) as provider:
        listed = ask(provider, "/v1/models").json
    assert (listed["object"], [one["id"] for one in listed["data"]]) == ("list", ["a", "b"])


def test_it_can_be_taken_for_an_ollama_server() -> None:
    """/api/version says a version and /api/tags the models."""
    with LoopbackProvider(models=("qwen:7b",)) as provider:
        assert ask(provider, "/api/version").json["version"]
        (model,) = ask(provider, "/api/tags").json["models"]
    assert model["name"] == model["model"] == "qwen:7b"
