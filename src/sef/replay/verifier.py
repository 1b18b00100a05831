"""A simulated verifier: scores that separate right drafts from wrong ones as well as stated."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from sef.errors import UsageError

_STANDARD: Final = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """How well drafts are judged, and for how much.

    With an AUC below 1 a score is normal with variance 1, and the means of right and wrong drafts
    are sqrt(2) * inverse normal(AUC) apart (the binormal model). With an AUC of 1, or with rates
    instead of an AUC, a score is a verdict: 1 or 0.
    Raises UsageError where a number is out of its range.
    """

    auc: float | None = None
    """Area under the ROC curve, 0.5 to 1."""
    tar: float | None = None
    """P(accept | draft right), instead of an AUC."""
    far: float | None = None
    """P(accept | draft wrong), with `tar`."""
    rho: float = 0.0
    """Correlation of the noise in the scores of two drafts of one task."""
    cost: float = 0.03
    """Cost of a verdict over the target's mean cost."""

    def __post_init__(self) -> None:
        if (self.tar is None) != (self.far is None) or (self.auc is None) == (self.tar is None):
            raise UsageError(
                "a verifier is stated by its AUC, or by both of its rates",
                hint="--verifier-auc .95, or --verifier-tar .9 --verifier-far .1",
            )
        if self.auc is not None:
            _within("--verifier-auc", self.auc, 0.5, 1)
        for name, rate in (("--verifier-tar", self.tar), ("--verifier-far", self.far)):
            if rate is not None:
                _within(name, rate, 0, 1)
        _within("--verifier-rho", self.rho, 0, 1)
        _within("--verifier-cost", self.cost, 0, 10)

    @property
    def even(self) -> float:
        """The score at which a draft is as likely under right as under wrong."""
        return 0.5 if self._distance is None else self._distance / 2

    @property
    def floor(self) -> float:
        """The lowest score that a threshold may accept: a verdict of 0 is a rejection."""
        return self.even if self._distance is None else -math.inf

    @property
    def _distance(self) -> float | None:
        """Between the means of right and wrong drafts; None where scores are verdicts."""
        if self.auc is None or self.auc == 1:
            return None
        return math.sqrt(2) * _STANDARD.inv_cdf(self.auc)

    def scores(self, right: Sequence[bool], rng: random.Random) -> tuple[float, ...]:
        """Scores of the drafts of one task, given which of them are right."""
        shared = rng.gauss(0, 1)
        own = math.sqrt(1 - self.rho)
        noise = (math.sqrt(self.rho) * shared + own * rng.gauss(0, 1) for _ in right)
        distance = self._distance
        if distance is not None:
            return tuple(distance * ok + one for ok, one in zip(right, noise, strict=True))
        return tuple(float(self._accepts(ok, one)) for ok, one in zip(right, noise, strict=True))

    def _accepts(self, right: bool, noise: float) -> bool:
        if self.tar is None or self.far is None:
            return right
        return _STANDARD.cdf(noise) < (self.tar if right else self.far)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(f"{name} is {value}", hint=f"It goes from {low:g} to {high:g}.")
