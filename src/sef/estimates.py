"""Estimates: what drafts cost, how often they are accepted, and what a rejection costs.

A fold over observations. Each (stratum, executor) keeps weighted sums only, so that adding an
observation takes constant time and an estimate needs no history. Acceptance is Beta-Binomial in
two levels: the executor's rate over all strata is shrunk to the prior of its tier, the rate in a
stratum to the executor's. Evidence fades with age by a half-life, and a new version of a model
starts from the prior.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sef.model import Tier
from sef.priors import Prior, prior_of
from sef.tally import NO_TALLY, LogNormal, Mean, Moments, Tally

_EVERYWHERE = ""
_TAIL = 1.755
"""Mean of the upper tenth of a standard normal distribution."""
_KEPT = 40.0
"""A stratum borrows from the executor's other strata as much as this many tasks at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one task told about one executor. Amounts are None where they are unknown."""

    stratum: str
    """What kind of task it was: a short string such as "implement/2"."""
    executor: str = ""
    """Who drafted; empty where the target worked without a draft."""
    tier: Tier = Tier.STANDARD
    """The tier of the executor; it picks the prior."""
    model: str = ""
    """Version of the model; another one than before makes the executor's evidence void."""
    accepted: bool | None = None
    """The verdict on the draft; None where there was none to judge."""
    cost: float | None = None
    """What the draft cost, in US dollars, without its verification."""
    seconds: float | None = None
    """How long the draft took."""
    calls: float | None = None
    """How often the draft called its model."""
    killed: bool = False
    """True where the draft was stopped for its many calls: of these only a bound is known."""
    target_cost: float | None = None
    """What the target cost on this task, in US dollars, where it worked."""
    shadow: bool = False
    """True where the target would have worked whatever became of the draft."""
    rejected: tuple[str, ...] = ()
    """Executors whose drafts of this task had been rejected before."""
    at: float = 0.0
    """When, in days from any origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """How often drafts are accepted: a Beta distribution."""

    alpha: float
    beta: float

    @property
    def mean(self) -> float:
        """The expected rate."""
        return self.alpha / (self.alpha + self.beta)

    @property
    def deviation(self) -> float:
        """Its standard deviation."""
        return math.sqrt(self.mean * (1 - self.mean) / (self.alpha + self.beta + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What is thought of one executor's drafts in one stratum."""

    executor: str
    tried: float
    """Judged drafts behind it in all strata, faded."""
    acceptance: Acceptance
    """The rate at which its drafts are accepted."""
    cost: Mean
    """US dollars a draft."""
    target: Mean
    """US dollars of the target on any task."""
    kappa: Mean
    """The target's mean cost on tasks with a rejected draft over its mean cost on all."""
    calls: LogNormal
    """Calls of a draft."""
    seconds: LogNormal
    """Seconds of a draft."""
    long: Acceptance
    """The rate among drafts that took more calls than nine in ten do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """All that has been observed, as sums."""

    half_life: float = 90.0
    """Days after which evidence counts half."""
    drafts: Mapping[tuple[str, str, tuple[str, ...]], Tally] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """By stratum ("" is all of them), executor, and whose drafts had been rejected before."""
    targets: Mapping[str, Moments] = field(default_factory=lambda: MappingProxyType({}))
    """The target's costs by stratum, of tasks it worked on whatever a draft was worth."""
    models: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The newest version of each executor's model."""

    def plus(self, seen: Observation) -> Estimates:
        """The estimates with one more observation."""
        mine = self._of_this_model(seen) if seen.executor else self
        drafts, targets = dict(mine.drafts), dict(mine.targets)
        for stratum in {seen.stratum, _EVERYWHERE}:
            if seen.executor:
                key = (stratum, seen.executor, seen.rejected)
                drafts[key] = _added(drafts.get(key, NO_TALLY), seen, self.half_life)
            if seen.target_cost is not None and (seen.shadow or not seen.executor):
                known = targets.get(stratum, Moments())
                targets[stratum] = known.plus(seen.target_cost, seen.at, self.half_life)
        return replace(mine, drafts=MappingProxyType(drafts), targets=MappingProxyType(targets))

    def of(
        self, stratum: str, executor: str, tier: Tier, rejected: tuple[str, ...] = ()
    ) -> Estimate:
        """What is thought of an executor in a stratum, after the `rejected` have failed there."""
        prior = prior_of(tier)
        every = self.drafts.get((_EVERYWHERE, executor, ()), NO_TALLY)
        here = self.drafts.get((stratum, executor, ()), NO_TALLY)
        all_tasks, target = self.target(_EVERYWHERE), self.target(stratum)
        unit = target.value / all_tasks.value
        cost = every.cost.shrunk(prior.cost_ratio * all_tasks.value, prior.tasks)
        redo = every.rejected_target.shrunk(prior.kappa * all_tasks.value, prior.rejects)
        overall = self._acceptance(executor, _EVERYWHERE, prior, ())
        return Estimate(
            executor=executor,
            tried=every.judged,
            acceptance=self._acceptance(executor, stratum, prior, rejected),
            cost=here.cost.shrunk(cost.value * unit, _others(cost, here.cost)),
            target=target,
            kappa=here.rejected_target.shrunk(
                redo.value * unit, _others(redo, here.rejected_target)
            ).over(target.value),
            calls=every.calls.log_normal(),
            seconds=every.seconds.log_normal(),
            long=_shrunk(prior.again * overall.mean, prior.tasks, every.long_accepted, every.long),
        )

    def target(self, stratum: str) -> Mean:
        """What the target costs on a task, in US dollars; 1 where nothing is known."""
        every = self.targets.get(_EVERYWHERE, Moments()).shrunk(1.0, 0.0)
        here = self.targets.get(stratum, Moments())
        return here.shrunk(every.value, _others(every, here))

    def _of_this_model(self, seen: Observation) -> Estimates:
        """Without the evidence of another version of the executor's model."""
        if (
            self.models.get(seen.executor, seen.model) == seen.model
            and seen.executor in self.models
        ):
            return self
        kept = {
            key: tally
            for key, tally in self.drafts.items()
            if key[1] != seen.executor and seen.executor not in key[2]
        }
        models = MappingProxyType({**self.models, seen.executor: seen.model})
        return replace(self, drafts=MappingProxyType(kept), models=models)

    def _acceptance(
        self, executor: str, stratum: str, prior: Prior, rejected: tuple[str, ...]
    ) -> Acceptance:
        """Prior, then the executor everywhere, then the stratum; after a reject, from that rate."""
        every = self.drafts.get((_EVERYWHERE, executor, ()), NO_TALLY)
        overall = _shrunk(prior.accepted, prior.tasks, every.accepted, every.judged)
        if rejected:
            after = self.drafts.get((_EVERYWHERE, executor, rejected), NO_TALLY)
            mean = prior.again * overall.mean
            return _shrunk(mean, prior.tasks, after.accepted, after.judged)
        here = self.drafts.get((stratum, executor, ()), NO_TALLY)
        elsewhere = _shrunk(
            prior.accepted, prior.tasks, every.accepted - here.accepted, every.judged - here.judged
        )
        kept = min(1.0, _KEPT / (elsewhere.alpha + elsewhere.beta))
        return Acceptance(
            alpha=kept * elsewhere.alpha + here.accepted,
            beta=kept * elsewhere.beta + here.judged - here.accepted,
        )


