"""The loopback provider as the vendors' own Python clients see it, where they are installed."""

from __future__ import annotations

import pytest

from sef.testing.provider import FAULTS, LoopbackProvider, Turn, Used

CACHED = Used(input_tokens=7, output_tokens=9, cache_read_tokens=100, cache_write_1h_tokens=3)
CALL = Turn(text="I look.", calls=(("read", {"path": "a" * 50}),), used=CACHED)
MESSAGES = [{"role": "user", "content": "hi"}]


@pytest.mark.slow
def test_anthropics_client_reads_streams_and_messages() -> None:
    """Text, tool input and cache tokens come out of its stream as out of its message."""
    anthropic = pytest.importorskip("anthropic")
    with LoopbackProvider([CALL, CALL]) as provider:
        client = anthropic.Anthropic(api_key="fake", base_url=provider.url)
        asked = {"model": "m", "max_tokens": 9, "messages": MESSAGES}
        whole = client.messages.create(**asked)
        with client.messages.stream(**asked) as stream:
            streamed = stream.get_final_message()
    for message in (whole, streamed):
        text, call = message.content
        assert (text.text, call.input) == ("I look.", {"path": "a" * 50})
        assert message.usage.output_tokens == 9
        assert message.usage.cache_creation.ephemeral_1h_input_tokens == 3


@pytest.mark.slow
def test_anthropics_client_raises_what_the_faults_are() -> None:
    """Each fault is the client's own error for it."""
    anthropic = pytest.importorskip("anthropic")
    errors = {
        "rate limited": anthropic.RateLimitError,
        "overloaded": anthropic.APIStatusError,
        "server error": anthropic.InternalServerError,
        "connection reset": anthropic.APIConnectionError,
    }
    for name, error in errors.items():
        with LoopbackProvider([FAULTS[name]]) as provider:
            client = anthropic.Anthropic(api_key="fake", base_url=provider.url, max_retries=0)
            with pytest.raises(error):
                client.messages.create(model="m", max_tokens=9, messages=MESSAGES)


@pytest.mark.slow
def test_openais_client_reads_streams_and_completions() -> None:
    """Text, arguments and cached tokens come out of its completion, text out of its stream."""
    openai = pytest.importorskip("openai")
    with LoopbackProvider([CALL, CALL], models=("m",)) as provider:
        client = openai.OpenAI(api_key="fake", base_url=provider.url + "/v1")
        whole = client.chat.completions.create(model="m", messages=MESSAGES)
        stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        pieces = [one.choices[0].delta.content or "" for one in stream]
        assert [one.id for one in client.models.list()] == ["m"]
    said = whole.choices[0].message
    assert (said.content, "".join(pieces)) == ("I look.", "I look.")
    assert "aaaa" in said.tool_calls[0].function.arguments
    assert whole.usage.prompt_tokens_details.cached_tokens == 100


@pytest.mark.slow
def test_openais_client_raises_what_the_faults_are() -> None:
    """Each fault is the client's own error for it."""
    openai = pytest.importorskip("openai")
    errors = {
        "rate limited": openai.RateLimitError,
        "server error": openai.InternalServerError,
        "connection reset": openai.APIConnectionError,
    }
    for name, error in errors.items():
        with LoopbackProvider([FAULTS[name]]) as provider:
            client = openai.OpenAI(api_key="fake", base_url=provider.url + "/v1", max_retries=0)
            with pytest.raises(error):
                client.chat.completions.create(model="m", messages=MESSAGES)
