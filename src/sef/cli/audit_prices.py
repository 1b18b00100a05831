"""Prices of the user's own, from a TOML file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field

from sef.errors import ConfigError
from sef.prices import Rates
from sef.tables import Table, read

_Price = Annotated[float, Field(ge=0, le=1e6, description="US dollars a million tokens, from 0")]


class ModelPrices(Table):
    """Prices of one model; what is left out costs what input does."""

    input: _Price
    output: _Price
    cache_read: _Price | None = None
    cache_write_5m: _Price | None = None
    cache_write_1h: _Price | None = None


class OwnPrices(Table):
    """The file."""

    models: dict[str, ModelPrices] = Field(description='tables: [models."NAME"]')


def own_prices(path: Path) -> dict[str, Rates]:
    """The prices by the models' names. Raises ConfigError."""
    return {name: _rates(one) for name, one in read(path, OwnPrices, ConfigError).models.items()}


def _rates(said: ModelPrices) -> Rates:
    def price(value: float | None) -> Decimal:
        return Decimal(str(said.input if value is None else value))

    return Rates(
        input=price(said.input),
        output=price(said.output),
        cache_read=price(said.cache_read),
        cache_write_5m=price(said.cache_write_5m),
        cache_write_1h=price(said.cache_write_1h),
    )
