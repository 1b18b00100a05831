"""A turn in the words of OpenAI chat completions, as most other providers speak them too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from sef.testing.provider_anthropic import Json, cut
from sef.testing.provider_request import Request
from sef.testing.provider_turns import Turn, Used

_FINISHED: Final = MappingProxyType(
    {"tool_use": "tool_calls", "max_tokens": "length", "refusal": "content_filter"}
)


def completion(turn: Turn, request: Request, mark: str) -> Json:
    """The body of an answer that is not streamed."""
    calls = _calls(turn, mark)
    refused = turn.stopped == "refusal"
    said: Json = {
        "role": "assistant",
        "content": None if refused else (turn.text or None),
        "refusal": turn.text if refused else None,
    }
    if calls:
        said["tool_calls"] = calls
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": _finished(turn)}
    frame = _frame(turn, request, mark, "chat.completion")
    return frame | {"choices": [choice], "usage": usage(turn.used)}


def chunks(turn: Turn, request: Request, mark: str) -> Iterator[Json]:
    """The chunks of a streamed answer; that with the usage comes last, where it was asked for."""
    frame = _frame(turn, request, mark, "chat.completion.chunk")
    for delta in _deltas(turn, mark):
        yield frame | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield frame | {"choices": [{"index": 0, "delta": {}, "finish_reason": _finished(turn)}]}
    options = request.body.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        yield frame | {"choices": [], "usage": usage(turn.used)}


def usage(used: Used) -> Json:
    """The usage object; tokens read from a cache are among the prompt's."""
    return {
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.prompt_tokens + used.output_tokens,
        "prompt_tokens_details": {"cached_tokens": used.cache_read_tokens},
    }


def error(kind: str, said: str) -> Json:
    """The body of an answer with an error status."""
    return {"error": {"message": said, "type": kind, "param": None, "code": kind}}


def _frame(turn: Turn, request: Request, mark: str, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{mark}",
        "object": kind,
        "created": 0,
        "model": turn.model or request.model,
    }


def _finished(turn: Turn) -> str:
    return _FINISHED.get(turn.stopped, "stop")


def _calls(turn: Turn, mark: str) -> list[Json]:
    return [
        {"id": f"call_{mark}_{index}", "type": "function", "function": _function(name, given)}
        for index, (name, given) in enumerate(turn.calls)
    ]


def _function(name: str, given: Mapping[str, object] | str) -> dict[str, str]:
    text = given if isinstance(given, str) else json.dumps(dict(given))
    return {"name": name, "arguments": text}


def _deltas(turn: Turn, mark: str) -> Iterator[Json]:
    yield {"role": "assistant", "content": ""}
    field = "refusal" if turn.stopped == "refusal" else "content"
    for piece in cut(turn.text):
        yield {field: piece}
    for index, (name, given) in enumerate(turn.calls):
        begun = {"name": name, "arguments": ""}
        call = {"id": f"call_{mark}_{index}", "type": "function", "function": begun}
        yield {"tool_calls": [call | {"index": index}]}
        for piece in cut(_function(name, given)["arguments"]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def models(names: tuple[str, ...]) -> Json:
    """What GET /v1/models answers."""
    listed = [
        {"id": name, "object": "model", "created": 0, "owned_by": "loopback"} for name in names
    ]
    return {"object": "list", "data": listed}


def tags(names: tuple[str, ...]) -> Json:
    """What an Ollama server answers at /api/tags."""
    listed = [
        {"name": name, "model": name, "modified_at": "2026-01-01T00:00:00Z", "size": 0}
        for name in names
    ]
    return {"models": listed}
