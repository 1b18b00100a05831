"""Experience: what the journal's past runs teach the policy. A fold over their facts.

Tasks of the same kind and tier form a stratum, such as "implement/2". Each gets estimates for the
never-lose gate, a trial of what audits prove, and the two alarms that turn its drafting off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from sef.alarm import Shift, Watch, stop_reason
from sef.attempts import Course, courses
from sef.certificate import Certificate, Judged, Trial
from sef.choice import Mode, Purse
from sef.estimates import Estimates, Observation
from sef.events import (
    Accepted,
    Audited,
    Calibrated,
    Drafted,
    Fact,
    Failed,
    Rejected,
    Routed,
    RunStarted,
    Sampled,
    Squashed,
)
from sef.fusion import Fusion
from sef.model import Attempt, Route, Tier
from sef.races import Races
from sef.reasons import CALLED_OFF, STOPPED
from sef.weights import PRIOR

TEACHING = (RunStarted, Routed, Drafted, Failed, Rejected, Accepted, Squashed, Sampled, Audited)
"""The facts that the fold reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What is promised about accepted drafts."""

    epsilon: float = 0.02
    """Share of tasks that may get a wrong draft although the target would have been right."""
    delta: float = 0.05
    """Probability with which a certificate may be false."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One run of the journal."""

    at: float
    """When it began, in days from any origin."""
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of the drafts of one stratum."""

    stratum: str
    trial: Trial
    watch: Watch
    shift: Shift
    models: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The model of each executor whose drafts these are; with another one all begins anew."""
    drafts: int = 0
    """Drafts below the target with a verdict."""
    accepted: int = 0
    audited: int = 0
    """Audits of accepted drafts that ended."""
    untold: int = 0
    """Of those, the ones that could not tell."""
    regressions: int = 0

    @property
    def stopped(self) -> str:
        """Why drafting is off, in words; empty while it goes on."""
        return stop_reason(self.stratum, self.watch, self.shift)

    @property
    def drafters(self) -> str:
        """The executors and their models, in one line."""
        return " ".join(f"{name}={model}" for name, model in sorted(self.models.items()))

    def is_of(self, course: Course) -> bool:
        """False where a draft of the task came from another version of a model."""
        return all(self.models.get(one.executor, one.model) == one.model for one in _drafts(course))

    @property
    def certificate(self) -> Certificate:
        """What is proved."""
        return self.trial.certificate(self.stratum)

    def after(self, course: Course, floor: float) -> Standing:
        """With what one task's drafts, their verdicts and their audits told.

        `floor` is the least probability with which an accepted draft was audited; 0 where audits
        were off: then nothing is proved either way.
        """
        models = {one.executor: one.model or "" for one in _judged_drafts(course)}
        found = replace(self, models=MappingProxyType({**self.models, **models}))
        for one in _judged_drafts(course):
            accepted = one.accepted is True
            found = found._counted(course, accepted=accepted)
            if floor and (judged := _judged(course, floor, accepted=accepted)):
                found = found._tried(judged)
        return found

    def _counted(self, course: Course, *, accepted: bool) -> Standing:
        drawn = accepted and course.sample is not None and course.sample.drawn
        outcome = course.audit.regression if course.audit else None
        said = course.verdict.probability if course.verdict else None
        right = (PRIOR if said is None else said) if accepted else 0.0
        return replace(
            self,
            shift=self.shift.after(1 - right),
            drafts=self.drafts + 1,
            accepted=self.accepted + accepted,
            audited=self.audited + drawn,
            untold=self.untold + (drawn and outcome is None),
            regressions=self.regressions + (drawn and outcome is True),
        )

    def _tried(self, judged: Judged) -> Standing:
        # What an audit could not tell counts against a certificate, and is no proof of regressions.
        loss = judged.loss(0.0) if judged.regression else 0.0
        return replace(self, trial=self.trial.after(judged), watch=self.watch.after(loss))


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """All that past runs teach."""

    estimates: Estimates = field(default_factory=Estimates)
    purse: Purse = field(default_factory=Purse)
    fusion: Fusion = field(default_factory=Fusion)
    races: Races = field(default_factory=Races)
    standings: Mapping[str, Standing] = field(default_factory=lambda: MappingProxyType({}))
    thresholds: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """By stratum, what `sef calibrate --apply` put in force."""

    def stopped(self, stratum: str) -> str:
        """Why nothing is drafted in a stratum, in words; empty where drafting goes on."""
        known = self.standings.get(stratum)
        return known.stopped if known else ""


def stratum_of(route: Route) -> str:
    """Tasks that are judged alike: the same kind at the same tier."""
    return f"{route.kind}/{int(route.tier)}"


