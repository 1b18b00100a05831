"""A run of the api executor over both wires: turns, tools, the hand-back, what is booked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from api_runs import DONE, FORM, KEY, MODEL, WIRES, Bench, made

from sef.agents import definition
from sef.errors import DraftFailure
from sef.executors.settings import Limits
from sef.model import Effort, Kind, Match, Tier
from sef.prices import PriceTable, Tokens
from sef.testing.provider import LoopbackProvider, Turn, Used

HEADINGS = "## Result\nAll is well.\n## Files read\n- a.py:1\n## Doubts\nnone\n"


@pytest.fixture
def bench(repository: Callable[[dict[str, str]], Path], tmp_path: Path) -> Bench:
    return made(repository, tmp_path)


@pytest.mark.parametrize("wire", WIRES)
def test_a_run_reads_writes_and_hands_back(bench: Bench, wire: str) -> None:
    """Three turns: a file is read, another is written, the form comes back."""
    script = [
        Turn(calls=(("read_file", {"path": "a.py"}),)),
        Turn(calls=(("write_file", {"path": "c.py", "content": "y = 2\n"}),)),
        DONE,
    ]
    with LoopbackProvider(script) as provider:
        run = asyncio.run(bench.run(provider, wire))
    first, second, third = provider.requests
    assert first.model == MODEL
    assert "Do it." in first.last
    assert definition(Kind.IMPLEMENT, Tier.STANDARD).prompt in first.system
    assert "x = 1" in second.last
    assert "c.py" in third.last
    assert (bench.fork / "c.py").read_text() == "y = 2\n"
    assert run.proposal.answer.text == "Done."
    assert run.proposal.answer.matches == (Match(path="a.py", line=1, text=""),)
    assert [(one.name, one.writes, one.failed) for one in run.tools] == [
        ("read_file", False, False),
        ("write_file", True, False),
    ]


@pytest.mark.parametrize("wire", WIRES)
def test_no_tool_is_forced_and_thinking_is_not_disabled(bench: Bench, wire: str) -> None:
    """Some models answer a forced tool, or `thinking: disabled`, with an error."""
    with LoopbackProvider([DONE]) as provider:
        asyncio.run(bench.run(provider, wire))
    body = provider.requests[0].body
    choice = body.get("tool_choice", "auto")
    assert choice in ("auto", {"type": "auto"})
    assert "disabled" not in str(body.get("thinking", ""))


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("text", [HEADINGS, "```json\n" + str(FORM).replace("'", '"') + "\n```"])
def test_a_plain_final_text_is_read_as_the_form(bench: Bench, wire: str, text: str) -> None:
    """Headings and a JSON object do as well as the tool, without another request."""
    with LoopbackProvider([Turn(text=text)]) as provider:
        run = asyncio.run(bench.run(provider, wire))
    assert len(provider.requests) == 1
    assert run.proposal.answer.matches[0].path == "a.py"


@pytest.mark.parametrize("wire", WIRES)
def test_the_form_is_asked_for_once_more(bench: Bench, wire: str) -> None:
    """A text that is no form is answered with what is wanted."""
    with LoopbackProvider([Turn(text="I am done!"), DONE]) as provider:
        run = asyncio.run(bench.run(provider, wire))
    assert "hand_back" in provider.requests[1].last
    assert run.proposal.answer.text == "Done."


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("turn", [Turn(text="I am done!"), Turn(calls=(("hand_back", {"a": 1}),))])
def test_without_a_hand_back_it_fails(bench: Bench, wire: str, turn: Turn) -> None:
    """After asking once more; both requests are paid and told."""
    with (
        LoopbackProvider([replace(turn, times=None)]) as provider,
        pytest.raises(DraftFailure, match="no hand-back") as caught,
    ):
        asyncio.run(bench.run(provider, wire))
    assert len(provider.requests) == 2
    assert caught.value.usage is not None
    assert caught.value.usage.requests == 2


def test_requests_are_booked_in_the_classes_that_are_billed(bench: Bench) -> None:
    """Cache writes by life time; the sum is that of the requests, at the price table's rates."""
    used = Used(
        input_tokens=1000,
        output_tokens=100,
        cache_read_tokens=10_000,
        cache_write_5m_tokens=2000,
        cache_write_1h_tokens=3000,
    )
    script = [Turn(calls=(("read_file", {"path": "a.py"}),), used=used), DONE]
    prices = PriceTable()
    with LoopbackProvider(script) as provider:
        run = asyncio.run(bench.run(provider, prices=prices))
    day = datetime.now(UTC).date()
    tokens = Tokens(
        input=1000, output=100, cache_read=10_000, cache_write_5m=2000, cache_write_1h=3000
    )
    first = run.models[0]
    assert first.usage.cost_usd == prices.price(tokens, MODEL, on=day, provider="anthropic")
    assert (first.usage.input_tokens, first.usage.output_tokens) == (1000, 100)
    assert (first.usage.cache_read_tokens, first.usage.cache_write_tokens) == (10_000, 5000)
    paid = sum((one.usage.cost_usd or Decimal(0) for one in run.models), Decimal(0))
    assert run.proposal.usage.cost_usd == paid > 0
    assert run.proposal.usage.requests == 2


