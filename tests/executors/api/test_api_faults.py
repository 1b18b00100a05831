"""Every fault of a provider ends in a defined way, on both wires; so do being called off and long histories."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from api_runs import DONE, MODEL, WIRES, Bench, made

from conftest import gone
from sef.errors import DraftFailure, Transient, UsageError
from sef.executors.settings import Limits
from sef.steps import same_model
from sef.testing.provider import FAULTS, LoopbackProvider, Refused, Turn, Used

PASSING = {
    "rate limited": (429, 0),
    "overloaded": (529, 0),
    "server error": (500, 0),
    "stream cut": (None, None),
    "connection reset": (None, None),
    "garbage JSON": (None, None),
    "wrong content type": (None, None),
}
"""Those that may pass: the status, and the price of the request (None is unknown)."""
FINAL = {"max_tokens": "longest output", "refusal": "refused"}
TOLD = {"malformed tool input", "unknown tool"}
SERVED = {"another model", "slow first byte"}


@pytest.fixture
def bench(repository: Callable[[dict[str, str]], Path], tmp_path: Path) -> Bench:
    return made(repository, tmp_path)


def test_every_fault_has_its_test() -> None:
    """The four tables here are all faults there are."""
    assert {*PASSING, *FINAL, *TOLD, *SERVED} == set(FAULTS)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", PASSING)
def test_what_may_pass_is_transient(bench: Bench, wire: str, name: str) -> None:
    """It is asked once, booked once, and left to the line to ask again."""
    status, cost = PASSING[name]
    with LoopbackProvider([FAULTS[name], DONE]) as provider, pytest.raises(Transient) as caught:
        asyncio.run(bench.run(provider, wire))
    assert len(provider.requests) == 1
    (step,) = bench.steps
    assert step.failed
    assert str(status or "") in step.failed
    assert step.usage.cost_usd == cost
    assert caught.value.usage is not None
    assert caught.value.usage.cost_usd == cost


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", PASSING)
def test_the_line_may_ask_again(bench: Bench, wire: str, name: str) -> None:
    """Each time is a request of its own, and what failed before is in the sum."""
    from sef.executors.api import transient

    faults = []

    async def asking(send, *, assignment, tokens):
        try:
            return await send()
        except Exception as error:
            faults.append(transient(error))
            return await send()

    with LoopbackProvider([FAULTS[name], DONE]) as provider:
        run = asyncio.run(bench.run(provider, wire, asking=asking))
    status, cost = PASSING[name]
    (fault,) = faults
    assert fault.status == status
    assert fault.retry_after_s == (1 if name == "rate limited" else None)
    assert run.proposal.usage.requests == 2
    assert [bool(one.failed) for one in run.models] == [True, False]
    assert (run.proposal.usage.cost_usd is None) == (cost is None)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", FINAL)
def test_what_the_model_would_not_end_is_final(bench: Bench, wire: str, name: str) -> None:
    """A refusal and an answer that was cut fail the draft; they are paid."""
    with (
        LoopbackProvider([FAULTS[name], DONE]) as provider,
        pytest.raises(DraftFailure, match=FINAL[name]) as caught,
    ):
        asyncio.run(bench.run(provider, wire))
    assert not isinstance(caught.value, Transient)
    assert len(provider.requests) == 1
    assert caught.value.usage is not None
    assert caught.value.usage.cost_usd


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("tool", ["read_file", "hand_back"])
def test_malformed_input_is_told_to_the_model(bench: Bench, wire: str, tool: str) -> None:
    """It may try again; both requests are booked."""
    turn = replace(FAULTS["malformed tool input"], calls=((tool, '{"path": '),))
    with LoopbackProvider([turn, DONE]) as provider:
        run = asyncio.run(bench.run(provider, wire))
    assert len(run.models) == 2
    assert [one.failed for one in run.tools] == ([True] if tool == "read_file" else [])


@pytest.mark.parametrize("wire", WIRES)
def test_an_unknown_tool_is_told_to_the_model(bench: Bench, wire: str) -> None:
    """With the names of those that there are."""
    with LoopbackProvider([FAULTS["unknown tool"], DONE]) as provider:
        run = asyncio.run(bench.run(provider, wire))
    assert "read_file" in provider.requests[1].last
    assert [(one.name, one.failed) for one in run.tools] == [("NoSuchTool", True)]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("call", [("NoSuchTool", {}), ("read_file", '{"path": ')])
def test_nonsense_without_end_fails(bench: Bench, wire: str, call: tuple) -> None:
    """A model that does nothing else is not asked for ever."""
    with (
        LoopbackProvider([Turn(calls=(call,), times=None)]) as provider,
        pytest.raises(DraftFailure, match="no hand-back"),
    ):
        asyncio.run(bench.run(provider, wire))
    assert len(provider.requests) <= 7


@pytest.mark.parametrize("wire", WIRES)
def test_another_model_is_told_as_it_is(bench: Bench, wire: str) -> None:
    """Who was asked for and who is billed differ in the step."""
    turn = replace(FAULTS["another model"], text="", calls=DONE.calls)
    with LoopbackProvider([turn]) as provider:
        run = asyncio.run(bench.run(provider, wire))
    (step,) = run.models
    assert (step.requested, step.billed) == (MODEL, "another-model")
    assert not same_model(step.requested, step.billed)
    assert run.proposal.usage.model == "another-model"


@pytest.mark.slow
@pytest.mark.parametrize("wire", WIRES)
def test_a_slow_first_byte_is_waited_for(bench: Bench, wire: str) -> None:
    """The stage's deadline is the caller's."""
    turn = replace(FAULTS["slow first byte"], text="", calls=DONE.calls)
    with LoopbackProvider([turn]) as provider:
        run = asyncio.run(bench.run(provider, wire))
    assert run.models[0].usage.seconds >= 2


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_other_refusals_of_a_request_are_final(bench: Bench, wire: str, status: int) -> None:
    """Asking the same again would be answered the same; nothing is billed."""
    turn = Turn(fault=Refused(status=status, kind="invalid_request_error"))
    with (
        LoopbackProvider([turn, DONE]) as provider,
        pytest.raises(DraftFailure, match=str(status)) as caught,
    ):
        asyncio.run(bench.run(provider, wire))
    assert not isinstance(caught.value, Transient)
    assert len(provider.requests) == 1
    assert caught.value.usage is not None
    assert caught.value.usage.cost_usd == 0


def test_nobody_there_is_transient(bench: Bench) -> None:
    """A connection that is refused costs nothing."""
    with LoopbackProvider() as provider:
        gone = bench.settings(provider, "anthropic").base_url
    with pytest.raises(Transient) as caught:
        asyncio.run(bench.run(provider, base_url=gone))
    assert caught.value.usage is not None
    assert caught.value.usage.cost_usd == 0


def test_a_stream_that_ends_without_a_reason_is_cut(bench: Bench) -> None:
    """Half of an answer is not taken for the whole, although the connection ended in order."""
    from pydantic_ai.models.function import FunctionModel

    from sef.executors.api.asked import AskedModel
    from sef.executors.api.meter import Meter
    from sef.executors.api.seams import at_once

    async def half(messages, info):
        yield "half of"

    given = bench.assignment()
    with LoopbackProvider() as provider:
        settings = bench.settings(provider, "anthropic")
    model = AskedModel(
        FunctionModel(stream_function=half),
        settings,
        meter=Meter(settings, given.report),
        asking=at_once,
        assignment=given,
        streams=True,
    )
    from pydantic_ai.messages import ModelRequest
    from pydantic_ai.models import ModelRequestParameters

    asked = model.request([ModelRequest.user_text_prompt("x")], None, ModelRequestParameters())
    with pytest.raises(Transient, match="could not be read"):
        asyncio.run(asked)
    assert bench.steps[0].failed


@pytest.mark.slow
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("what", ["request", "command", "jailed command"])
def test_called_off_it_ends_at_once(bench: Bench, wire: str, what: str) -> None:
    """Within 0.1 s: the open request is told, no process is left."""
    if what == "jailed command":
        bench.jailed()
    command = "sleep 3881 & sleep 3882"
    turn = (
        Turn(delay_s=30)
        if what == "request"
        else Turn(calls=(("run_command", {"command": command}),))
    )

    async def called_off(provider: LoopbackProvider) -> float:
        task = asyncio.create_task(bench.run(provider, wire))
        while not (running(b"sleep\x00388") if what != "request" else provider.requests):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - began

    with LoopbackProvider([turn, DONE]) as provider:
        took = asyncio.run(called_off(provider))
    assert took < 5  # how soon is measured by the benchmark
    assert gone(lambda: running(b"sleep\x00388"))
    last = bench.steps[-1]
    assert last.requested == MODEL
    assert bool(last.failed) == (what == "request")
    assert last.usage.cost_usd is None or not last.failed


def running(words: bytes) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            # One that was killed and not yet waited for has no command line.
            found += [path.parent.name] if words in path.read_bytes() else []
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.parametrize("wire", WIRES)
def test_a_long_history_stays_below_the_price_cliff(bench: Bench, wire: str) -> None:
    """Forty files of 27 000 characters: no request passes 100 000 prompt tokens, the task stays, and every call keeps its result."""
    (bench.fork / "big.txt").write_text("some words of a file\n" * 1300)
    read = (("read_file", {"path": "big.txt"}),)

    def size(request) -> int:
        """A token is three bytes here."""
        return int(request.headers["content-length"]) // 3

    def turn(thousand: int) -> Turn:
        return Turn(
            calls=read,
            used=Used(input_tokens=1000 * thousand),
            when=lambda request: size(request) // 1000 == thousand,
            times=None,
        )

    seen: list[int] = []

    def enough(request: object) -> bool:
        seen.append(1)
        return len(seen) > 40

    script = (replace(DONE, when=enough), *(turn(number) for number in range(500)))
    with LoopbackProvider(script) as provider:
        run = asyncio.run(bench.run(provider, wire, limits=Limits(tokens=10**8)))
    assert len(run.models) == 41
    sizes = [size(one) for one in provider.requests]
    assert 60_000 < max(sizes) < 100_000
    for one in provider.requests:
        assert "Do it." in str(one.body["messages"][:2])
        words = str(one.body["messages"])
        calls = words.count("'type': 'tool_use'") + words.count("'type': 'function'")
        assert calls == words.count("'type': 'tool_result'") + words.count("'role': 'tool'")


@pytest.mark.slow
def test_importing_and_running_reaches_nothing_but_the_provider(bench: Bench) -> None:
    """No telemetry, no look for updates: every connection of a process goes to the loopback provider."""
    code = f"""
