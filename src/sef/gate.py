"""The never-lose gate: when a draft is worth its price.

In units of the target's mean cost a draft costs c and its verification v; it is accepted at a
rate a, and a task whose draft was rejected costs the target kappa, which is above 1 because hard
tasks are dearer. A draft then saves 1 - c - v - (1 - a) * kappa on average, and it is made only
where the lower confidence value of that is positive. A further draft, after a rejection, saves
a * kappa - c - v with its rate a after rejections.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Final

from sef.beta import beta_quantile
from sef.estimates import Acceptance, Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How careful the gate is."""

    confidence: float = 0.55
    """Probability, about, with which a saving is at least its lower value."""
    certainty: float = 0.99
    """Confidence that ends a warm-up before its time."""
    warm_up: int = 60
    """Tasks on which drafts are made beside the target, unless all is clear sooner."""
    exploring: float = 0.0025
    """Share of all money that drafts may lose, as expected, without being known to pay."""
    most_drafts: int = 2
    """Drafts before the target."""
    gives_up_below: float = 0.0
    """Probability of the target's success below which it is not even tried; 0 is never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The judgement on one executor's draft of one task, with all its numbers."""

    executor: str
    c: float
    """Cost of the draft over the target's mean cost."""
    v: float
    """Cost of its verification over the target's mean cost."""
    a: float
    """Expected rate of acceptance."""
    a_low: float
    """Its lower confidence value."""
    kappa: float
    """The target's mean cost after a rejection over its mean cost."""
    saving: float
    """What the draft saves, as expected, over the target's mean cost."""
    saving_low: float
    """Its lower confidence value: the draft is made where this is positive."""
    error: float
    """Standard error of the saving."""
    tried: float
    """Judged drafts that the estimate rests on."""
    kill_after: float
    """Calls after which the draft is not worth going on with; infinite where it always is."""

    @property
    def pays(self) -> bool:
        """True where the lower confidence value of the saving is positive."""
        return self.saving_low > 0

    @property
    def worth(self) -> float:
        """Acceptances for the money: drafts go in falling order of it."""
        return self.a / max(self.c + self.v, 1e-12)

    def saving_high(self, rule: Rule) -> float:
        """The upper value of the saving at the rule's certainty."""
        return self.saving + _normal(rule.certainty) * self.error

    def is_clear(self, rule: Rule) -> bool:
        """True where the sign of the saving is certain."""
        return abs(self.saving) > _normal(rule.certainty) * self.error

    @property
    def reason(self) -> str:
        """One line in words."""
        numbers = (
            f"accepted {self.a:.0%} (likely at least {self.a_low:.0%}), draft {self.c:.2f},"
            f" check and audit {self.v:.2f}, redo {self.kappa:.2f} of a target run;"
            f" {self.tried:.0f} drafts seen"
        )
        if self.pays:
            least = f"likely at least {self.saving_low:.0%}"
            return f"{self.executor} saves {self.saving:.0%}, {least}: {numbers}"
        if self.saving > 0:
            return f"{self.executor} may save {self.saving:.0%}, not surely: {numbers}"
        return f"{self.executor} would lose {-self.saving:.0%}: {numbers}"


def gate(seen: Estimate, *, verify: float, rule: Rule, after_reject: bool = False) -> Gate:
    """Weighs one draft; `verify` is the cost of a verdict over the target's mean cost.

    The rate's lower value is a quantile of its Beta distribution, the errors of cost and kappa are
    normal; the three are taken as independent, each at the rule's confidence.
    """
    c, kappa, a = seen.cost.value / seen.target.value, seen.kappa.value, seen.acceptance.mean
    # After a rejection kappa stands on both sides: what is left of it is a * kappa.
    redo = a * kappa if after_reject else 1 - (1 - a) * kappa
    saving = redo - c - verify
    rest = math.hypot(
        seen.cost.error / seen.target.value,
        c * seen.target.error / seen.target.value,
        (a if after_reject else 1 - a) * seen.kappa.error,
    )
    low = _low(seen.acceptance, rule.confidence)
    return Gate(
        executor=seen.executor,
        c=c,
        v=verify,
        a=a,
        a_low=low,
        kappa=kappa,
        saving=saving,
        saving_low=saving - math.hypot(kappa * max(0.0, a - low), _normal(rule.confidence) * rest),
        error=math.hypot(kappa * seen.acceptance.deviation, rest),
        tried=seen.tried,
        kill_after=kill_after(seen, verify),
    )


def kill_after(seen: Estimate, verify: float) -> float:
    """Calls after which a draft should be stopped, infinite where it should not be.

    A draft past its executor's ninetieth percentile of calls is stopped where the rest of it,
    with its verification, costs more than the redo it would save at the rate at which so long
    drafts are accepted. The rest is the mean excess of a log-normal number of calls.
    """
    limit = seen.calls.quantile(0.9)
    if math.isinf(limit):
        return limit
    mean = math.exp(seen.calls.middle + seen.calls.spread**2 / 2)
    beyond = mean * _STANDARD.cdf(seen.calls.spread - _STANDARD.inv_cdf(0.9)) / 0.1
    rest = seen.cost.value / seen.target.value * max(0.0, beyond - limit) / mean
    return limit if rest + verify > seen.long.mean * seen.kappa.value else math.inf


def gives_up(target_succeeds: float, rule: Rule) -> bool:
    """True where even the target is too unlikely to succeed; with the default rule, never.

    Giving up saves the dearest failures and loses what the target would have solved: whoever sets
    the bound above 0 trades quality for money.
    """
    return target_succeeds < rule.gives_up_below


@lru_cache(maxsize=4096)
def _low(rate: Acceptance, confidence: float) -> float:
    return beta_quantile(1 - confidence, rate.alpha, rate.beta)


_STANDARD: Final = NormalDist()


def _normal(confidence: float) -> float:
    return _STANDARD.inv_cdf(confidence)