def estimates(observations: Iterable[Observation], half_life: float = 90.0) -> Estimates:
    """The fold: estimates of a sequence of observations, in any order of time."""
    result = Estimates(half_life=half_life)
    for seen in observations:
        result = result.plus(seen)
    return result


def _shrunk(mean: float, weight: float, accepted: float, judged: float) -> Acceptance:
    accepted, judged = max(0.0, accepted), max(0.0, judged)
    rejected = max(0.0, judged - accepted)
    return Acceptance(alpha=weight * mean + accepted, beta=weight * (1 - mean) + rejected)


def _others(every: Mean, here: Moments) -> float:
    """The weight of what other strata and the prior tell about this one."""
    return min(_KEPT, max(0.0, every.weight - here.weight))


def _added(tally: Tally, seen: Observation, half_life: float) -> Tally:
    calls = tally.calls.log_normal()
    limit = calls.quantile(0.9)
    known = seen.calls is not None and math.isfinite(limit)
    # A stopped draft counts with the mean of the tail it was in, else the limit would creep down.
    tail = math.exp(calls.middle + _TAIL * calls.spread)
    return tally.plus(
        at=seen.at,
        half_life=half_life,
        accepted=seen.accepted,
        cost=seen.cost,
        calls=tail if seen.killed and known else seen.calls,
        seconds=seen.seconds,
        rejected_target=seen.target_cost if seen.accepted is False else None,
        long=known and not seen.killed and (seen.calls or 0.0) > limit,
    )
