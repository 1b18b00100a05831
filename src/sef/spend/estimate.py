"""Estimated: what drafting at a cheaper model would have changed, with an interval.

Nothing here is measured but the cost that it starts from. The ranges are wide on purpose: how
often a draft would have been accepted is not in the transcripts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from sef.delegation import NEVER_BELOW, expected_cost
from sef.model import Tier
from sef.spend.ledger import BookedTask
from sef.spend.spend import TaskSums

ENDS: Final = ("low", "middle", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is assumed about drafts of one tier: each the least favourable, middle and best."""

    acceptance: tuple[Decimal, Decimal, Decimal]
    """Share of drafts that would have been accepted."""
    inflation: tuple[Decimal, Decimal, Decimal]
    """Tokens of the draft for one of the work as it was."""


def _three(low: str, middle: str, high: str) -> tuple[Decimal, Decimal, Decimal]:
    return Decimal(low), Decimal(middle), Decimal(high)


PRIORS: Final[Mapping[Tier, Prior]] = MappingProxyType(
    {
        Tier.LIGHT: Prior(
            acceptance=_three("0.45", "0.65", "0.85"), inflation=_three("1.8", "1.5", "1.2")
        ),
        Tier.STANDARD: Prior(
            acceptance=_three("0.55", "0.72", "0.90"), inflation=_three("1.7", "1.4", "1.1")
        ),
    }
)
CHECK: Final = _three("0.06", "0.04", "0.02")
"""Judging a draft, as a share of the work's cost: 2 to 6 % for a judge that reads the change."""
AGAIN: Final = _three("1.40", "1.35", "1.30")
"""Cost of the target on rejected tasks over its mean: measured at 1.31 to 1.39 over 24 models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierEstimate:
    """Tasks of one tier that one model worked on, and what drafting them would have cost."""

    tier: int
    worked: str
    """The model that made most of the requests."""
    model: str
    """That would have drafted."""
    tasks: int
    cost: Decimal
    """US dollars that they cost (measured)."""
    drafted: bool
    """False where the policy would have left them alone: in the middle case drafting loses."""
    saved: tuple[Decimal, Decimal, Decimal]
    """US dollars, signed: low, middle, high. If they had been drafted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What the policy would have done with past tasks."""

    tiers: tuple[TierEstimate, ...]
    left_alone: Mapping[str, int]
    """Tasks by the reason why they would have been worked on as they were."""

    @property
    def tasks(self) -> int:
        """Tasks that would have been drafted."""
        return sum(one.tasks for one in self.tiers if one.drafted)

    @property
    def cost(self) -> Decimal:
        """US dollars that those cost."""
        return sum((one.cost for one in self.tiers if one.drafted), Decimal(0))

    def saved(self, end: int) -> Decimal:
        """US dollars, signed, at one end of the ranges: 0 low, 1 middle, 2 high."""
        return sum((one.saved[end] for one in self.tiers if one.drafted), Decimal(0))


def estimate(tasks: Iterator[tuple[BookedTask, TaskSums]], models: Mapping[Tier, str]) -> Estimate:
    """What the policy would have done. `models` name the drafting models of tiers 1 and 2."""
    left: dict[str, int] = {}
    chosen: dict[tuple[Tier, str], list[TaskSums]] = {}
    for booked, sums in tasks:
        reason = _reason_to_leave(booked, sums, models)
        if reason:
            left[reason] = left.get(reason, 0) + 1
        elif booked.tier is not None:
            worked = max(sums.models, key=lambda name: (sums.models[name], name))
            chosen.setdefault((booked.tier, worked), []).append(sums)
    tiers = tuple(
        _tier(tier, worked, models[tier], found)
        for (tier, worked), found in sorted(chosen.items(), key=lambda pair: pair[0])
    )
    losing = sum(one.tasks for one in tiers if not one.drafted)
    if losing:
        left["drafting would lose money"] = losing
    return Estimate(tiers=tiers, left_alone=MappingProxyType(left))


def drafting_model(booked: BookedTask, models: Mapping[Tier, str]) -> str | None:
    """The model that would draft the task; None where none would."""
    if booked.tier is None or booked.kind is None or not booked.kind.writes:
        return None
    return models.get(booked.tier)


def _reason_to_leave(booked: BookedTask, sums: TaskSums, models: Mapping[Tier, str]) -> str:
    if booked.tier is None or booked.kind is None:
        return "no instruction to judge by"
    if booked.tier is Tier.NONE:
        return "mechanical, needs no model"
    model = drafting_model(booked, models)
    if model is None:
        return "for the target" if booked.kind.writes else "an answer, nothing to verify"
    if sums.sums.requests < NEVER_BELOW:
        return f"fewer than {NEVER_BELOW} requests"
    if sums.sums.cost is None or sums.drafts.get(model) is None:
        return "a price is unknown"
    return ""


def _tier(tier: Tier, worked: str, model: str, tasks: list[TaskSums]) -> TierEstimate:
    cost = sum((one.sums.priced for one in tasks), Decimal(0))
    same = sum((one.drafts[model] or Decimal(0) for one in tasks), Decimal(0))
    saved = tuple(cost - _after(PRIORS[tier], cost, same, end) for end in range(len(ENDS)))
    return TierEstimate(
        tier=int(tier),
        worked=worked,
        model=model,
        tasks=len(tasks),
        cost=cost,
        drafted=saved[1] > 0,
        saved=(saved[0], saved[1], saved[2]),
    )


def _after(prior: Prior, cost: Decimal, same: Decimal, end: int) -> Decimal:
    """US dollars with drafts: the same tokens at the other model, the checks, and work again."""
    if not cost:
        return Decimal(0)
    share = expected_cost(
        draft=prior.inflation[end] * same / cost,
        check=CHECK[end],
        acceptance=prior.acceptance[end],
        again=AGAIN[end],
    )
    return share * cost
