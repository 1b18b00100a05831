"""Sums of requests: tokens, and money as far as it has a price."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from sef.prices import PriceTable, Rates, Tokens
from sef.spend.rows import Row


@dataclass(slots=True, kw_only=True)
class Sums:
    """What some requests used and cost."""

    requests: int = 0
    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    web_searches: int = 0
    web_fetches: int = 0
    code_runs: int = 0
    priced: Decimal = field(default_factory=Decimal)
    """US dollars of the requests whose price is known."""
    unpriced: int = 0
    """Requests whose price is unknown."""

    @property
    def cost(self) -> Decimal | None:
        """US dollars of all requests; None where the price of one is unknown."""
        return None if self.unpriced else self.priced

    @property
    def tokens(self) -> int:
        """All tokens."""
        written = self.cache_write_5m + self.cache_write_1h
        return self.input + self.cache_read + written + self.output

    def add(self, row: Row, cost: Decimal | None) -> None:
        """Adds one request."""
        tokens = row.tokens
        self.requests += 1
        self.input += tokens.input
        self.cache_read += tokens.cache_read
        self.cache_write_5m += tokens.cache_write_5m
        self.cache_write_1h += tokens.cache_write_1h
        self.output += tokens.output
        self.web_searches += tokens.web_searches
        self.web_fetches += row.web_fetches
        self.code_runs += row.code_runs
        if cost is None:
            self.unpriced += 1
        else:
            self.priced += cost

    def merge(self, other: Sums) -> None:
        """Adds the requests of another sum."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Missing(StrEnum):
    """Why a request has no price."""

    MODEL = "model"
    """The table does not know the model on that day."""
    MODE = "mode"
    """The table knows the model, but not in a batch, or in fast mode."""
    SEARCHES = "searches"
    """The price of the web searches is unknown, that of the tokens is known."""
    DATE = "date"
    """Nothing tells the day."""


class Priced(NamedTuple):
    """A request with its prices."""

    row: Row
    rates: Rates | None
    """None where the table does not know the model."""
    cost: Decimal | None
    """US dollars; None is unknown."""
    parts: tuple[Decimal, ...]
    """The whole cost: for input, cache read, cache writes (5 minutes, 1 hour), output, searches.

    Empty where the cost is unknown, or what an old client wrote down.
    """
    missing: Missing | None = None
    """Why the cost is unknown."""


def priced(row: Row, table: PriceTable) -> Priced:
    """The request with its price: the table's, else the one that an old client wrote down.

    A request without a date has no price of its day, and is unknown.
    """
    rates = (
        None
        if row.day is None
        else table.rates(row.model, on=row.day, batch=row.batch, fast=row.fast, us_only=row.us_only)
    )
    searches = rates.searches(row.tokens) if rates else None
    held = rates.of(row.tokens.prompt) if rates else None
    if rates is not None and searches is not None:
        parts = (*rates.parts(row.tokens), searches)
        return Priced(row=row, rates=held, cost=sum(parts, Decimal(0)), parts=parts)
    missing = None if row.client_cost is not None else _missing(row, held, table)
    return Priced(row=row, rates=held, cost=row.client_cost, parts=(), missing=missing)


def _missing(row: Row, rates: Rates | None, table: PriceTable) -> Missing:
    if row.day is None:
        return Missing.DATE
    if rates is not None:
        return Missing.SEARCHES
    usual = table.rates(row.model, on=row.day) if row.batch or row.fast else None
    return Missing.MODEL if usual is None else Missing.MODE


def at_model(tokens: Tokens, model: str, row: Row, table: PriceTable) -> Decimal | None:
    """What the same tokens would have cost at another model on the same day."""
    return None if row.day is None else table.price(tokens, model, on=row.day)
