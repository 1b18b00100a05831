"""Folds over facts: what tasks cost, and what the same tasks would have cost at the target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sef.advice import Advised, Consulted
from sef.events import (
    AuditBegan,
    Audited,
    Dispatched,
    Drafted,
    Fact,
    Failed,
    Resumed,
    RunStarted,
)
from sef.model import Tier
from sef.steps import ModelCalled
from sef.story import substituted


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The money of one run, in US dollars; None is unknown, never zero."""

    cost: Decimal | None
    """Of every attempt, also of the rejected, failed and squashed ones."""
    baseline: Decimal | None
    """Of the target alone on the same tasks; known only where the target worked on each."""
    substituted: bool = False
    """True where another model was billed than the one that was asked for: nothing is booked as
    saved then, because it is not known what was bought."""

    @property
    def saved(self) -> Decimal | None:
        """Baseline minus cost; negative where drafting lost money."""
        if self.baseline is None or self.cost is None or self.substituted:
            return None
        return self.baseline - self.cost

    @property
    def saved_is(self) -> str:
        """measured, or unknown; an estimate needs priors, which a single run does not have."""
        return "unknown" if self.saved is None else "measured"


def cost(facts: Iterable[Fact], task: str) -> Decimal | None:
    """What one task cost over all its attempts and epochs; None when an attempt's is unknown."""
    return _sum(spent.cost for spent in _spendings(facts) if spent.task == task)


def costs(facts: Iterable[Fact]) -> Costs:
    """What a run cost, and its baseline."""
    told = tuple(facts)
    tasks = [task.id for fact in told if isinstance(fact, RunStarted) for task in fact.tasks]
    spent = _spendings(told)
    # The target's last attempt: without drafts it would have been the only one.
    target = {one.task: one.cost for one in spent if one.tier is Tier.TARGET}
    return Costs(
        cost=_sum(one.cost for one in spent),
        baseline=_sum(target.get(task) for task in tasks),
        substituted=bool(substituted(told)),
    )


@dataclass(frozen=True, slots=True)
class _Spending:
    task: str
    tier: Tier
    cost: Decimal | None


def _spendings(facts: Iterable[Fact]) -> list[_Spending]:
    """The price of every attempt, audit and question. An attempt ends in Drafted or Failed."""
    found: list[_Spending] = []
    cut_off: dict[str, list[_Spending]] = {}
    of: dict[str, tuple[str, Tier]] = {}
    audits: dict[tuple[str, int], Decimal | None] = {}
    asked: dict[str, str] = {}
    for fact in facts:
        if isinstance(fact, Consulted):
            asked[fact.key] = fact.task
        elif isinstance(fact, Advised):
            asked.pop(fact.key, None)
            found.append(_Spending(fact.task, Tier.NONE, fact.advice.usage.cost_usd))
        elif isinstance(fact, AuditBegan):
            audits[fact.task, fact.epoch] = None  # unless it ends
        elif isinstance(fact, Audited):
            audits[fact.task, fact.epoch] = fact.usage.cost_usd
        elif isinstance(fact, Dispatched):
            of[fact.call] = (fact.task, fact.tier)
        elif isinstance(fact, ModelCalled) and fact.call in of:
            one = _Spending(*of[fact.call], fact.step.usage.cost_usd)
            cut_off.setdefault(fact.call, []).append(one)
        elif isinstance(fact, Resumed):
            # What is asked again was paid until then; the request under way is not known.
            asked.clear()
            found += [one for call in fact.in_flight for one in cut_off.pop(call, [])]
        elif isinstance(fact, Drafted):
            found.append(_Spending(fact.task, fact.tier, fact.draft.usage.cost_usd))
        elif isinstance(fact, Failed):
            found.append(_Spending(fact.task, fact.tier, fact.usage.cost_usd))
    found += [_Spending(task, Tier.TARGET, paid) for (task, _), paid in audits.items()]
    found += [_Spending(task, Tier.NONE, None) for task in asked.values()]
    return found


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
