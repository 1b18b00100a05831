"""What an executor that asks a model is told about that model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sef.agents import resolve
from sef.config import ExecutorConfig, PricesConfig
from sef.errors import UsageError
from sef.executors.settings import Limits, ModelSettings
from sef.prices import PriceTable, Rates

_KEY: Final = re.compile(r"[\x21-\x7e]+")
_FREE: Final = "ollama"


def settings_of(config: ExecutorConfig, keys: Mapping[str, str]) -> ModelSettings:
    """The model, who serves it, and its prices; `keys` are the values of the key variables.

    Raises UsageError, with the way out, where the key is missing or cannot be one.
    """
    model = resolve(config.model or "")
    return ModelSettings(
        executor=config.name,
        model=model,
        provider=config.provider,
        base_url=config.base_url,
        key=_key(config, keys),
        limits=limits_of(config),
        prices=PriceTable({model: rates_of(config.prices)} if config.prices else None),
        compact_at=config.compact_at,
    )


def _key(config: ExecutorConfig, keys: Mapping[str, str]) -> str | None:
    if config.key_variable is None:
        if config.use == "api" and config.base_url is None and config.provider != _FREE:
            raise UsageError(
                f"{config.name} cannot be had: {config.provider} wants a key",
                hint="Name the variable that holds it: key_variable in sef.toml.",
            )
        return None
    key = keys.get(config.key_variable, "")
    if not _KEY.fullmatch(key):
        wrong = "holds no key: it has spaces or line ends" if key else "is not set"
        raise UsageError(
            f"{config.name} cannot be had: the variable {config.key_variable} {wrong}",
            hint="Set it to the provider's key.",
        )
    return key


def limits_of(config: ExecutorConfig) -> Limits:
    """What one attempt may use up."""
    return Limits(requests=config.max_requests, tokens=config.max_tokens, usd=config.max_usd)


def rates_of(prices: PricesConfig) -> Rates:
    """Prices as the table has them."""
    write = prices.input if prices.cache_write is None else prices.cache_write
    return Rates(
        input=prices.input,
        output=prices.output,
        cache_read=prices.input if prices.cache_read is None else prices.cache_read,
        cache_write_5m=write,
        cache_write_1h=write if prices.cache_write_1h is None else prices.cache_write_1h,
    )
