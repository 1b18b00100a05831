"""Which turn a request gets, what is recorded of it, and how the loopback provider ends."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from asking import COMPLETIONS, MESSAGES, ask, asking, connect

from sef.testing import provider as module
from sef.testing.provider import LARGEST_BODY, LoopbackProvider, Request, Turn

ROOT = b'{"loopback": true}'


def said(provider: LoopbackProvider, **more: object) -> str:
    return ask(provider, MESSAGES, asking(**more)).json["content"][0]["text"]


def for_model(name: str) -> Callable[[Request], bool]:
    return lambda request: request.model == name


def test_turns_are_played_in_order() -> None:
    """Each turn answers one request, the first first."""
    with LoopbackProvider([Turn(text="one"), Turn(text="two")]) as provider:
        assert [said(provider), said(provider)] == ["one", "two"]


def test_a_request_without_a_turn_is_refused_for_good() -> None:
    """An exhausted script gives status 400, which no client tries again."""
    with LoopbackProvider([Turn(text="one")]) as provider:
        said(provider)
        reply = ask(provider, MESSAGES, asking())
    assert (reply.status, reply.json["error"]["type"]) == (400, "invalid_request_error")
    assert "no turn" in reply.json["error"]["message"]


def test_turns_wait_for_the_requests_they_are_for() -> None:
    """With `when`, conversations that overlap get their own turns, each in its order."""
    script = [
        Turn(text="big 1", when=for_model("big")),
        Turn(text="small 1", when=for_model("small")),
        Turn(text="big 2", when=for_model("big")),
        Turn(text="small 2", when=for_model("small")),
    ]
    with LoopbackProvider(script) as provider:
        order = ("small", "small", "big", "big")
        assert [said(provider, model=name) for name in order] == [
            "small 1",
            "small 2",
            "big 1",
            "big 2",
        ]
        assert provider.unplayed == ()


def test_a_turn_may_be_played_more_than_once() -> None:
    """`times` is how often; the script goes on after that, and `otherwise` never ends."""
    script = [Turn(text="twice", times=2), Turn(text="once")]
    with LoopbackProvider(script, otherwise=Turn(text="always")) as provider:
        assert [said(provider) for _ in range(5)] == ["twice", "twice", "once", "always", "always"]


def test_what_was_not_played_is_told() -> None:
    """Turns left over show a client that asked less than was expected."""
    late = Turn(text="late")
    with LoopbackProvider([Turn(text="one"), late]) as provider:
        said(provider)
        assert provider.unplayed == (late,)


def test_a_matcher_sees_system_prompt_model_tools_and_last_message() -> None:
    """Both APIs' requests are read by the same names; instructions are not the last message."""
    with LoopbackProvider(otherwise=Turn(text="ok")) as provider:
        tool = {"name": "read", "input_schema": {}}
        body = asking(system=[{"type": "text", "text": "Be brief."}], tools=[tool])
        ask(provider, MESSAGES, body)
        told = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "hi"},
            {"role": "developer", "content": "Now."},
        ]
        tool = {"type": "function", "function": {"name": "read"}}
        ask(provider, COMPLETIONS, asking() | {"messages": told, "tools": [tool]})
        one, two = provider.requests
    assert (one.system, two.system) == ("Be brief.", "Be brief.\nNow.")
    for request in (one, two):
        assert (request.model, request.tools, request.last) == ("m-1", ("read",), "hi")


def test_the_result_of_a_tool_is_a_last_message() -> None:
    """Text inside a tool_result block is found, however the block holds it."""
    result = {"type": "tool_result", "tool_use_id": "x"}
    blocks = [result | {"content": "one"}, result | {"content": [{"type": "text", "text": "two"}]}]
    with LoopbackProvider(otherwise=Turn(text="ok")) as provider:
        ask(provider, MESSAGES, asking() | {"messages": [{"role": "user", "content": blocks}]})
        assert provider.requests[0].last == "one\ntwo"


def test_keys_are_not_recorded() -> None:
    """Headers that carry a key are there without it, and a query is dropped."""
    keys = {"x-api-key": "canary", "Authorization": "Bearer canary", "Cookie": "canary"}
    with LoopbackProvider(otherwise=Turn(text="ok")) as provider:
        ask(provider, MESSAGES + "?key=canary", asking(), headers=keys | {"X-Other": "kept"})
        (request,) = provider.requests
    assert "canary" not in str(request)
    assert request.headers["authorization"] == "[redacted]"
    assert request.headers["x-other"] == "kept"


def test_an_unknown_address_is_answered_and_noted() -> None:
    """404 with JSON, and the request is among the unknown ones."""
    with LoopbackProvider() as provider:
        reply = ask(provider, "/v1/elsewhere", asking())
        assert (reply.status, reply.json["error"]["type"]) == (404, "not_found_error")
        assert [(one.method, one.path) for one in provider.unknown] == [("POST", "/v1/elsewhere")]


