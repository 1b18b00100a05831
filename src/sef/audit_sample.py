"""Which drafts are audited: a draw with a known probability, the same on every resumption.

A draft that is not accepted costs no audit: the target does the task anyway. An accepted one is
audited with a propensity that is known beforehand and never zero; without that nothing could be
said about what was accepted. The variance of the weighted estimate is least where the propensity
goes with the standard deviation of the outcome, sqrt(p (1 - p)): highest near the threshold.
"""

from __future__ import annotations

import hashlib
import math

FLOOR = 0.05
"""The least propensity: a weight is at most 20."""
_BITS = 53


def audit_propensity(
    probability: float, tau: float | None, floor: float = FLOOR, scale: float = 1.0
) -> float:
    """The probability with which a draft's outcome is looked at.

    1 where the draft is not accepted (below `tau`, or no threshold is certified): the target does
    the task, so its outcome is there. Else `scale` * sqrt(p (1 - p)), never below
    `floor`. Raises ValueError unless probability is in [0, 1] and 0 < floor <= 1.
    """
    if not (0 <= probability <= 1 and 0 < floor <= 1):
        raise ValueError(f"no propensity for probability {probability} and floor {floor}")
    if tau is None or probability < tau:
        return 1.0
    return max(floor, scale * math.sqrt(probability * (1 - probability)))


def least_propensity(tau: float | None, floor: float = FLOOR) -> float:
    """The least that `audit_propensity` can be for any draft: 1 while nothing is certified."""
    return 1.0 if tau is None else floor


def audited(draw: float, propensity: float) -> bool:
    """True where a uniform number in [0, 1) falls below the propensity."""
    return draw < propensity


def draw_of(key: str) -> float:
    """A number in [0, 1) from a content key: uniform over keys, the same for the same key.

    The first 53 bits of the key's SHA-256. The key must not be chosen by what is audited.
    """
    digest = hashlib.sha256(key.encode(errors="surrogatepass")).digest()
    return (int.from_bytes(digest[:8], "big") >> (64 - _BITS)) / (1 << _BITS)
