"""The model that settings name, at the provider that serves it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Final

import httpx2
from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient
from openai import AsyncOpenAI
from openai import DefaultAsyncHttpxClient as OpenAIHttpxClient
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel, AnthropicModelSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.settings import ModelSettings as Asked

from sef.agents import effort_asked
from sef.executors.api.places import ANTHROPIC, OLLAMA, place
from sef.executors.settings import ModelSettings
from sef.model import Effort

_KNOWN: Final[Mapping[str, tuple[str, str]]] = {
    "deepseek": ("deepseek", "DeepSeekProvider"),
    "openrouter": ("openrouter", "OpenRouterProvider"),
    OLLAMA: ("ollama", "OllamaProvider"),
    "vllm": ("vllm", "VLLMProvider"),
}
"""Providers whose models pydantic-ai knows the habits of; all others are taken for OpenAI's."""
_NO_KEY: Final = "none"
_SILENT_S: Final = 600.0
"""Seconds without a byte after which a request has failed; the stage's deadline is shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A model that can be asked."""

    model: Model
    settings: Asked
    """What each request says beside the conversation."""
    streams: bool
    """True where an answer is taken as it comes, so that one that is cut tells what it used."""


@asynccontextmanager
async def served(settings: ModelSettings, effort: Effort) -> AsyncGenerator[Served]:
    """The model, with a client of its own; its connections are closed in the end."""
    if settings.provider == ANTHROPIC:
        anthropic = _anthropic(settings)
        try:
            yield _at_anthropic(settings, anthropic, effort)
        finally:
            await anthropic.close()
    else:
        openai = _openai(settings)
        try:
            yield _at_others(settings, openai, effort)
        finally:
            await openai.close()


# Redirects are not followed: Anthropic's key is in a header that would go along to any host.
def _anthropic(settings: ModelSettings) -> AsyncAnthropic:
    client = AsyncAnthropic(
        # Without a key the client would look for one in the process's environment.
        api_key=settings.key or _NO_KEY,
        base_url=place(settings),
        max_retries=0,
        timeout=_SILENT_S,
        http_client=DefaultAsyncHttpxClient(verify=_trusted(), follow_redirects=False),
    )
    _forget(client)
    return client


def _openai(settings: ModelSettings) -> AsyncOpenAI:
    client = AsyncOpenAI(
        api_key=settings.key or _NO_KEY,
        base_url=place(settings),
        max_retries=0,
        timeout=_SILENT_S,
        http_client=OpenAIHttpxClient(verify=_trusted(), follow_redirects=False),
    )
    client.organization = client.project = None
    _forget(client)
    return client


@cache
def _trusted() -> ssl.SSLContext:
    """What servers are proved by. Reading the list takes 20 ms, so it is read once."""
    return httpx2.create_ssl_context()


def _forget(client: AsyncAnthropic | AsyncOpenAI) -> None:
    """Drops the headers that variables of the process's environment asked for.

    They were meant for the vendor; who is asked here is what settings say.
    """
    client._custom_headers = {}


def _at_anthropic(settings: ModelSettings, client: AsyncAnthropic, effort: Effort) -> Served:
    model = AnthropicModel(settings.model, provider=AnthropicProvider(anthropic_client=client))
    # Marks in the blocks, not the one for the whole request: gateways know these.
    said = AnthropicModelSettings(
        anthropic_cache_instructions=True,
        anthropic_cache_tool_definitions=True,
        anthropic_cache_messages=True,
    )
    level = effort_asked(settings.model, effort)
    if level is not None and model.profile.get("anthropic_supports_effort", False):
        said["anthropic_effort"] = level  # type: ignore[typeddict-item]
    return Served(model=model, settings=said, streams=True)


def _at_others(settings: ModelSettings, client: AsyncOpenAI, effort: Effort) -> Served:
    module, name = _KNOWN.get(settings.provider, ("openai", "OpenAIProvider"))
    provider: Any = getattr(import_module(f"pydantic_ai.providers.{module}"), name)
    model = OpenAIChatModel(settings.model, provider=provider(openai_client=client))
    said = Asked()
    if model.profile.get("supports_thinking", False):
        # pydantic-ai says it in the words of the model, and leaves out what it does not take.
        said["thinking"] = effort.value
    # Whole answers: servers that speak this API often stream calls of tools wrongly.
    return Served(model=model, settings=said, streams=False)
