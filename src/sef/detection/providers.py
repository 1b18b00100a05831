"""Keys of providers, by the names of their variables, and the models that they would buy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from sef.agents import TIERS
from sef.detection.address import Refused, safe
from sef.detection.finding import API, API_EXTRA, CLAUDE, CLAUDE_EXTRA, Finding, Offer, offers
from sef.detection.machine import Machine
from sef.model import Tier

CHOSEN_ON: Final = date(2026, 11, 22)
"""The day on which the models below were the vendors' current ones, with the prices named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Who sells models for a key, and which of them sef takes for each tier."""

    name: str
    """As the price table calls it."""
    key: str
    """Name of the variable that holds the key."""
    models: Mapping[Tier, str]
    """By tier; a tier that is left out is not drafted with."""
    url: str | None = None
    """Of its OpenAI-compatible API; None: clients know it."""
    url_variable: str | None = None
    """Name of the variable that says another address."""


def _by_tier(light: str, standard: str | None, target: str) -> Mapping[Tier, str]:
    named = {Tier.LIGHT: light, Tier.STANDARD: standard, Tier.TARGET: target}
    return MappingProxyType({tier: model for tier, model in named.items() if model})


PROVIDERS: Final = (
    Provider(
        name="anthropic",
        key="ANTHROPIC_API_KEY",
        models=MappingProxyType({tier: alias for alias, tier in TIERS.items()}),
        url_variable="ANTHROPIC_BASE_URL",
    ),
    # $0.10/0.50, 1/5 and 2/10 a million tokens of prompt and answer (genai-prices 0.2.3).
    Provider(
        name="openai",
        key="OPENAI_API_KEY",
        models=_by_tier("gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol"),
        url_variable="OPENAI_BASE_URL",
    ),
    # $0.15/0.60 and 0.66/1.98: two models, so nothing stands between draft and target.
    Provider(
        name="deepseek",
        key="DEEPSEEK_API_KEY",
        models=_by_tier("deepseek-flash", None, "deepseek-v4-pro"),
        url="https://api.deepseek.com",
    ),
    # It sells nearly all models; these are the ones that the tiers are named after.
    Provider(
        name="openrouter",
        key="OPENROUTER_API_KEY",
        models=_by_tier(
            "anthropic/claude-haiku-5.5",
            "anthropic/claude-sonnet-5.5",
            "anthropic/claude-opus-5.5",
        ),
        url="https://openrouter.ai/api/v1",
    ),
)
"""In the order in which they serve."""

WITHOUT_CHOICE: Final = (
    "ANTHROPIC_AUTH_TOKEN",
    "AZURE_OPENAI_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GROQ_API_KEY",
    "MISTRAL_API_KEY",
    "MOONSHOT_API_KEY",
    "XAI_API_KEY",
    "ZAI_API_KEY",
)
"""Keys that are seen, and for which a person has to choose the models."""


def of_keys(variables: Mapping[str, str], here: Machine) -> Iterator[Finding]:
    """A finding for each key that is set; one that says so where none is."""
    seen = False
    for provider in PROVIDERS:
        if _set(variables, provider.key):
            seen = True
            yield _of_key(provider, variables, here)
    for name in WITHOUT_CHOICE:
        if _set(variables, name):
            seen = True
            yield _unusable(name, "It is set; which models it is to buy, sef.toml has to say.")
    if not seen:
        known = ", ".join(one.key for one in PROVIDERS)
        yield _unusable("provider keys", f"None is set ({known}).")


def _set(variables: Mapping[str, str], name: str) -> bool:
    """All that is taken of a secret: whether it is there."""
    return bool(variables.get(name, "").strip())


def _unusable(source: str, why: str) -> Finding:
    return Finding(source=source, usable=False, why=why)


def _of_key(provider: Provider, variables: Mapping[str, str], here: Machine) -> Finding:
    try:
        url = _url(provider, variables)
    except Refused as refused:
        return _unusable(provider.key, str(refused))
    use = _use(provider, here)
    if use is None:
        extras = API_EXTRA if provider.name != "anthropic" else f"{API_EXTRA} or {CLAUDE_EXTRA}"
        why = f"It is set; what is missing is the package for it: {extras}."
        return _unusable(provider.key, why)
    told = f"It is set, and {provider.url_variable} too." if url != provider.url else "It is set."
    return Finding(
        source=provider.key, usable=True, why=told, executors=_offers(provider, use, url)
    )


def _offers(provider: Provider, use: str, url: str | None) -> tuple[Offer, ...]:
    name, key = provider.name, provider.key
    return offers(name, use, provider.models, name, base_url=url, key_variable=key)


def _use(provider: Provider, here: Machine) -> str | None:
    if here.installed("pydantic_ai"):
        return API
    claude = provider.name == "anthropic" and here.installed("claude_agent_sdk")
    return CLAUDE if claude and (here.which("claude") or here.bundled()) else None


def _url(provider: Provider, variables: Mapping[str, str]) -> str | None:
    """Where the models are served. Raises Refused with the reason not to send the key there."""
    name = provider.url_variable
    if name is None or not _set(variables, name):
        return provider.url
    url = safe(name, variables[name])
    if provider.name == "openai" and url.host != "api.openai.com":
        raise Refused(
            f"{name} leads elsewhere; which models are served there, sef.toml has to say."
        )
    return url.text