def test_cached_tokens_of_chat_completions_are_no_input(bench: Bench) -> None:
    """There the prompt's tokens include those that the cache served."""
    turn = Turn(calls=DONE.calls, used=Used(input_tokens=700, cache_read_tokens=300))
    with LoopbackProvider([turn]) as provider:
        run = asyncio.run(bench.run(provider, "openai"))
    assert run.proposal.usage.input_tokens == 700
    assert run.proposal.usage.cache_read_tokens == 300


def test_an_unknown_price_is_unknown(bench: Bench) -> None:
    """A model that no table has costs None, never 0."""
    with LoopbackProvider([DONE]) as provider:
        run = asyncio.run(bench.run(provider, "vllm", model="my-own", prices=PriceTable()))
    assert run.proposal.usage.cost_usd is None
    assert run.proposal.usage.requests == 1


def test_the_prompt_is_marked_for_the_cache(bench: Bench) -> None:
    """At Anthropic: the tools, the instructions and the last message, four marks at most."""
    script = [Turn(calls=(("read_file", {"path": "a.py"}),)), DONE]
    with LoopbackProvider(script) as provider:
        asyncio.run(bench.run(provider))
    body = provider.requests[1].body
    assert "cache_control" in body["tools"][-1]
    assert "cache_control" in body["system"][-1]
    assert "cache_control" in body["messages"][-1]["content"][-1]
    assert 3 <= str(body).count("'cache_control'") <= 4


@pytest.mark.parametrize(
    ("wire", "model", "sent"),
    [
        ("anthropic", "claude-sonnet-5-5", {"output_config": {"effort": "high"}}),
        ("anthropic", "claude-haiku-4-5", {}),
        ("openai", "gpt-5.2", {"reasoning_effort": "high"}),
        ("openai", "gpt-4o", {}),
        ("ollama", "qwen2.5-coder:7b", {}),
    ],
)
def test_effort_is_sent_where_the_model_takes_it(
    bench: Bench, wire: str, model: str, sent: dict
) -> None:
    """In the words of each API, and not at all to a model that would refuse it."""
    with LoopbackProvider([DONE]) as provider:
        given = bench.assignment(effort=Effort.HIGH)
        asyncio.run(bench.run(provider, wire, assignment=given, model=model))
    body = provider.requests[0].body
    names = ("output_config", "reasoning_effort", "thinking")
    assert {name: body[name] for name in names if name in body} == sent


