"""Weighted sums that fade with age: what an estimate remembers of its observations."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Final

_ENOUGH = 5.0
"""Observations below which a spread is not believed."""
_WIDE = 1.0
"""The spread, over its mean, of costs of which too few are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A mean with its standard error."""

    value: float
    error: float
    weight: float
    """Observations behind it, a prior's included."""

    def over(self, unit: float) -> Mean:
        """The same in another unit, which is taken as known."""
        return Mean(value=self.value / unit, error=self.error / unit, weight=self.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormal:
    """A positive amount whose logarithm is normal; without observations, of unknown size."""

    middle: float
    """Mean of the logarithm."""
    spread: float
    """Standard deviation of the logarithm."""
    weight: float
    """Observations behind it."""

    def quantile(self, q: float) -> float:
        """The amount that a share q stays below; infinite where too little is known."""
        if self.weight < _ENOUGH:
            return math.inf
        return math.exp(self.middle + self.spread * NormalDist().inv_cdf(q))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Weight, sum and sum of squares of a number."""

    weight: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    at: float = 0.0
    """The time that the weights are faded to, in days."""

    def plus(self, value: float, at: float, half_life: float) -> Moments:
        """With one more value, of time `at`. What is older than the newest counts less."""
        kept, new = _weights(self.at if self.weight else at, at, half_life)
        return Moments(
            weight=kept * self.weight + new,
            total=kept * self.total + new * value,
            squares=kept * self.squares + new * value * value,
            at=max(self.at, at) if self.weight else at,
        )

    def shrunk(self, mean: float, weight: float) -> Mean:
        """The mean, drawn to `mean` as by `weight` further values of the same spread."""
        together = self.weight + weight
        if together == 0:
            return Mean(value=mean, error=_WIDE * abs(mean), weight=0.0)
        value = (self.total + weight * mean) / together
        return Mean(value=value, error=self._spread(value) / math.sqrt(together), weight=together)

    def log_normal(self) -> LogNormal:
        """The distribution of exp(values): of amounts whose logarithms were added."""
        mean = self.total / self.weight if self.weight else 0.0
        return LogNormal(middle=mean, spread=self._deviation(mean), weight=self.weight)

    def _spread(self, mean: float) -> float:
        """Standard deviation; with few values not below that of an unknown amount."""
        found, wide = self._deviation(self.total / self.weight if self.weight else 0.0), abs(mean)
        trust = min(1.0, self.weight / _ENOUGH)
        return trust * found + (1 - trust) * max(found, _WIDE * wide)

    def _deviation(self, mean: float) -> float:
        if self.weight <= 1:
            return 0.0
        return math.sqrt(max(0.0, (self.squares - self.weight * mean * mean) / (self.weight - 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What is remembered of one executor's drafts in one stratum."""

    judged: float = 0.0
    """Weight of the drafts that got a verdict."""
    accepted: float = 0.0
    """Weight of those that were accepted."""
    long: float = 0.0
    """Weight of the judged drafts past the ninetieth percentile of calls."""
    long_accepted: float = 0.0
    """Weight of the accepted ones among them."""
    cost: Moments = field(default_factory=Moments)
    """US dollars."""
    calls: Moments = field(default_factory=Moments)
    """Logarithms of calls."""
    seconds: Moments = field(default_factory=Moments)
    """Logarithms of seconds."""
    rejected_target: Moments = field(default_factory=Moments)
    """US dollars of the target on tasks whose draft was rejected."""
    at: float = 0.0
    """The time that the weights are faded to, in days."""

    def plus(
        self,
        *,
        at: float,
        half_life: float,
        accepted: bool | None,
        cost: float | None,
        calls: float | None,
        seconds: float | None,
        rejected_target: float | None,
        long: bool,
    ) -> Tally:
        """With one more draft. Amounts that are unknown, or not positive in a logarithm, add none.

        `long` says that it took more calls than nine in ten drafts before it.
        """
        kept, new = _weights(self.at if self.judged else at, at, half_life)
        judged = new if accepted is not None else 0.0
        good = new if accepted else 0.0
        return replace(
            self,
            judged=kept * self.judged + judged,
            accepted=kept * self.accepted + good,
            long=kept * self.long + (judged if long else 0.0),
            long_accepted=kept * self.long_accepted + (good if long else 0.0),
            cost=_with(self.cost, cost, at, half_life),
            calls=_with(self.calls, _log(calls), at, half_life),
            seconds=_with(self.seconds, _log(seconds), at, half_life),
            rejected_target=_with(self.rejected_target, rejected_target, at, half_life),
            at=max(self.at, at) if self.judged else at,
        )


NO_TALLY: Final = Tally()


def _with(moments: Moments, value: float | None, at: float, half_life: float) -> Moments:
    return moments if value is None else moments.plus(value, at, half_life)


def _log(value: float | None) -> float | None:
    return math.log(value) if value is not None and value > 0 else None


def _weights(then: float, now: float, half_life: float) -> tuple[float, float]:
    """What the old sums and the new value count, faded to the later of the two times."""
    if now == then:
        return 1.0, 1.0
    fading = 0.5 ** (abs(now - then) / half_life)
    return (fading, 1.0) if now > then else (1.0, fading)