def test_requests_over_many_connections_are_all_recorded() -> None:
    """Forty clients at once get forty different turns, and each request is recorded once."""
    script = [Turn(text=str(number)) for number in range(40)]
    with LoopbackProvider(script) as provider, ThreadPoolExecutor(40) as clients:
        got = list(clients.map(lambda number: said(provider, text=str(number)), range(40)))
        assert sorted(got, key=int) == [str(number) for number in range(40)]
        assert {one.last for one in provider.requests} == set(got)
        times = [one.at for one in provider.requests]
    assert all(0 <= one < 60 for one in times)


def test_a_connection_is_used_again() -> None:
    """Answers whole and streamed, and one without a body, come over one connection."""
    with LoopbackProvider(otherwise=Turn(text="ok")) as provider:
        connection = connect(provider)
        for stream in ("true", "false"):
            body = f'{{"model": "m", "stream": {stream}}}'
            connection.request("POST", MESSAGES, body)
            assert "ok" in connection.getresponse().read().decode()
        for method in ("HEAD", "GET"):
            connection.request(method, "/")
            # http.client reads no body after HEAD: one that was sent would spoil the next answer.
            assert connection.getresponse().read() == (b"" if method == "HEAD" else ROOT)
        connection.close()


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"[1, 2]", {}, 400),
        (b"{", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"{}", {"Content-Length": str(LARGEST_BODY + 1)}, 413),
        (b"{}", {"Content-Length": "many"}, 411),
        (b"{}", {"Transfer-Encoding": "chunked"}, 411),
    ],
    ids=["a list", "cut off", "deep", "too large", "no length", "chunked"],
)
def test_bodies_that_are_not_taken(body: bytes, headers: dict[str, str], status: int) -> None:
    """What is no JSON object, or too large, is refused and not recorded."""
    with LoopbackProvider(otherwise=Turn(text="ok")) as provider:
        assert ask(provider, MESSAGES, body, headers=headers).status == status
        assert provider.requests == ()


def test_the_records_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the largest record a request is answered 503 and not kept."""
    monkeypatch.setattr(module, "LARGEST_RECORD", 5_000)
    with LoopbackProvider(otherwise=Turn(text="ok")) as provider:
        statuses = [ask(provider, MESSAGES, asking()).status for _ in range(4)]
        assert len(provider.requests) == 2
    assert statuses == [200, 200, 503, 503]


def test_a_matcher_that_raises_ends_the_test() -> None:
    """What goes wrong in a `when` is raised where the block ends, not lost in a thread."""
    wrong = Turn(when=lambda request: bool(request.body["nothing"]))
    with (
        pytest.raises(KeyError),
        LoopbackProvider([wrong]) as provider,
        pytest.raises(OSError, match=r".*"),
    ):
        ask(provider, MESSAGES, asking())


def _half_a_request(provider: LoopbackProvider) -> socket.socket:
    return _sent(provider, b"POST /v1/messages HTTP/1.1\r\nContent-Length: 99\r\n\r\n{")


def _nothing(provider: LoopbackProvider) -> socket.socket:
    return _sent(provider, b"")


def _waits(provider: LoopbackProvider) -> socket.socket:
    return _sent(provider, _whole(b'{"model": "late"}'))


def _does_not_read(provider: LoopbackProvider) -> socket.socket:
    return _sent(provider, _whole(b'{"model": "long", "stream": true}'))


def _whole(body: bytes) -> bytes:
    return b"POST /v1/messages HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _read_to_its_end(connection: socket.socket) -> None:
    """Raises TimeoutError where the other side does not end the connection."""
    connection.settimeout(1)
    try:
        while connection.recv(1_000_000):
            pass
    except ConnectionResetError:
        # Ended with data under way: an end too.
        pass
    finally:
        connection.close()


def _sent(provider: LoopbackProvider, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", urlsplit(provider.url).port or 0))
    connection.sendall(data)
    return connection


@pytest.mark.parametrize("hang", [_nothing, _half_a_request, _waits, _does_not_read])
def test_it_ends_within_a_second_whatever_clients_do(
    hang: Callable[[LoopbackProvider], socket.socket],
) -> None:
    """Clients that hang are dropped when the block ends, and nobody listens after that."""
    script = [
        Turn(text="late", delay_s=60, when=for_model("late"), times=None),
        Turn(text="x" * 20_000_000, when=for_model("long"), times=None),
    ]
    before = set(threading.enumerate())
    with LoopbackProvider(script) as provider:
        clients = [hang(provider) for _ in range(5)]
        time.sleep(0.2)
        began = time.monotonic()
    for one in clients:
        _read_to_its_end(one)
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()
    assert time.monotonic() - began < 10
    with pytest.raises(OSError, match=r".*"):
        connect(provider).request("GET", "/")


def test_it_listens_on_loopback_only() -> None:
    """The address is 127.0.0.1, and a port of its own for each provider."""
    with LoopbackProvider() as one, LoopbackProvider() as two:
        hosts = {urlsplit(provider.url).hostname for provider in (one, two)}
        assert (hosts, one.url != two.url) == ({"127.0.0.1"}, True)
        with pytest.raises(OSError, match=r".*"):
            socket.create_connection(("127.0.0.2", urlsplit(one.url).port or 0), timeout=1)


def test_the_doubles_do_not_import_a_server() -> None:
    """Whoever imports `sef.testing` does not pay for the provider."""
    code = "import sys, sef.testing; print('http.server' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
