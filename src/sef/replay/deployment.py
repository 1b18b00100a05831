"""One simulated deployment: a draft and a verifier with hidden faults, and its certificate.

What decides is the product's own code (`sef.certificate`, `sef.audit_sample`, `sef.alarm`); only
the tasks are made up. Scores are binormal; some wrong drafts are plausible (they score higher, and
the target gets more of their tasks right, so what is seen of rejected drafts misleads); reported
probabilities are biased; harder tasks arrive later; at an unknown time the draft gets worse.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from statistics import NormalDist

from sef.alarm import Shift, Watch
from sef.audit_sample import audit_propensity, audited, least_propensity
from sef.certificate import Judged, Trial

TASKS = 1500
"""Tasks of a deployment, unless drafting stops before."""
SHADOW = 500
"""Tasks, all done by the target, with which the shadow phase ends if anything is proved by then."""
BUDGET = 400
"""Audits with which it ends before, on the same condition."""
LOOK = 10
"""Tasks from one look at the trial to the next."""
WORSE = 3.0
"""What the failure rate is multiplied by when the draft gets worse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The truth about one stratum, which the certificate does not know."""

    failure: float
    """Share of drafts that are wrong at the beginning."""
    harder: float
    """By how much of itself that share rises over `TASKS` tasks."""
    drift_at: int
    """The task from which on drafts fail `WORSE` times as often."""
    distance: float
    """Between the mean scores of right and wrong drafts, in standard deviations."""
    plausible: float
    """Share of wrong drafts that score 0.6 of that distance higher."""
    rescued: tuple[float, float]
    """Share of the target's right results where the draft is blatantly, or plausibly, wrong."""
    bias: float
    """Added to the log-odds of the reported probability: above 0 is overconfident."""

    def failing(self, task: int) -> float:
        """Share of drafts that are wrong at a task (from 0)."""
        share = self.failure * (1 + self.harder * task / TASKS)
        return min(0.95, WORSE * share) if task >= self.drift_at else share

    def rate(self, tau: float, task: int) -> float:
        """The true regression rate at a threshold, per task."""
        offset = self.bias + math.log((1 - self.failure) / self.failure)
        least = (math.log(tau / (1 - tau)) - offset) / self.distance + self.distance / 2
        blatant = (1 - self.plausible) * self.rescued[0] * _above(least)
        hidden = self.plausible * self.rescued[1] * _above(least - 0.6 * self.distance)
        return self.failing(task) * (blatant + hidden)

    def draw(self, task: int, rng: random.Random) -> tuple[float, bool]:
        """A draft's reported probability, and whether accepting it would be a regression."""
        score, lost = self.distance, False
        if rng.random() < self.failing(task):
            hidden = rng.random() < self.plausible
            score = 0.6 * self.distance if hidden else 0.0
            lost = rng.random() < self.rescued[hidden]
        score = rng.gauss(score, 1)
        odds = self.distance * (score - self.distance / 2) + self.bias
        return 1 / (1 + math.exp(-odds) * self.failure / (1 - self.failure)), lost


def drawn_world(rng: random.Random) -> World:
    """A stratum drawn at random: failure rate 0.05 to 0.30, AUC of the verifier 0.90 to 0.98."""
    return World(
        failure=rng.uniform(0.05, 0.30),
        harder=rng.uniform(0.0, 0.3),
        drift_at=rng.randrange(500, 1200),
        distance=distance_of(rng.uniform(0.90, 0.98)),
        plausible=rng.uniform(0.0, 0.4),
        rescued=(rng.uniform(0.3, 0.7), rng.uniform(0.5, 1.0)),
        bias=rng.uniform(-0.5, 1.5),
    )


def distance_of(auc: float) -> float:
    """The distance of two normal score distributions of deviation 1 that have this AUC."""
    return math.sqrt(2) * NormalDist().inv_cdf(auc)


@dataclass(slots=True, kw_only=True)
class Life:
    """One deployment under way, and what became of it."""

    world: World
    trial: Trial
    watch: Watch
    shift: Shift = field(default_factory=Shift)
    tau: float | None = None
    task: int = 0
    certified_at: int | None = None
    loosened: bool = False
    violated: bool = False
    """A threshold in force, or one that was just certified, had a true rate above epsilon."""
    audits_before: int = 0
    """Audits until the certificate. While the target does every task, drafts and results are kept,
    so a draft is judged only when the threshold under trial comes down to it."""
    audits_after: int = 0
    accepted: int = 0
    """Drafts at or above the threshold in force."""
    tasks_in_force: int = 0
    exposure: float = 0.0
    """Sum of the true rates of the tasks in force: the regressions to be expected."""
    stopped_at: int | None = None

    def run(self, rng: random.Random) -> Life:
        """Lives until drafting stops, or for `TASKS` tasks."""
        batch: list[Judged] = []
        while self.task < TASKS and self.stopped_at is None:
            batch.append(self._one(rng))
            if len(batch) == LOOK:
                self._look(batch)
                batch = []
            self.task += 1
        return self

    def _one(self, rng: random.Random) -> Judged:
        probability, lost = self.world.draw(self.task, rng)
        propensity = audit_propensity(probability, self.tau)
        seen = audited(rng.random(), propensity)
        judged = Judged(
            probability=probability,
            audited=seen,
            regression=lost if seen else False,
            propensity=propensity,
            floor=least_propensity(self.tau),
        )
        if self.tau is not None:
            self.accepted += probability >= self.tau
            self.audits_after += seen and probability >= self.tau
            self._in_force(judged, self.tau)
        self.shift = self.shift.after(1 - probability)
        if self.shift.fired or self.watch.fired:
            self.stopped_at = self.task
        return judged

    def _in_force(self, judged: Judged, tau: float) -> None:
        self.watch = self.watch.after(judged.loss(tau))
        rate = self.world.rate(tau, self.task)
        self.tasks_in_force += 1
        self.exposure += rate
        # After the drift it is the alarms' turn: how long they take is measured apart.
        self.violated |= rate > self.watch.epsilon and self.task < self.world.drift_at

    def _look(self, batch: list[Judged]) -> None:
        if self.trial.proved < len(self.trial.grid):
            self.trial = self.trial.after(*batch)
        tau = self.trial.tau
        if tau is None or tau == self.tau or not (self._settled() or self.tau is not None):
            return
        if self.tau is None:
            self.certified_at, self.audits_before = self.task, self._judged()
        else:
            self.loosened = True
        self.tau = tau
        self.violated |= self.world.rate(tau, self.task) > self.watch.epsilon

    def _settled(self) -> bool:
        full = self._judged() + LOOK > BUDGET or self.trial.tasks >= SHADOW
        return full or self.trial.proved == len(self.trial.grid)

    def _judged(self) -> int:
        """Drafts at or above the threshold under trial."""
        return self.trial.audits[min(self.trial.proved, len(self.trial.grid) - 1)]


def live(world: World, epsilon: float, delta: float, rng: random.Random) -> Life:
    """A whole deployment in a world."""
    life = Life(
        world=world,
        trial=Trial(epsilon=epsilon, delta=delta),
        watch=Watch(epsilon=epsilon, delta=delta),
    )
    return life.run(rng)


def stream(seed: int, *names: object) -> random.Random:
    """Random numbers for one part of a simulation, the same for the same seed and names."""
    return random.Random("/".join(map(str, (seed, *names))))  # noqa: S311 (a simulation's)


def _above(score: float) -> float:
    """P(Z > score) of a standard normal Z."""
    return math.erfc(score / math.sqrt(2)) / 2
