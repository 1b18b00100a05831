"""The Beta distribution: its distribution function and its quantiles, with the standard library.

The distribution function is the regularized incomplete beta function, summed as a continued
fraction (NIST Digital Library of Mathematical Functions, 8.17.22, by the modified Lentz method).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

_TINY = 1e-300
_CLOSE = 4e-16
_MOST_TERMS = 100_000
_MOST_STEPS = 400
_STANDARD: Final = NormalDist()


def beta_cdf(x: float, a: float, b: float) -> float:
    """P(X <= x) of X ~ Beta(a, b), absolutely accurate to 1e-9 for shapes up to 1e6.

    0 for x <= 0 and 1 for x >= 1. Raises ValueError unless both shapes are positive and finite
    and x is a number.
    """
    _check(a, b)
    if math.isnan(x):
        raise ValueError("the argument of a Beta distribution is not a number")
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    return _below(x, a, b, _scale(x, a, b, _log_beta(a, b)))


def beta_quantile(q: float, a: float, b: float) -> float:
    """The x at which `beta_cdf(x, a, b)` is q; 0 for q = 0 and 1 for q = 1.

    Newton's steps inside a bracket that every step narrows. Raises ValueError unless both shapes
    are positive and finite and 0 <= q <= 1.
    """
    _check(a, b)
    if not 0 <= q <= 1:
        raise ValueError(f"a quantile is asked for at a probability, not at {q}")
    if q in (0.0, 1.0):
        return q
    # Close to 1 a float has few places left: there the distance from 1 is looked for.
    if a > 1 and b > 1:
        guess = _guess(q, a, b)
        if guess <= 0.5:
            return _solved(q, a, b, max(guess, _TINY))
        return 1 - _solved(1 - q, b, a, 1 - guess)
    if beta_cdf(0.5, a, b) < q:
        return 1 - _solved(1 - q, b, a, _tail_guess(1 - q, b, a))
    return _solved(q, a, b, _tail_guess(q, a, b))


def _solved(q: float, a: float, b: float, x: float) -> float:
    """The quantile, looked for from x on."""
    low, high, log_beta = 0.0, 1.0, _log_beta(a, b)
    for _ in range(_MOST_STEPS):
        scale = _scale(x, a, b, log_beta)
        miss = _below(x, a, b, scale) - q
        low, high = (x, high) if miss < 0 else (low, x)
        slope = scale / (x * (1 - x))
        step = x - miss / slope if slope > 0 else math.nan
        newton = low < step < high
        if not newton:
            step = _middle(low, high)
        # Newton's error is squared by a step: what moved by 1e-7 is right to 1e-10.
        if abs(step - x) <= (1e-7 if newton else _CLOSE) * x:
            return step
        x = step
    return x


def _check(a: float, b: float) -> None:
    if not (0 < a < math.inf and 0 < b < math.inf):
        raise ValueError(f"the shapes of a Beta distribution are positive and finite: {a}, {b}")


def _middle(low: float, high: float) -> float:
    """The geometric middle where the bracket spans many magnitudes: small quantiles are tiny."""
    if low == 0:
        return high * 1e-3
    return math.sqrt(low * high) if high > 100 * low else (low + high) / 2


def _guess(q: float, a: float, b: float) -> float:
    """Abramowitz and Stegun 26.5.22, for shapes above 1."""
    y = -_STANDARD.inv_cdf(q)
    third, h = (y * y - 3) / 6, 2 / (1 / (2 * a - 1) + 1 / (2 * b - 1))
    skew = (1 / (2 * b - 1) - 1 / (2 * a - 1)) * (third + 5 / 6 - 2 / (3 * h))
    w = y * math.sqrt(max(0.0, h + third)) / h - skew
    return min(a / (a + b * math.exp(2 * max(-300.0, min(300.0, w)))), 1 - 1e-16)


def _tail_guess(q: float, a: float, b: float) -> float:
    """The leading term of the lower tail."""
    mean = min(0.49, a / (a + b))
    tail = math.exp(min(0.0, (math.log(q * a) + _log_beta(a, b)) / a))
    return min(max(tail, _TINY), mean)


def _below(x: float, a: float, b: float, scale: float) -> float:
    """The distribution function inside 0 to 1; the fraction is quick below the mean only."""
    if x <= (a + 1) / (a + b + 2):
        return min(1.0, scale * _fraction(x, a, b) / a)
    return max(0.0, 1 - scale * _fraction(1 - x, b, a) / b)


def _scale(x: float, a: float, b: float, log_beta: float) -> float:
    """x^a (1-x)^b / B(a, b); the same for 1-x with the shapes exchanged."""
    return math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away(1 + term * d)
            c = _away(1 + term / c)
            result *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return result


def _away(value: float) -> float:
    """The value, kept away from zero: it is divided by."""
    return value if abs(value) > _TINY else _TINY