def test_ollama_needs_no_key_and_no_v1(bench: Bench) -> None:
    """Its address is the server's; what is asked is its chat completions."""
    with LoopbackProvider([DONE]) as provider:
        run = asyncio.run(bench.run(provider, "ollama", model="qwen2.5-coder:7b", key=None))
    assert provider.requests[0].path == "/v1/chat/completions"
    assert run.proposal.answer.text == "Done."


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("limits", "named"),
    [
        (Limits(requests=2), "2 requests"),
        (Limits(tokens=2000), "2000 tokens"),
        (Limits(usd=Decimal("0.002")), r"\$0.002"),
    ],
)
def test_crossing_a_limit_fails_and_names_it(
    bench: Bench, wire: str, limits: Limits, named: str
) -> None:
    """With the price of what was asked until then."""
    turn = Turn(calls=(("read_file", {"path": "a.py"}),), used=Used(input_tokens=1200), times=None)
    with LoopbackProvider([turn]) as provider, pytest.raises(DraftFailure, match=named) as caught:
        asyncio.run(bench.run(provider, wire, limits=limits))
    assert len(provider.requests) == 2
    assert caught.value.usage is not None
    assert caught.value.usage.cost_usd == Decimal("0.0025")


def test_what_a_report_raises_ends_the_attempt(bench: Bench) -> None:
    """The caller stops a draft that goes nowhere, from a model's step or a tool's."""

    async def stop(step: object) -> None:
        raise DraftFailure("stuck")

    with LoopbackProvider([replace(DONE, times=None)]) as provider:
        given = replace(bench.assignment(), report=stop)
        with pytest.raises(DraftFailure, match="stuck") as caught:
            asyncio.run(bench.run(provider, assignment=given))
    assert caught.value.usage is not None
    assert caught.value.usage.requests == 1


def test_a_tools_step_that_is_refused_ends_the_attempt(bench: Bench) -> None:
    """The model is not asked again."""
    from sef.steps import ToolStep

    async def stop(step: object) -> None:
        if isinstance(step, ToolStep):
            raise DraftFailure("the same call three times")

    turn = Turn(calls=(("read_file", {"path": "a.py"}),), times=None)
    with LoopbackProvider([turn]) as provider:
        given = replace(bench.assignment(), report=stop)
        with pytest.raises(DraftFailure, match="three times"):
            asyncio.run(bench.run(provider, assignment=given))
    assert len(provider.requests) == 1


def test_each_request_goes_through_the_line(bench: Bench) -> None:
    """With the assignment, for lane and rank, and the tokens that it is thought to have."""
    asked: list[tuple[str, int]] = []

    async def asking(send, *, assignment, tokens):
        asked.append((assignment.task.id, tokens))
        return await send()

    script = [
        Turn(calls=(("read_file", {"path": "a.py"}),), used=Used(input_tokens=5000)),
        DONE,
    ]
    with LoopbackProvider(script) as provider:
        asyncio.run(bench.run(provider, asking=asking))
    assert [name for name, _ in asked] == ["t", "t"]
    assert asked[1][1] >= 5000


def test_findings_and_paths_are_told(bench: Bench) -> None:
    """What earlier stages left stands in the first message."""
    given = replace(bench.assignment(), findings=("the tests were red",))
    with LoopbackProvider([DONE]) as provider:
        asyncio.run(bench.run(provider, assignment=given))
    assert "the tests were red" in provider.requests[0].last


@pytest.mark.parametrize("wire", WIRES)
def test_the_key_is_in_no_message(bench: Bench, wire: str) -> None:
    """Neither in a prompt nor among the settings, and not in an error of a provider that quotes it."""

    async def quoting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = f'{{"error": {{"message": "no such key: {KEY}", "type": "x"}}}}'
        head = f"HTTP/1.1 401 no\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        writer.write(f"{head}\r\nConnection: close\r\n\r\n{body}".encode())
        writer.close()

    async def asked(provider: LoopbackProvider) -> str:
        server = await asyncio.start_server(quoting, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(DraftFailure) as caught:
            await bench.run(provider, wire, base_url=url)
        server.close()
        return str(caught.value)

    with LoopbackProvider([DONE]) as provider:
        said = asyncio.run(asked(provider))
        asyncio.run(bench.run(provider, wire))
    assert "no such key" in said
    assert KEY not in said
    assert KEY not in str(provider.requests[0].body)
    assert KEY not in repr(bench.settings(provider, wire))


def test_prices_go_by_the_day_in_utc(bench: Bench) -> None:
    """The meter's day is today's."""
    from sef.executors.api.meter import today

    assert isinstance(today(), date)
    assert abs((today() - datetime.now(UTC).date()).days) <= 1
