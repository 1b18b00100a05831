"""What one question about several drafts cost each of them. Pure."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from sef.model import Usage

_DIGITS: Final = -9
_COUNTED: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "requests",
)


def shares(usage: Usage, count: int) -> tuple[Usage, ...]:
    """The usage in equal parts; what does not divide goes to the first, so that the sum is exact.

    Money is divided to a billionth of a dollar, or as exactly as it was told.
    """
    counted: dict[str, Any] = {name: getattr(usage, name) for name in _COUNTED}
    each = replace(
        usage,
        cost_usd=None if usage.cost_usd is None else _part(usage.cost_usd, count),
        seconds=usage.seconds / count,
        **{name: total // count for name, total in counted.items()},
    )
    first = replace(
        each,
        cost_usd=_rest(usage.cost_usd, each.cost_usd, count),
        **{name: total - (count - 1) * (total // count) for name, total in counted.items()},
    )
    return (first, *(each for _ in range(count - 1)))


def _part(cost: Decimal, count: int) -> Decimal:
    exponent = cost.as_tuple().exponent
    digits = min(_DIGITS, exponent) if isinstance(exponent, int) else _DIGITS
    return (cost / count).quantize(Decimal(1).scaleb(digits), ROUND_DOWN) if count > 1 else cost


def _rest(whole: Decimal | None, part: Decimal | None, count: int) -> Decimal | None:
    return None if whole is None or part is None else whole - (count - 1) * part
