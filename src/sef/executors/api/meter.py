"""What an attempt has used so far, request by request, held against its limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from pydantic_ai.exceptions import ModelConnectionError, ModelHTTPError
from pydantic_ai.usage import RequestUsage

from sef.errors import DraftFailure
from sef.executors.settings import ModelSettings
from sef.model import Usage
from sef.prices import Tokens
from sef.steps import ModelStep, Reporting, together

_NOTHING: Final = Usage(cost_usd=Decimal(0), requests=1)
_RAISE: Final = "Give more in the executor's limits in sef.toml, or make the task smaller."


def today() -> date:
    """The day in UTC: prices go by it."""
    return datetime.now(UTC).date()


class Meter:
    """Books requests as they end. Crossing a limit raises DraftFailure, after it was reported."""

    def __init__(
        self, settings: ModelSettings, report: Reporting, day: Callable[[], date] = today
    ) -> None:
        self._settings = settings
        self._report = report
        self._day = day
        self._booked: list[Usage] = []

    @property
    def usage(self) -> Usage:
        """Of all requests so far."""
        return together(self._booked)

    def admit(self) -> None:
        """Raises DraftFailure where no request is left."""
        limit = self._settings.limits.requests
        if len(self._booked) >= limit:
            raise DraftFailure(f"the limit of {limit} requests is reached", hint=_RAISE)

    async def answered(self, billed: str | None, used: RequestUsage, seconds: float) -> None:
        """Books an answer. Raises DraftFailure where it crosses the limit of tokens or of money."""
        await self._book(billed, self._used(billed, used, seconds, whole=True))
        self._insist()

    async def failed(
        self,
        error: BaseException,
        reason: str,
        seconds: float,
        billed: str | None = None,
        used: RequestUsage | None = None,
    ) -> None:
        """Books a request that ended without an answer.

        What the provider refused is not billed. Where it may have begun to answer, the price is
        unknown, and the tokens are those that it had told until then.
        """
        if used is None or not used.has_values():
            cost = Decimal(0) if _unbilled(error) else None
            usage = Usage(cost_usd=cost, seconds=seconds, model=billed, requests=1)
        else:
            usage = self._used(billed, used, seconds, whole=False)
        await self._book(billed, usage, reason)

    async def _book(self, billed: str | None, usage: Usage, failed: str = "") -> None:
        self._booked.append(usage)
        await self._report(
            ModelStep(requested=self._settings.model, billed=billed, usage=usage, failed=failed)
        )

    def _used(
        self, billed: str | None, used: RequestUsage, seconds: float, *, whole: bool
    ) -> Usage:
        """The usage in our classes; a price where the answer is whole and the table has one."""
        hour = min(used.cache_write_1h_tokens, used.cache_write_tokens)
        tokens = Tokens(
            input=max(used.input_tokens - used.cache_read_tokens - used.cache_write_tokens, 0),
            cache_read=used.cache_read_tokens,
            cache_write_5m=used.cache_write_tokens - hour,
            cache_write_1h=hour,
            output=used.output_tokens,
        )
        known = whole and not used.unmeasured_requests
        return Usage(
            cost_usd=self._price(tokens, billed) if known else None,
            seconds=seconds,
            model=billed,
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            cache_read_tokens=tokens.cache_read,
            cache_write_tokens=used.cache_write_tokens,
            requests=1,
        )

    def _price(self, tokens: Tokens, billed: str | None) -> Decimal | None:
        return self._settings.prices.price(
            tokens,
            billed or self._settings.model,
            on=self._day(),
            provider=self._settings.provider,
        )

    def _insist(self) -> None:
        limits, sum_ = self._settings.limits, self.usage
        tokens = sum_.input_tokens + sum_.output_tokens
        tokens += sum_.cache_read_tokens + sum_.cache_write_tokens
        if tokens > limits.tokens:
            raise DraftFailure(
                f"the limit of {limits.tokens} tokens is crossed: {tokens}", hint=_RAISE
            )
        # A price that is unknown for one request is known for the others: they count.
        paid = sum((one.cost_usd or Decimal(0) for one in self._booked), Decimal(0))
        if limits.usd is not None and paid > limits.usd:
            raise DraftFailure(
                f"the limit of ${limits.usd} is crossed: ${paid.normalize():f}", hint=_RAISE
            )


def _unbilled(error: BaseException) -> bool:
    """True where the provider had not begun to answer."""
    if isinstance(error, ModelHTTPError):
        return not error.in_stream
    return isinstance(error, ModelConnectionError) and error.phase in ("pool", "connect")
