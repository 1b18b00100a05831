"""How probable it is that a draft is right: what was found, weighed and added up.

Each sign that verifiers tell adds its log-likelihood ratio, the logarithm of how much more often it
is seen on right drafts than on wrong ones (`sef.weights`). The sum is calibrated by a logistic
curve for each stratum, fitted on the drafts whose audits could tell, and held to the sum itself as
by a few of them: with no audit the probability is the prior's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from sef.model import Evidence
from sef.weights import AGAINST, START, WEIGHTS

ACCEPT: Final = 0.5
"""Below it nothing is accepted, whatever passed: doubt rejects."""
SETTLED: Final = 0.9
"""From here on no model is asked: its answer costs more than what it could tell."""
_SLOPE, _SLOPE_SD = 1.0, 0.5
_SHIFT_SD = 1.0
_STEPS: Final = 25
_FARTHEST: Final = 12.0
Audited = tuple[float, bool]
"""The score of an accepted draft, and whether its audit found it right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Probability = logistic(slope * score + shift)."""

    slope: float = _SLOPE
    shift: float = 0.0

    def of(self, score: float) -> float:
        """The probability at a score."""
        return _logistic(self.slope * score + self.shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fusion:
    """The audits that calibrate the sum, by stratum."""

    audited: Mapping[str, tuple[Audited, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, stratum: str, evidence: Iterable[Evidence]) -> float:
        """The probability that a draft with that evidence is right."""
        return fitted(self.audited.get(stratum, ())).of(score(evidence))

    def without(self, stratum: str) -> Fusion:
        """Without what is known of a stratum: its drafts come from another model now."""
        kept = {key: value for key, value in self.audited.items() if key != stratum}
        return replace(self, audited=MappingProxyType(kept))

    def plus(self, stratum: str, evidence: Iterable[Evidence], *, right: bool) -> Fusion:
        """With one more audited draft."""
        known = (*self.audited.get(stratum, ()), (score(evidence), right))
        return replace(self, audited=MappingProxyType({**self.audited, stratum: known}))


def score(evidence: Iterable[Evidence]) -> float:
    """The sum of the weights: log-odds before calibration. A sign counts once for each mark."""
    signs = {(one.sign, one.passed) for one in evidence}
    total = START + sum(_weight(sign, passed) for sign, passed in signs)
    return max(-_FARTHEST, min(_FARTHEST, total))


def _weight(sign: str, passed: bool | None) -> float:
    unlisted = AGAINST if passed is False else 0.0
    return WEIGHTS.get((sign, passed), unlisted)


def fitted(audited: Iterable[Audited]) -> Curve:
    """The curve with the greatest posterior density, by Newton's method.

    Slope and shift are normal before any audit: 1 with deviation 0.5, and 0 with deviation 1.
    """
    rows = tuple(audited)
    slope, shift = _SLOPE, 0.0
    for _ in range(_STEPS if rows else 0):
        step = _newton(rows, slope, shift)
        slope, shift = slope + step[0], shift + step[1]
        if max(map(abs, step)) < 1e-9:
            break
    # A curve that falls would take the better evidence for the worse one.
    return Curve(slope=max(0.0, slope), shift=shift)


def _newton(rows: tuple[Audited, ...], slope: float, shift: float) -> tuple[float, float]:
    g_slope, g_shift = -(slope - _SLOPE) / _SLOPE_SD**2, -shift / _SHIFT_SD**2
    h_aa, h_ab, h_bb = 1 / _SLOPE_SD**2, 0.0, 1 / _SHIFT_SD**2
    for at, right in rows:
        p = _logistic(slope * at + shift)
        miss, spread = right - p, p * (1 - p)
        g_slope, g_shift = g_slope + miss * at, g_shift + miss
        h_aa, h_ab, h_bb = h_aa + spread * at * at, h_ab + spread * at, h_bb + spread
    det = h_aa * h_bb - h_ab * h_ab
    step = (h_bb * g_slope - h_ab * g_shift) / det, (h_aa * g_shift - h_ab * g_slope) / det
    longest = max(1.0, *map(abs, step))  # far from its end Newton's method may leap
    return step[0] / longest, step[1] / longest


def _logistic(value: float) -> float:
    if value < 0:
        return math.exp(value) / (1 + math.exp(value))
    return 1 / (1 + math.exp(-value))
