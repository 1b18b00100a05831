"""What tokens cost: one table, asked by model and date. Unknown is said, never zero.

The prices come from the package genai-prices, from the copy in its wheel: nothing is fetched. It
is imported when the first price is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice

MILLION: Final = Decimal(1_000_000)
_THOUSAND: Final = Decimal(1_000)
_US_ONLY: Final = Decimal("1.1")
"""What the vendor charges for inference in the US alone; the table does not have it."""
_BEDROCK: Final = re.compile(r"(?:^|\.)anthropic\.claude")
_SUFFIX: Final = re.compile(r"\[[0-9a-z]{1,8}\]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What one request used, in the classes that are billed apart."""

    input: int = 0
    """Prompt tokens that no cache served and none took."""
    cache_read: int = 0
    """Prompt tokens that the provider's cache served."""
    cache_write_5m: int = 0
    """Prompt tokens written to the cache for five minutes."""
    cache_write_1h: int = 0
    """Prompt tokens written to the cache for an hour."""
    output: int = 0
    web_searches: int = 0
    """Searches that the provider ran."""
    longest: int = 0
    """Prompt tokens of the longest pass, where the provider served the request in several."""

    @property
    def prompt(self) -> int:
        """Tokens the model read at once: what a price by length of the prompt goes by."""
        if self.longest:
            return self.longest
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Prices of one model for prompts from some length on: US dollars a million tokens."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    web_search: Decimal | None = None
    """US dollars a thousand searches; None is unknown."""
    longer: Rates | None = None
    """Prices of the whole request where its prompt has more tokens than `above`."""
    above: int = 0

    def of(self, prompt: int) -> Rates:
        """The prices of a request with that many prompt tokens."""
        if self.longer is not None and prompt > self.above:
            return self.longer.of(prompt)
        return self

    def times(self, factor: Decimal) -> Rates:
        """The prices of tokens times a factor; searches cost what they did."""
        return Rates(
            input=self.input * factor,
            output=self.output * factor,
            cache_read=self.cache_read * factor,
            cache_write_5m=self.cache_write_5m * factor,
            cache_write_1h=self.cache_write_1h * factor,
            web_search=self.web_search,
            longer=None if self.longer is None else self.longer.times(factor),
            above=self.above,
        )

    def parts(self, tokens: Tokens) -> tuple[Decimal, ...]:
        """US dollars for the classes of tokens, in the order of the fields of `Tokens`."""
        held = self.of(tokens.prompt)
        return (
            held.input * tokens.input / MILLION,
            held.cache_read * tokens.cache_read / MILLION,
            held.cache_write_5m * tokens.cache_write_5m / MILLION,
            held.cache_write_1h * tokens.cache_write_1h / MILLION,
            held.output * tokens.output / MILLION,
        )

    def searches(self, tokens: Tokens) -> Decimal | None:
        """US dollars for the searches; None where there were some and their price is unknown."""
        if not tokens.web_searches:
            return Decimal(0)
        each = self.of(tokens.prompt).web_search
        return None if each is None else each * tokens.web_searches / _THOUSAND

    def price(self, tokens: Tokens) -> Decimal | None:
        """US dollars; None where the price of something that was used is unknown."""
        searches = self.searches(tokens)
        return None if searches is None else sum(self.parts(tokens), searches)