def experience(
    runs: Iterable[Past], promise: Promise, calibrations: Iterable[Fact] = ()
) -> Experience:
    """The fold: runs in the order in which they began."""
    found = Experience()
    for run in runs:
        found = _with_run(found, run, promise)
    newest = {one.stratum: one for one in calibrations if isinstance(one, Calibrated)}
    kept = {
        stratum: one.tau
        for stratum, one in newest.items()
        if one.tau is not None and one.models == _drafters(found, stratum, one.models)
    }
    return replace(found, thresholds=MappingProxyType(kept))


def _drafters(known: Experience, stratum: str, otherwise: str) -> str:
    standing = known.standings.get(stratum)
    return standing.drafters if standing else otherwise


def _drafts(course: Course) -> list[Attempt]:
    return [one for one in course.attempts if one.tier < Tier.TARGET]


def _judged_drafts(course: Course) -> list[Attempt]:
    return [one for one in _drafts(course) if one.accepted is not None]


def _with_run(known: Experience, run: Past, promise: Promise) -> Experience:
    purse, estimates = known.purse, known.estimates
    fusion, standings = known.fusion, dict(known.standings)
    races = known.races
    floor = next((fact.audit for fact in run.facts if isinstance(fact, RunStarted)), 0.0)
    for fact in run.facts:
        if isinstance(fact, Routed) and fact.begins == Mode.EXPLORE:
            purse = replace(purse, explored=purse.explored + fact.risk_usd)
    for course in courses(run.facts):
        stratum = stratum_of(course.route)
        purse = replace(purse, spent=purse.spent + _dollars(course.spent))
        for seen in _observations(course, stratum, run.at, estimates.models):
            estimates = estimates.plus(seen)
        races = races.plus(stratum, course)
        standing = standings.get(stratum)
        if standing is None or not standing.is_of(course):
            standing = _standing(stratum, promise)
            fusion = fusion.without(stratum)
        standings[stratum] = standing.after(course, floor)
        if course.verdict and course.audit and course.audit.regression is not None:
            right = not course.audit.regression
            fusion = fusion.plus(stratum, course.verdict.evidence, right=right)
    return replace(
        known,
        purse=purse,
        estimates=estimates,
        fusion=fusion,
        races=races,
        standings=MappingProxyType(standings),
    )


def _standing(stratum: str, promise: Promise) -> Standing:
    return Standing(
        stratum=stratum,
        trial=Trial(epsilon=promise.epsilon, delta=promise.delta),
        watch=Watch(epsilon=promise.epsilon, delta=promise.delta),
        shift=Shift(),
    )


def _paid(draft: Attempt) -> float | None:
    """What a draft and the models asked about it cost: without it neither were paid."""
    judged = draft.verdict.cost_usd if draft.verdict else Decimal(0)
    unknown = draft.cost_usd is None or judged is None
    return None if unknown else float((draft.cost_usd or 0) + (judged or 0))


def _observations(
    course: Course, stratum: str, at: float, models: Mapping[str, str]
) -> Iterable[Observation]:
    """What the course of one task tells of each draft, or of the target alone."""
    target = next((one for one in course.attempts if one.tier is Tier.TARGET), None)
    audit = course.audit.usage.cost_usd if course.audit else None
    cost = target.cost_usd if target else audit
    drafts = [one for one in _drafts(course) if not one.reason.startswith(CALLED_OFF)]
    if not drafts and target is not None and target.cost_usd is not None:
        yield Observation(stratum=stratum, target_cost=float(target.cost_usd), at=at)
    for number, one in enumerate(drafts):
        yield Observation(
            stratum=stratum,
            executor=one.executor,
            tier=one.tier,
            model=one.model or models.get(one.executor, ""),
            # A call that gave no draft is no rejection, but it is paid and deferred like one.
            accepted=one.accepted is True,
            cost=_paid(one),
            seconds=one.seconds,
            calls=(one.usage.requests if one.usage else 0) or None,
            killed=one.reason.startswith(STOPPED),
            target_cost=None if cost is None else float(cost),
            shadow=audit is not None,
            rejected=tuple(each.executor for each in drafts[:number]),
            at=at,
        )


def _judged(course: Course, floor: float, *, accepted: bool) -> Judged | None:
    """One verdict as the certificate counts it; None where the draw was cut off."""
    if not accepted:
        below = course.below
        # The target did the task, but nobody compared: looser thresholds may not count on it.
        unknown = None if below is not None else False
        return Judged(
            probability=below or 0.0, audited=True, regression=unknown, propensity=1.0, floor=floor
        )
    if (sample := course.sample) is None:
        return None
    found = course.audit.regression if course.audit else None
    return Judged(
        probability=sample.probability,
        audited=sample.drawn,
        regression=found if sample.drawn else False,
        propensity=sample.propensity,
        floor=min(floor, sample.floor),
    )


def _dollars(amount: Decimal | None) -> float:
    return 0.0 if amount is None else float(amount)
