"""Which accepted drafts are audited, as facts."""

from __future__ import annotations

from sef.audit_sample import FLOOR, audit_propensity, audited, draw_of
from sef.events import Accepted, Sampled
from sef.experience import Experience, stratum_of
from sef.model import Route
from sef.weights import PRIOR

__all__ = ["FLOOR", "expected", "sample"]
_SCALE = 0.25
"""Of the propensity: an audit costs a whole run of the target, so few are worth it."""


def sample(run: str, route: Route, accepted: Accepted, known: Experience, floor: float) -> Sampled:
    """Whether an accepted draft is audited; a resumed run draws the same."""
    probability = accepted.verdict.probability or 0.0
    tau = known.thresholds.get(stratum_of(route), 0.0)
    propensity = audit_propensity(probability, tau, floor, _SCALE)
    return Sampled(
        task=accepted.task,
        epoch=accepted.epoch,
        probability=probability,
        propensity=propensity,
        floor=min(floor, propensity),
        drawn=audited(draw_of(f"{run}/{accepted.task}/{accepted.epoch}"), propensity),
    )


def expected(floor: float) -> float:
    """What audits cost of a target run for each accepted draft, before much is known of it."""
    return audit_propensity(PRIOR, 0.0, floor, _SCALE) if floor else 0.0
