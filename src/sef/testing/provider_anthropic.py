"""A turn in the words of the Anthropic Messages API: a JSON body, or a stream of events.

`mark` is what tells the ids of one answer from those of all others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sef.testing.provider_request import Request
from sef.testing.provider_turns import Turn, Used

Json = dict[str, object]
_PIECE = 40


def message(turn: Turn, request: Request, mark: str) -> Json:
    """The body of an answer that is not streamed.

    A tool input that is not JSON cannot be part of a JSON body, so there it is a string.
    """
    said = _frame(turn, request, mark)
    said["content"] = [*_texts(turn), *_calls(turn, mark)]
    said["stop_reason"] = turn.stopped
    return said


def events(turn: Turn, request: Request, mark: str) -> Iterator[tuple[str, Json]]:
    """The events of a streamed answer, (name, data), in the order of the API."""
    begun = _frame(turn, request, mark)
    begun["usage"] = usage(turn.used) | {"output_tokens": 1}
    yield "message_start", {"type": "message_start", "message": begun}
    yield "ping", {"type": "ping"}
    blocks = [(block, _pieces(block)) for block in _texts(turn)]
    blocks += [(block, _json_pieces(block)) for block in _calls(turn, mark)]
    for index, (block, deltas) in enumerate(blocks):
        yield from _block(index, block, deltas)
    yield (
        "message_delta",
        {
            "type": "message_delta",
            "delta": {"stop_reason": turn.stopped, "stop_sequence": None},
            "usage": usage(turn.used),
        },
    )
    yield "message_stop", {"type": "message_stop"}


def usage(used: Used) -> Json:
    """The usage object, with cache writes in sum and by life time."""
    return {
        "input_tokens": used.input_tokens,
        "cache_creation_input_tokens": used.cache_write_tokens,
        "cache_read_input_tokens": used.cache_read_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": used.cache_write_5m_tokens,
            "ephemeral_1h_input_tokens": used.cache_write_1h_tokens,
        },
        "output_tokens": used.output_tokens,
        "service_tier": "standard",
    }


def error(kind: str, said: str, mark: str) -> Json:
    """The body of an answer with an error status."""
    return {
        "type": "error",
        "error": {"type": kind, "message": said},
        "request_id": request_id(mark),
    }


def counted(request: Request) -> Json:
    """What count_tokens answers: a quarter of the bytes of what was sent, at least 1."""
    return {"input_tokens": max(1, int(request.headers.get("content-length", "0")) // 4)}


def request_id(mark: str) -> str:
    """The id of an answer as a header and errors carry it."""
    return f"req_{mark}"


def _frame(turn: Turn, request: Request, mark: str) -> Json:
    return {
        "id": f"msg_{mark}",
        "type": "message",
        "role": "assistant",
        "model": turn.model or request.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage(turn.used),
    }


def _texts(turn: Turn) -> list[Json]:
    blocks: list[Json] = []
    if turn.thinking:
        blocks.append({"type": "thinking", "thinking": turn.thinking, "signature": "loopback"})
    if turn.text:
        blocks.append({"type": "text", "text": turn.text})
    return blocks


def _calls(turn: Turn, mark: str) -> list[Json]:
    return [
        {
            "type": "tool_use",
            "id": f"toolu_{mark}_{index}",
            "name": name,
            "input": dict(given) if isinstance(given, Mapping) else _parsed_or_raw(given),
        }
        for index, (name, given) in enumerate(turn.calls)
    ]


def _parsed_or_raw(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _block(index: int, block: Json, deltas: Iterator[Json]) -> Iterator[tuple[str, Json]]:
    empty = block | {"thinking": {"thinking": "", "signature": ""}, "text": {"text": ""}}.get(
        str(block["type"]), {"input": {}}
    )
    start: Json = {"type": "content_block_start", "index": index, "content_block": empty}
    yield "content_block_start", start
    for delta in deltas:
        yield (
            "content_block_delta",
            {"type": "content_block_delta", "index": index, "delta": delta},
        )
    yield "content_block_stop", {"type": "content_block_stop", "index": index}


def _pieces(block: Json) -> Iterator[Json]:
    kind = str(block["type"])
    for piece in cut(str(block[kind])):
        yield {"type": f"{kind}_delta", kind: piece}
    if kind == "thinking":
        yield {"type": "signature_delta", "signature": block["signature"]}


def _json_pieces(block: Json) -> Iterator[Json]:
    given = block["input"]
    for piece in cut(given if isinstance(given, str) else json.dumps(given)):
        yield {"type": "input_json_delta", "partial_json": piece}


def cut(text: str) -> Iterator[str]:
    """The text in pieces of 40 characters."""
    return (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))


def models(names: tuple[str, ...]) -> Json:
    """What GET /v1/models answers."""
    listed = [
        {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
        for name in names
    ]
    ends = {"first_id": names[0], "last_id": names[-1]} if names else {}
    return {"data": listed, "has_more": False, "first_id": None, "last_id": None} | ends
