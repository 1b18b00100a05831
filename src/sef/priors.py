"""What is thought of a draft before one of its drafts was seen: a small dated table.

The figures are means over pairs of models in public records of 255 SWE-bench Verified tasks in one
harness (SWE-bench/swe-bench.github.io, data/leaderboards.json at f1176b6, mini-SWE-agent), the
target being one of the two models that solve 70 % or more, the draft dearer than 10 % of it
(standard) or not (light). They weigh as much as a few tasks: what is seen soon outweighs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sef.model import Tier

PRIORS_DATE: Final = "2026-11-22"
PRIORS_SOURCE: Final = (
    "SWE-bench/swe-bench.github.io data/leaderboards.json at f1176b6, mini-SWE-agent, 255 tasks"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is thought of the drafts of a tier, with no draft seen."""

    cost_ratio: float
    """Mean cost of a draft over the mean cost of the target."""
    accepted: float
    """Share of drafts that a sound verifier accepts."""
    kappa: float
    """Mean cost of the target on rejected tasks over its mean cost on all."""
    again: float
    """Acceptance after another draft of the task was rejected, over acceptance at large."""
    tasks: float
    """How many seen tasks outweigh the acceptance and the cost."""
    rejects: float
    """How many seen rejections outweigh kappa."""


PRIORS: Final[Mapping[Tier, Prior]] = MappingProxyType(
    {
        Tier.LIGHT: Prior(
            cost_ratio=0.05, accepted=0.55, kappa=1.22, again=0.47, tasks=10, rejects=60
        ),
        Tier.STANDARD: Prior(
            cost_ratio=0.37, accepted=0.57, kappa=1.22, again=0.47, tasks=10, rejects=60
        ),
    }
)


def prior_of(tier: Tier) -> Prior:
    """The prior of a tier's drafts; a tier without figures has those of the standard tier."""
    return PRIORS.get(tier, PRIORS[Tier.STANDARD])
