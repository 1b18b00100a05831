"""The hedge: when to start the target beside a running draft, if a second is worth money.

The target starts after a delay h unless the draft was accepted before, and is stopped when the
draft is accepted. What that costs and how long it takes is computed from runs that were seen,
not from a formula: h* = argmin cost(h) + price * latency(h).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """One task on which the times of draft and target are known or were estimated."""

    draft_s: float
    """Seconds to the verdict on the draft."""
    draft_cost: float
    """US dollars of the draft and its verification."""
    target_s: float
    target_cost: float
    accepted: bool
    """The verdict on the draft."""

    def latency_s(self, delay_s: float) -> float:
        """Seconds to a result where the target starts after the delay, at the latest on reject."""
        if self.accepted:
            return self.draft_s
        return max(self.draft_s, min(delay_s, self.draft_s) + self.target_s)

    def cost(self, delay_s: float) -> float:
        """US dollars. A target that is stopped has cost the share of its time that it ran."""
        if not self.accepted:
            return self.draft_cost + self.target_cost
        ran = max(0.0, self.draft_s - delay_s)
        share = min(1.0, ran / self.target_s) if self.target_s > 0 else float(ran > 0)
        return self.draft_cost + share * self.target_cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """When the target starts, and what that means on average over the races seen."""

    delay_s: float
    """Infinite: only after a rejection."""
    cost: float
    """Mean US dollars."""
    latency_s: float
    """Mean seconds to a result."""
    usd_per_hour: float
    """What waiting was taken to cost."""

    @property
    def reason(self) -> str:
        """One line in words."""
        if math.isinf(self.delay_s):
            return f"the target waits for the verdict: an hour is worth ${self.usd_per_hour:.2f}"
        return (
            f"the target starts after {self.delay_s:.0f} s: ${self.cost:.4f} and"
            f" {self.latency_s:.0f} s on average, an hour being worth ${self.usd_per_hour:.2f}"
        )


def hedge(races: Sequence[Race], usd_per_hour: float = 0.0) -> Hedge:
    """The delay with the least mean cost, waiting included; of equals the longest.

    The delays weighed are none, the tenths of the drafts' times, and never. Without races, and
    with an hour worth nothing, the target waits for the verdict. Raises ValueError for a negative
    or infinite price.
    """
    if not 0 <= usd_per_hour < math.inf:
        raise ValueError(f"an hour is worth 0 US dollars or more, not {usd_per_hour}")
    if not races:
        return Hedge(delay_s=math.inf, cost=0.0, latency_s=0.0, usd_per_hour=usd_per_hour)
    times = sorted(race.draft_s for race in races)
    delays = {0.0, math.inf, *(times[len(times) * tenth // 10] for tenth in range(1, 10))}
    every = [_mean(races, delay, usd_per_hour) for delay in sorted(delays, reverse=True)]
    return min(every, key=lambda one: one.cost + one.latency_s * usd_per_hour / _HOUR_S)


def _mean(races: Sequence[Race], delay_s: float, usd_per_hour: float) -> Hedge:
    return Hedge(
        delay_s=delay_s,
        cost=sum(race.cost(delay_s) for race in races) / len(races),
        latency_s=sum(race.latency_s(delay_s) for race in races) / len(races),
        usd_per_hour=usd_per_hour,
    )