import socket, sys, asyncio
real, seen = socket.socket.connect, []
def connect(sock, address):
    seen.append(address); return real(sock, address)
socket.socket.connect = connect
socket.getaddrinfo = lambda host, port, *a, _old=socket.getaddrinfo, **k: (seen.append((host, port)), _old(host, port, *a, **k))[1]
sys.path[:0] = {sys.path!r}
from pathlib import Path
from api_runs import Bench, DONE
from sef.testing.provider import LoopbackProvider
with LoopbackProvider([DONE]) as provider:
    asyncio.run(Bench(main=Path({str(bench.main)!r}), fork=Path({str(bench.fork)!r})).run(provider))
    port = int(provider.url.rpartition(":")[2])
seen = [(str(one[0]), int(one[1])) for one in seen if isinstance(one, tuple)]
assert seen and set(seen) == {{("127.0.0.1", port)}}, seen
assert "logfire" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_variables_of_the_environment_say_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither another key, nor another address, nor headers that were meant for a vendor."""
    for name in ("ANTHROPIC", "OPENAI"):
        monkeypatch.setenv(f"{name}_API_KEY", "canary")
        monkeypatch.setenv(f"{name}_BASE_URL", "http://127.0.0.1:9")
        monkeypatch.setenv(f"{name}_CUSTOM_HEADERS", "X-Canary: canary")
        monkeypatch.setenv(f"{name}_AUTH_TOKEN", "canary")
        monkeypatch.setenv(f"{name}_ORG_ID", "canary")
        monkeypatch.setenv(f"{name}_PROJECT_ID", "canary")
    heard: list[bytes] = []
    for wire in WIRES:
        heard.append(asyncio.run(_headers(bench, wire)))
    assert all(heard)
    assert not any(b"canary" in one.lower() for one in heard)


@pytest.mark.parametrize("wire", WIRES)
def test_a_redirect_is_not_followed(bench: Bench, wire: str) -> None:
    """The key would go along to whoever is named."""
    with LoopbackProvider([DONE]) as elsewhere:
        answer = f"307 go\r\nLocation: {elsewhere.url}/v1/messages"
        assert asyncio.run(_headers(bench, wire, answer))
        assert not elsewhere.requests


async def _headers(bench: Bench, wire: str, answer: str = "400 no") -> bytes:
    """What a request without a key sends, as it comes over the wire."""
    kept: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept.append(await reader.readuntil(b"\r\n\r\n"))
        head = f"HTTP/1.1 {answer}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
        writer.write(head.encode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    with LoopbackProvider() as provider, pytest.raises(DraftFailure):
        await bench.run(provider, wire, base_url=url, key=None)
    server.close()
    return b"".join(kept)


def test_a_missing_extra_is_told_when_the_executor_is_made(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the way out, not in the middle of a run."""
    from sef.executors.api import ApiExecutor, executor

    monkeypatch.setattr(executor, "NEEDED", ("no_such_package",))
    with LoopbackProvider() as provider, pytest.raises(UsageError, match=r"sef-framework\[api\]"):
        ApiExecutor(bench.settings(provider, "anthropic"), sandbox=bench.jail, variables={})


def test_an_address_that_nobody_knows_is_asked_for(bench: Bench) -> None:
    """A provider without a place of its own needs base_url."""
    from sef.executors.api import ApiExecutor

    with LoopbackProvider() as provider:
        settings = bench.settings(provider, "vllm", base_url=None)
    with pytest.raises(UsageError, match="base_url"):
        ApiExecutor(settings, sandbox=bench.jail, variables={})


@pytest.mark.parametrize("wire", WIRES)
def test_names_from_outside_are_bounded(bench: Bench, wire: str) -> None:
    """A model's name and a tool's have no control codes, and a hundred characters at most."""
    long = "\x1b[31m" + "n" * 5_000
    script = [replace(DONE, model=long, calls=((long, {}),)), DONE]
    with LoopbackProvider(script) as provider:
        run = asyncio.run(bench.run(provider, wire))
    said = [run.models[0].billed or "", run.tools[0].name]
    assert said == ["n" * 99 + "…"] * 2
