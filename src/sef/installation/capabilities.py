"""The reference on models that the skill points to, made from the dated price table.

python -m sef.installation.capabilities > model-capabilities.md

in `src/sef/claude/plugin/skills/sef/references/`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from sef.agents import ALIASES, AS_OF, OFFERED, named
from sef.prices import PriceTable, Rates

_TARGET: Final = "opus"
_PROFILES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "haiku": "Tier 1. Finds, reads, runs, writes down what is there. Follows a clear"
        " instruction well; weak where it must choose between approaches or see what is missing.",
        "sonnet": "Tier 2. Writes and reviews code in established patterns, from a specification"
        " or a trace. Weak at new designs, and at faults that leave no trace.",
        "opus": "Tier 3, the orchestrator. Architecture, subtle faults, algorithms, security,"
        " ambiguity; and it verifies what the others hand back.",
        "fable": "Above the orchestrator. No executor uses it.",
    }
)


def capabilities(table: PriceTable, on: date = AS_OF) -> str:
    """The text of `model-capabilities.md` for the prices of a day."""
    rates = {alias: _known(table, model, on) for alias, model in ALIASES.items()}
    source, _ = table.source()
    return "\n".join((*_head(source, on), *_prices(rates), *_ratios(rates), *_roles(), ""))


def _known(table: PriceTable, model: str, on: date) -> Rates:
    found = table.rates(model, on=on)
    if found is None:
        raise LookupError(f"the price table has no price for {model} on {on}")
    return found


def _head(source: str, on: date) -> Iterator[str]:
    yield "# Models: what they are good for, what they cost"
    yield ""
    yield f"Prices of {on} from {source}, in US dollars a million tokens. This file is generated;"
    yield "another model or another price is not a reason to edit it, but to make it again."
    yield ""


def _prices(rates: Mapping[str, Rates]) -> Iterator[str]:
    yield "| alias | model | input | output | cache read | cache write 5 min | 1 h |"
    yield "|---|---|---|---|---|---|---|"
    for alias, one in rates.items():
        yield _row(f"`{alias}`", f"`{ALIASES[alias]}`", one)
        if one.longer is not None:
            yield _row(f"`{alias}`", f"the same, prompt above {one.above:,} tokens", one.longer)
    yield ""
    for alias, one in rates.items():
        if one.longer is not None:
            yield (
                f"Above {one.above:,} prompt tokens a request to `{alias}` costs"
                f" {_number(one.longer.input / one.input)} times as much, all of it. Keep its tasks"
                " narrow: name files, do not send it to read a whole code base."
            )
            yield ""


def _row(alias: str, model: str, one: Rates) -> str:
    prices = (one.input, one.output, one.cache_read, one.cache_write_5m, one.cache_write_1h)
    return "| " + " | ".join((alias, model, *map(_number, prices))) + " |"


def _ratios(rates: Mapping[str, Rates]) -> Iterator[str]:
    target = rates[_TARGET]
    yield f"## Cost against `{_TARGET}`"
    yield ""
    yield "| alias | input | output |"
    yield "|---|---|---|"
    for alias, one in rates.items():
        cost = (one.input / target.input, one.output / target.output)
        yield f"| `{alias}` | {_number(cost[0] * 100)} % | {_number(cost[1] * 100)} % |"
    yield ""
    yield "For the same tokens. What a delegation saves is less: its prompt, your look at the"
    yield "result and every rejection are paid too. Speed was not measured."
    yield ""


def _roles() -> Iterator[str]:
    yield "## Profiles"
    yield ""
    for alias, said in _PROFILES.items():
        users = [name for name in OFFERED if named(name).model == alias]
        yield f"- **{alias}**: {said}" + (f" Executors: {', '.join(users)}." if users else "")


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"


if __name__ == "__main__":
    sys.stdout.write(capabilities(PriceTable()))
