"""Plain HTTP for the tests of the loopback provider: no client's cleverness in between."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sef.testing.provider import LoopbackProvider

MESSAGES = "/v1/messages"
COMPLETIONS = "/v1/chat/completions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response that arrived whole."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> dict:
        return json.loads(self.text)

    @property
    def events(self) -> list[dict]:
        """The data of the events of a stream, without the end mark of chat completions."""
        lines = [line for line in self.text.splitlines() if line.startswith("data: ")]
        return [json.loads(line[6:]) for line in lines if line != "data: [DONE]"]

    @property
    def names(self) -> list[str]:
        """The names of the events of a stream."""
        return [line[7:] for line in self.text.splitlines() if line.startswith("event: ")]


def connect(provider: LoopbackProvider) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(provider.url).netloc, timeout=10)


def ask(
    provider: LoopbackProvider,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    method: str | None = None,
) -> Reply:
    """One request over a connection of its own; the response, where it comes whole."""
    connection = connect(provider)
    try:
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
        connection.request(method or ("POST" if data else "GET"), path, data, dict(headers or {}))
        answer = connection.getresponse()
        given = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(status=answer.status, headers=given, text=answer.read().decode())
    finally:
        connection.close()


def asking(text: str = "hi", **more: object) -> dict:
    """The body of a request for an answer that both APIs understand."""
    said = {"role": "user", "content": text}
    return {"model": "m-1", "max_tokens": 99, "messages": [said]} | more
