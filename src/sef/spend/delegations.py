"""Estimated: what handing work to agents, and switching models in mid-work, gained or lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from sef.delegation import (
    Handover,
    StepPrices,
    Work,
    handover_cost,
    inline_cost,
    switch_cost,
)
from sef.prices import PriceTable, Rates
from sef.spend.ledger import BookedAgent, Ledger
from sef.spend.sums import Priced

CHARACTERS_A_TOKEN: Final = 4
INFLATION: Final = (Decimal("1.0"), Decimal("1.5"))
"""Steps of an agent of another model for one of its parent's: from equal to half as many again."""
_SHORTEST_REPORT: Final = 50


@dataclass(slots=True, kw_only=True)
class _Agent:
    """What an agent did."""

    cost: Decimal | None = field(default_factory=Decimal)
    steps: int = 0
    first: int = 0
    last: int = 0
    output: int = 0
    model: str = ""
    day: date | None = None


@dataclass(slots=True, kw_only=True)
class Handovers:
    """Agents whose parents are known, against the same work done where it stood."""

    agents: int = 0
    judged: int = 0
    """Those for which every price is known."""
    cost: Decimal = field(default_factory=Decimal)
    """US dollars that the judged agents' requests cost (this one is measured)."""
    saved_low: Decimal = field(default_factory=Decimal)
    """US dollars, signed: if their parents had needed fewer steps."""
    saved_high: Decimal = field(default_factory=Decimal)
    """US dollars, signed: if their parents had needed as many steps."""
    lost: int = 0
    """Those that lost money under either assumption."""
    lost_usd: Decimal = field(default_factory=Decimal)
    """US dollars that these lost at least; positive."""
    short: int = 0
    """Those with fewer than five requests."""


@dataclass(slots=True, kw_only=True)
class Switches:
    """Changes of the model in mid-context, while the cache of the one before was still there."""

    switches: int = 0
    tokens: int = 0
    """Written to the new model's cache though the old one's held them."""
    cost: Decimal = field(default_factory=Decimal)
    """US dollars above what reading them from a cache would have cost."""


@dataclass(slots=True, kw_only=True)
class Delegations:
    """A fold over priced requests."""

    switches: Switches = field(default_factory=Switches)
    repeated_usd: Decimal = field(default_factory=Decimal)
    """US dollars for taking repeated reads into the context, at four characters a token."""
    _agents: dict[int, _Agent] = field(default_factory=dict)

    def add(self, one: Priced) -> None:
        """Adds one distinct request."""
        row = one.row
        if one.rates is not None:
            self._add_switch(one, one.rates)
            tokens = row.repeated_length // CHARACTERS_A_TOKEN
            self.repeated_usd += tokens * one.rates.cache_write_5m / 1_000_000
        if row.agent < 0:
            return
        agent = self._agents.setdefault(row.agent, _Agent(model=row.model, day=row.day))
        agent.cost = None if agent.cost is None or one.cost is None else agent.cost + one.cost
        agent.first = agent.first if agent.steps else row.tokens.prompt
        agent.last = row.tokens.prompt
        agent.steps += 1
        agent.output += row.tokens.output

    def _add_switch(self, one: Priced, rates: Rates) -> None:
        written = one.row.tokens.cache_write_5m + one.row.tokens.cache_write_1h
        tokens = min(one.row.before, written)
        if tokens:
            self.switches.switches += 1
            self.switches.tokens += tokens
            self.switches.cost += switch_cost(tokens, _steps(rates))

    def handovers(self, ledger: Ledger, table: PriceTable) -> Handovers:
        """All hand-overs judged by the model of `sef.delegation`."""
        found = Handovers()
        for number, agent in self._agents.items():
            found.agents += 1
            booked = ledger.agents[number]
            rates = table.rates(booked.model, on=agent.day) if agent.day and booked.model else None
            if rates is None or agent.cost is None:
                continue
            saved = [
                _saved(agent, agent.cost, booked, _steps(rates.of(booked.context)), inflation)
                for inflation in (INFLATION if agent.model != booked.model else INFLATION[:1])
            ]
            found.judged += 1
            found.cost += agent.cost
            found.saved_low += min(saved)
            found.saved_high += max(saved)
            found.short += agent.steps < 5
            if max(saved) < 0:
                found.lost += 1
                found.lost_usd -= max(saved)
        return found


def _saved(
    agent: _Agent, cost: Decimal, booked: BookedAgent, parent: StepPrices, inflation: Decimal
) -> Decimal:
    """US dollars that the hand-over saved; negative where it lost."""
    work = Work(
        steps=max(1, round(agent.steps / inflation)),
        context=booked.context,
        growth=max(0, agent.last - agent.first) // max(1, agent.steps - 1),
        output=agent.output // agent.steps,
        later=booked.later,
    )
    report = max(_SHORTEST_REPORT, booked.report // CHARACTERS_A_TOKEN)
    handover = Handover(report=report)
    return inline_cost(work, parent) - cost - handover_cost(work, parent, handover)


def _steps(rates: Rates) -> StepPrices:
    return StepPrices(read=rates.cache_read, write=rates.cache_write_5m, output=rates.output)
