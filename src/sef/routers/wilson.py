"""An interval for a share that was counted."""

from __future__ import annotations

from math import sqrt
from typing import Final

_Z: Final = 1.959964  # two-sided 95 %


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The Wilson score interval, 95 %, of `hits` of `of`; (0, 1) where nothing was counted.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
    """
    if not of:
        return 0.0, 1.0
    share = hits / of
    scale = 1 + _Z**2 / of
    middle = (share + _Z**2 / (2 * of)) / scale
    half = _Z * sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2)) / scale
    return max(0.0, middle - half), min(1.0, middle + half)