class PriceTable:
    """The price table of genai-prices, with prices of the user's own before it."""

    def __init__(self, own: Mapping[str, Rates] | None = None) -> None:
        """`own` goes by a model's exact name: local models, or prices that were agreed upon.

        They hold as they are for every day and in every mode. Where one has no price for searches,
        the table's for that model holds.
        """
        self._own = dict(own or {})
        self._found: dict[tuple[str, date, str | None, bool, bool, bool], Rates | None] = {}

    def rates(
        self,
        model: str,
        *,
        on: date,
        provider: str | None = None,
        batch: bool = False,
        fast: bool = False,
        us_only: bool = False,
    ) -> Rates | None:
        """The model's prices on a day (UTC); None where the table has none.

        Without a provider a model is looked for at Anthropic, or at AWS by a name of Bedrock's
        form: that a name resembles another vendor's says nothing about who was paid. A model whose
        batch or fast price the table does not have for that day is unknown in that mode.
        Requests that may be served in the US only cost a tenth more, searches aside.
        """
        key = (model, on, provider, batch, fast, us_only)
        if key not in self._found:
            self._found[key] = self._own_rates(model, on, provider) or _looked_up(
                model, on, provider, batch=batch, fast=fast, us_only=us_only
            )
        return self._found[key]

    def _own_rates(self, model: str, on: date, provider: str | None) -> Rates | None:
        own = self._own.get(model)
        if own is None or own.web_search is not None:
            return own
        known = _looked_up(model, on, provider)
        return own if known is None else replace(own, web_search=known.web_search)

    def price(
        self,
        tokens: Tokens,
        model: str,
        *,
        on: date,
        provider: str | None = None,
        batch: bool = False,
        fast: bool = False,
        us_only: bool = False,
    ) -> Decimal | None:
        """What one request cost, in US dollars; None is unknown.

        Prices by length of the prompt go by one request, so requests are priced one by one.
        """
        rates = self.rates(model, on=on, provider=provider, batch=batch, fast=fast, us_only=us_only)
        return None if rates is None else rates.price(tokens)

    def source(self, provider: str = "anthropic") -> tuple[str, date | None]:
        """The table's name and version, and the day its newest price of a provider's begins.

        The table has no date of its own; it is not older than that day.
        """
        import genai_prices
        from genai_prices.data_snapshot import find_provider_by_id, get_snapshot

        found = find_provider_by_id(get_snapshot().providers, provider)
        starts = _start_days(found.models if found else ())
        return f"genai-prices {genai_prices.__version__}", max(starts, default=None)


def _start_days(models: Iterable[ModelInfo]) -> Iterator[date]:
    for model in models:
        prices = model.prices if isinstance(model.prices, list) else ()
        for entry in (*prices, *(model.price_variants or ())):
            day = getattr(entry.constraint, "start_date", None)
            if isinstance(day, date):
                yield day


def _looked_up(
    model: str,
    on: date,
    provider: str | None,
    *,
    batch: bool = False,
    fast: bool = False,
    us_only: bool = False,
) -> Rates | None:
    from genai_prices import Usage, calc_price

    name = _SUFFIX.sub("", model.strip().lower())
    seller = provider or ("aws" if _BEDROCK.search(name) else "anthropic")
    wanted = {"processing": "batch"} if batch else {"speed": "fast"} if fast else {}
    moment = datetime.combine(on, time(12), UTC)
    try:
        found = calc_price(
            Usage(input_tokens=0, output_tokens=0),
            name,
            provider_id=seller,
            genai_request_timestamp=moment,
            price_context=wanted,
        )
    except LookupError:
        return None
    variants = [one for one in found.model.price_variants or () if one.when == wanted]
    if wanted and not any(not one.constraint or one.constraint.active(moment) for one in variants):
        return None
    rates = _rates(found.model_price)
    return rates.times(_US_ONLY) if rates and us_only else rates


def _rates(price: ModelPrice, above: int = -1) -> Rates | None:
    """The prices that hold above that many prompt tokens, with those of longer prompts."""
    at = {name: _at(getattr(price, f"{name}_mtok"), above) for name in _CLASSES}
    if at["input"] is None or at["output"] is None:
        return None
    plain_write = at["cache_write"] if at["cache_write"] is not None else at["input"]
    longer = _next_step(price, above)
    return Rates(
        input=at["input"],
        output=at["output"],
        cache_read=_or(at["cache_read"], at["input"]),
        cache_write_5m=_or(at["cache_write_5m"], plain_write),
        cache_write_1h=_or(at["cache_write_1h"], plain_write),
        web_search=_at(price.web_searches_kcount, above),
        longer=None if longer is None else _rates(price, longer),
        above=longer or 0,
    )


_CLASSES: Final = (
    "input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h",
)  # fmt: skip


def _or(price: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if price is None else price


def _at(price: object, above: int) -> Decimal | None:
    if price is None or isinstance(price, Decimal):
        return price
    steps = [tier.price for tier in getattr(price, "tiers", ()) if tier.start <= above]
    found = steps[-1] if steps else getattr(price, "base", None)
    return found if isinstance(found, Decimal) else None


def _next_step(price: ModelPrice, above: int) -> int | None:
    starts = {
        int(tier.start)
        for name in _CLASSES
        for tier in getattr(getattr(price, f"{name}_mtok"), "tiers", ())
        if tier.start > above
    }
    return min(starts, default=None)
