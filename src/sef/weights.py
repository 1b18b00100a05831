"""How much each sign weighs: a small dated table of log-likelihood ratios.

The weight of the project's own tests is set so that a draft that passes them is right with
`PRIOR`; the others are logarithms of how much more often right drafts show the sign than wrong
ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WEIGHTS_DATE: Final = "2026-11-22"
PRIOR: Final = 0.922
"""7.8 % of patches that count as right on SWE-bench Verified fail the developers' whole suite
(arXiv:2503.15223)."""
DRAFT: Final = 0.55
"""Share of drafts that a sound verifier accepts: see `sef.priors`."""
JUDGE: Final = 0.72
"""How often a model that is asked whether a change is right says so correctly."""


def log_odds(probability: float) -> float:
    """The logarithm of p / (1 - p)."""
    return math.log(probability / (1 - probability))


START: Final = log_odds(DRAFT)
"""Of a draft of which nothing is known but that there is one."""
AGAINST: Final = -5.0
"""Of a sign that speaks against the draft and is not listed: it is told where it rejects."""
_HOLD: Final = log_odds(PRIOR) - START
_AGAIN: Final = -1.5
"""Of a draft that repeats one that was rejected, and of a rename that seems to be left half done:
as much as `fresh-hold` speaks for one. It is set, not measured."""
WEIGHTS: Final[Mapping[tuple[str, bool | None], float]] = MappingProxyType(
    {
        ("tests-hold", True): _HOLD,
        # what no test reaches passes them all, right or wrong
        ("change-unreached", None): -_HOLD,
        ("code-same", True): 5.0,
        ("fresh-hold", True): 1.5,
        ("same-patch", None): _AGAIN,
        # names alone do not tell two things of one name apart: a doubt, which a judge may settle
        ("old-name-left", False): _AGAIN,
        ("beyond-the-rename", False): _AGAIN,
        ("name-taken", False): _AGAIN,
        ("judge-yes", True): log_odds(JUDGE),
        ("cited-place-holds", True): 1.5,
        ("run-agrees", True): 1.5,
    }
)
"""By sign and what it said: True passed, False not, None undecided. What is not here weighs
nothing."""
