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
_SearchPrice = Annotated[float, Field(ge=0, le=1e6, description="US dollars a thousand, from 0")]


class ModelPrices(Table):
    """Prices of one model; tokens that are left out cost what input does."""

    input: _Price
    output: _Price
    cache_read: _Price | None = None
    cache_write_5m: _Price | None = None
    cache_write_1h: _Price | None = None
    web_search: _SearchPrice | None = None
    """What is left out costs what the table says about the model, or is unknown."""


class OwnPrices(Table):
    """The file."""

    models: dict[str, ModelPrices] = Field(description='tables: [models."NAME"]')


def is_there(path: Path) -> bool:
    """True for whatever can be seen under that name."""
    try:
        return path.exists()
    except OSError:
        return False


def own_prices(path: Path) -> dict[str, Rates]:
    """The prices by the models' names. Raises ConfigError."""
    if is_there(path) and not path.is_file():
        raise ConfigError(
            f"{path} is no regular file", hint="Write the prices into a TOML file and name that."
        )
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
        web_search=None if said.web_search is None else price(said.web_search),
    )
