"""The HTTP of a loopback provider: reads requests, sends answers whole, in events, or broken."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Final
from urllib.parse import urlsplit

from sef.testing import provider_anthropic as anthropic
from sef.testing import provider_openai as openai
from sef.testing.provider_listener import Listener, ended
from sef.testing.provider_request import Request, parsed, redacted
from sef.testing.provider_turns import Cut, Garbage, Refused, Reset, Turn, WrongType

LARGEST_BODY: Final = 32_000_000
"""Bytes of a request; a larger one is answered 413, as the real API does."""
_JSON: Final = "application/json"
_EVENTS: Final = "text/event-stream; charset=utf-8"
_PAGE: Final = b"<!doctype html><title>Sign in</title><p>Please sign in.</p>"
_NO_JSON: Final = '{"id": "no end", "content": ['


class Exchange(BaseHTTPRequestHandler):
    """One connection: any number of requests, one after the other."""

    server: Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        self._exchange()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_CONNECT = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing: what came is in the provider's records."""

    def version_string(self) -> str:
        return "loopback"

    def _exchange(self) -> None:
        size = self.headers.get("Content-Length", "0")
        if not size.isdecimal() or "chunked" in self.headers.get("Transfer-Encoding", ""):
            return self._refuse(411, "a request needs its Content-Length")
        if int(size) > LARGEST_BODY:
            return self._refuse(413, f"a request has at most {LARGEST_BODY} bytes")
        try:
            body = parsed(self.rfile.read(int(size)))
        except ValueError as wrong:
            return self._refuse(400, str(wrong))
        path = urlsplit(self.path).path
        route = _ROUTES.get((self.command.replace("HEAD", "GET"), path))
        request = Request(
            method=self.command,
            path=path,
            headers=redacted(self.headers.items()),
            body=body,
            at=self.server.playing.seconds(),
        )
        mark = self.server.playing.recorded(request, int(size), known=route is not None)
        if mark is None:
            return self._refuse(503, "the provider's records are full")
        return route(self, request, mark) if route else self._unknown(request, mark)

    def messages(self, request: Request, mark: str) -> None:
        """POST /v1/messages."""

        def pieces(turn: Turn) -> Iterator[bytes]:
            for name, data in anthropic.events(turn, request, mark):
                yield f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()

        self._play(request, mark, lambda turn: anthropic.message(turn, request, mark), pieces)

    def completions(self, request: Request, mark: str) -> None:
        """POST /v1/chat/completions."""

        def pieces(turn: Turn) -> Iterator[bytes]:
            for data in openai.chunks(turn, request, mark):
                yield f"data: {json.dumps(data)}\n\n".encode()
            yield b"data: [DONE]\n\n"

        self._play(request, mark, lambda turn: openai.completion(turn, request, mark), pieces)

    def count(self, request: Request, mark: str) -> None:
        """POST /v1/messages/count_tokens."""
        self._say(200, anthropic.counted(request), mark)

    def list_models(self, request: Request, mark: str) -> None:
        """GET /v1/models, in the words of the API whose version header is there."""
        listed = anthropic.models if "anthropic-version" in request.headers else openai.models
        self._say(200, listed(self.server.playing.models()), mark)

    def tags(self, _: Request, mark: str) -> None:
        """GET /api/tags, as an Ollama server lists its models."""
        self._say(200, openai.tags(self.server.playing.models()), mark)

    def version(self, _: Request, mark: str) -> None:
        """GET /api/version, as an Ollama server says its own."""
        self._say(200, {"version": "0.0.0-loopback"}, mark)

    def root(self, _: Request, mark: str) -> None:
        """GET or HEAD /: somebody listens."""
        self._say(200, {"loopback": True}, mark)

    def _unknown(self, request: Request, mark: str) -> None:
        said = f"{request.method} {request.path} is not served here"
        self._say(404, _error(request, "not_found_error", said, mark), mark)

    def _play(
        self,
        request: Request,
        mark: str,
        whole: Callable[[Turn], anthropic.Json],
        pieces: Callable[[Turn], Iterator[bytes]],
    ) -> None:
        turn = self.server.playing.turn(request)
        if turn is None:
            said = f"the script has no turn for this request to {request.model}"
            return self._say(400, _error(request, "invalid_request_error", said, mark), mark)
        if turn.delay_s and not self.server.playing.slept(turn.delay_s):
            return self._end()
        if isinstance(turn.fault, Reset | Refused | WrongType):
            return self._fail(turn.fault, request, mark)
        if request.streamed:
            return self._stream(_broken(pieces(turn), turn), mark, turn.fault)
        body = json.dumps(whole(turn)) if not isinstance(turn.fault, Garbage) else _NO_JSON
        return self._send(200, _JSON, body.encode(), mark, cut=isinstance(turn.fault, Cut))

    def _fail(self, fault: Reset | Refused | WrongType, request: Request, mark: str) -> None:
        if isinstance(fault, Reset):
            # Closing with nothing lingering makes the kernel send a reset, not an end.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            # The listener would end it in order first.
            self.connection.close()
            return None
        if isinstance(fault, WrongType):
            return self._send(200, fault.content_type, _PAGE, mark)
        body = _error(request, fault.kind, "asked for by the script", mark)
        return self._say(fault.status, body, mark, retry_after_s=fault.retry_after_s)

    def _stream(self, pieces: Iterator[bytes], mark: str, fault: object) -> None:
        self.send_response(200)
        self._headers(_EVENTS, mark)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if isinstance(fault, Cut):
            # Without the last chunk the client can tell that it was cut.
            return self._end()
        self.wfile.write(b"0\r\n\r\n")
        return None

    def _refuse(self, status: int, said: str) -> None:
        # What was not read would be taken for the next request.
        self.close_connection = True
        body = anthropic.error("invalid_request_error", said, "refused")
        self._say(status, body, "refused")

    def _say(
        self, status: int, body: anthropic.Json, mark: str, retry_after_s: int | None = None
    ) -> None:
        self._send(status, _JSON, json.dumps(body).encode(), mark, retry_after_s=retry_after_s)

    def _send(
        self,
        status: int,
        kind: str,
        body: bytes,
        mark: str,
        *,
        retry_after_s: int | None = None,
        cut: bool = False,
    ) -> None:
        self.send_response(status)
        self._headers(kind, mark)
        self.send_header("Content-Length", str(len(body)))
        if retry_after_s is not None:
            self.send_header("Retry-After", str(retry_after_s))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self._end()

    def _headers(self, kind: str, mark: str) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("request-id", anthropic.request_id(mark))
        if self.close_connection:
            self.send_header("Connection", "close")

    def _end(self) -> None:
        self.close_connection = True
        ended(self.connection)


_ROUTES: Final[Mapping[tuple[str, str], Callable[[Exchange, Request, str], None]]] = {
    ("POST", "/v1/messages"): Exchange.messages,
    ("POST", "/v1/messages/count_tokens"): Exchange.count,
    ("POST", "/v1/chat/completions"): Exchange.completions,
    ("GET", "/v1/models"): Exchange.list_models,
    ("GET", "/api/tags"): Exchange.tags,
    ("GET", "/api/version"): Exchange.version,
    ("GET", "/"): Exchange.root,
}


def _broken(pieces: Iterator[bytes], turn: Turn) -> Iterator[bytes]:
    """The events of the stream as far as the turn's fault lets them be."""
    for number, piece in enumerate(pieces):
        if isinstance(turn.fault, Garbage):
            yield f"data: {_NO_JSON}\n\n".encode()
            return
        if isinstance(turn.fault, Cut) and number == turn.fault.after_events:
            yield piece[: len(piece) // 2]
            return
        yield piece


def _error(request: Request, kind: str, said: str, mark: str) -> anthropic.Json:
    if request.path.endswith("/chat/completions"):
        return openai.error(kind, said)
    return anthropic.error(kind, said, mark)
