"""A request as a loopback provider saw it, in the words that both APIs share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_SECRET: Final = frozenset(
    {"authorization", "x-api-key", "api-key", "cookie", "proxy-authorization", "x-goog-api-key"}
)
_REDACTED: Final = "[redacted]"
_INSTRUCTING: Final = ("system", "developer")
_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, with its key redacted."""

    method: str
    path: str
    """Without the query, which may carry a key."""
    headers: Mapping[str, str]
    """Names in lower case; the value of one that carries a key is "[redacted]"."""
    body: Mapping[str, object]
    """The JSON object that was sent; empty where there was none."""
    at: float
    """Seconds since the provider began to listen."""

    @property
    def model(self) -> str:
        """The model asked for; empty where none was named."""
        return str(self.body.get("model", ""))

    @property
    def streamed(self) -> bool:
        """True where the client asked for a stream of events."""
        return self.body.get("stream") is True

    @property
    def messages(self) -> tuple[Mapping[str, object], ...]:
        """The conversation, oldest first, as it was sent."""
        return tuple(_objects(self.body.get("messages")))

    @property
    def system(self) -> str:
        """All instructions: the Messages API's own field, and the messages with such a role."""
        told = [one for one in self.messages if one.get("role") in _INSTRUCTING]
        said = [_text(one.get("content")) for one in told]
        return "\n".join(filter(None, (_text(self.body.get("system")), *said)))

    @property
    def last(self) -> str:
        """The text of the last message that is no instruction, results of tools included."""
        said = [one for one in self.messages if one.get("role") not in _INSTRUCTING]
        return _text(said[-1].get("content")) if said else ""

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools that the model may call, in the order sent."""
        return tuple(_tool_name(tool) for tool in _objects(self.body.get("tools")))


def redacted(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """The headers by lower-case name, without the values that may be keys."""
    named = ((name.lower(), value) for name, value in headers)
    return MappingProxyType(
        {name: _REDACTED if name in _SECRET else value for name, value in named}
    )


def parsed(body: bytes) -> Mapping[str, object]:
    """The JSON object that a body holds. Raises ValueError where it holds none."""
    if not body:
        return MappingProxyType({})
    try:
        value = json.loads(body)
    except RecursionError as deep:
        raise ValueError("the body is nested too deeply") from deep
    if not isinstance(value, dict):
        raise ValueError("the body is not a JSON object")
    return MappingProxyType(value)


def _objects(value: object) -> list[Mapping[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _tool_name(tool: Mapping[str, object]) -> str:
    function = tool.get("function")
    named = function if isinstance(function, dict) else tool
    return str(named.get("name", ""))


def _text(content: object, depth: int = 0) -> str:
    """The text of a content field: a string, or blocks of which some hold text."""
    if isinstance(content, str):
        return content
    if depth == _DEEPEST:
        return ""
    said = [_text(one.get("text", one.get("content")), depth + 1) for one in _objects(content)]
    return "\n".join(filter(None, said))
