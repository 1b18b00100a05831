"""The fixed policies that ours is compared with, each a bill a task."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sef.replay.bill import Bill
from sef.replay.case import Case, Scores
from sef.replay.outcomes import Run
from sef.replay.thresholds import Tuner

SEED_SHARES: Final = MappingProxyType({1: 0.5, 2: 0.3, 3: 0.2})
"""The seed's shares of tasks by tier: half to its cheapest model, 30 % to its middle one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One draw of the verifier, the order of tasks, and what training repositories told."""

    case: Case
    scores: Scores
    verify: float
    """US dollars a verdict."""
    even: float
    """The score at which a draft is as likely under right as under wrong."""
    plans: tuple[Plan, ...]
    """Of each fold, what was learned outside of it."""
    fold_of: tuple[int, ...]
    """The fold of each task."""
    order: tuple[int, ...]
    """In which the tasks come."""
    rng: random.Random
    """For what a policy leaves to chance."""

    def alone(self, task: int) -> Bill:
        """The target works."""
        run = self.case.target[task]
        return Bill(redo=run.cost, calls=run.calls, solved=run.resolved)

    def cascaded(self, task: int, stages: Sequence[int], thresholds: Sequence[float]) -> Bill:
        """Drafts go in order until one has a score from its threshold on, then the target."""
        target, bill = self.case.target[task], Bill()
        for stage, threshold in zip(stages, thresholds, strict=True):
            run = self.case.drafts[stage][task]
            bill = bill.plus(Bill(draft=run.cost, verify=self.verify, calls=run.calls))
            if self.scores[task][stage] >= threshold:
                return bill.plus(accepted(run, target))
        return bill.plus(self.alone(task))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the training repositories of a fold told the fixed policies."""

    stages: tuple[int, ...]
    """Drafts in falling order of solved tasks for their money."""
    thresholds: tuple[float, ...]
    """Of these, as a cascade."""
    singles: tuple[float, ...]
    """Of each draft as the only one."""
    cheapest: int
    dearest: int


def plan(tuner: Tuner, training: Sequence[int], most: int) -> Plan:
    """What the fixed policies of a fold learn; a cascade has at most `most` drafts."""
    case = tuner.case

    def cost(draft: int) -> float:
        return sum(case.drafts[draft][task].cost for task in training) / len(training)

    def worth(draft: int) -> float:
        solved = sum(case.drafts[draft][task].resolved for task in training) / len(training)
        return solved / max(cost(draft) + tuner.verify, 1e-12)

    numbers = range(len(case.names))
    stages = tuple(sorted(numbers, key=lambda draft: (-worth(draft), draft))[:most])
    alone = tuple(tuner.tune((draft,), training)[0] for draft in numbers)
    return Plan(
        stages=stages,
        thresholds=tuner.tune(stages, training) if len(stages) > 1 else (alone[stages[0]],),
        singles=alone,
        cheapest=min(numbers, key=cost),
        dearest=max(numbers, key=cost),
    )


def accepted(run: Run, target: Run) -> Bill:
    """The result of a draft that was accepted."""
    return Bill(solved=run.resolved, regressions=target.resolved and not run.resolved)


def always_target(world: World, task: int) -> Bill:
    """The target does everything."""
    return world.alone(task)


def always_cheap(world: World, task: int) -> Bill:
    """The cheapest draft is taken as it is."""
    run = world.case.drafts[world.plans[world.fold_of[task]].cheapest][task]
    return Bill(draft=run.cost, calls=run.calls).plus(accepted(run, world.case.target[task]))


def always_draft(world: World, task: int) -> Bill:
    """Draft, verify, redo: with the draft that solves most for its money."""
    here = world.plans[world.fold_of[task]]
    return world.cascaded(task, here.stages[:1], (here.singles[here.stages[0]],))


def cascade(world: World, task: int) -> Bill:
    """All drafts in order, then the target."""
    here = world.plans[world.fold_of[task]]
    return world.cascaded(task, here.stages, here.thresholds)


def target_twice(world: World, task: int) -> Bill:
    """The target works, its work is verified, and after a rejection it works again.

    A table has one run a task: the second is taken to cost and to end as the first did.
    """
    again = world.scores[task][-1] < world.even
    bill = world.alone(task).plus(Bill(verify=world.verify))
    if not again:
        return bill
    run = world.case.target[task]
    return bill.plus(Bill(redo=run.cost, calls=run.calls))


def oracle(world: World, task: int) -> Bill:
    """Who knows all outcomes takes the cheapest run that is right, or the cheapest of all."""
    case = world.case
    runs = [*(runs[task] for runs in case.drafts), case.target[task]]
    best = min(runs, key=lambda run: (not run.resolved, run.cost))
    if best is runs[-1]:
        return world.alone(task)
    return Bill(draft=best.cost, calls=best.calls).plus(accepted(best, runs[-1]))


def seed(world: World, task: int) -> Bill:
    """Tiers by the seed's shares: cheapest draft, dearest draft, target; each draft verified.

    A table does not say what kind of work a task was, so tiers are drawn with the seed's own shares
    (50 %, 30 %, 20 %). The seed names no threshold: what is more likely right is accepted.
    """
    here, draw = world.plans[world.fold_of[task]], world.rng.random()
    if draw >= SEED_SHARES[1] + SEED_SHARES[2]:
        return world.alone(task)
    draft = here.cheapest if draw < SEED_SHARES[1] else here.dearest
    return world.cascaded(task, (draft,), (world.even,))


FIXED: Final = MappingProxyType[str, Callable[[World, int], Bill]](
    {
        "always_target": always_target,
        "always_cheap": always_cheap,
        "always_draft": always_draft,
        "target_twice": target_twice,
        "oracle": oracle,
        "seed": seed,
        "cascade": cascade,
    }
)
