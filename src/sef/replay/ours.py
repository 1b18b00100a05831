"""Our policy on a stream of tasks: the product's own estimates, gate and choice, fed by a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sef.choice import Choice, Drafter, Mode, Purse, Question, choose
from sef.estimates import Estimates, Observation
from sef.gate import Rule
from sef.model import Tier
from sef.replay.bill import Bill
from sef.replay.case import Case
from sef.replay.policies import Plan, World, accepted

STRATUM: Final = "table"
"""All tasks of a table are one stratum: its repositories do not tell which drafts are accepted."""

_LEAST: Final = 1e-9
"""Of the target's mean cost: a run of it that cost nothing is taken to cost this much, since all
is measured in what it costs. A draft beside such runs saves nothing, and is not made."""

Thresholds = Callable[[tuple[int, ...]], tuple[float, ...]]
"""The thresholds of a cascade, given the numbers of its drafts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What our policy did on one task."""

    task: int
    choice: Choice
    bill: Bill


@dataclass(slots=True, kw_only=True)
class Player:
    """Goes through tasks one by one; every task tells its estimates what the policy saw of it."""

    world: World
    thresholds: Sequence[Thresholds]
    """Of each fold."""
    drafters: tuple[Drafter, ...]
    rule: Rule
    known: Estimates
    tasks: int = 0
    """Tasks begun before."""
    purse: Purse = Purse()  # noqa: RUF009 - it is frozen

    def play(self, tasks: Iterable[int]) -> Iterator[Step]:
        """One step a task."""
        for task in tasks:
            yield self._step(task)

    def _step(self, task: int) -> Step:
        case, known = self.world.case, self.known
        choice = choose(
            Question(
                known=known,
                stratum=STRATUM,
                drafters=self.drafters,
                verify=self.world.verify / known.target(STRATUM).value,
                tasks=self.tasks,
                purse=self.purse,
                rule=self.rule,
            )
        )
        stages = tuple(case.names.index(one.executor) for one in choice.stages)
        limits = tuple(one.kill_after for one in choice.stages)
        shadow = choice.mode is Mode.SHADOW
        tries = list(self._tries(task, stages, limits, whole=shadow))
        bill = self._bill(task, tries, shadow=shadow)
        for seen in self._seen(task, tries, shadow=shadow):
            self.known = self.known.plus(seen)
        self.tasks += 1
        if not shadow:
            self.purse = Purse(
                spent=self.purse.spent + bill.cost, explored=self.purse.explored + choice.risk
            )
        return Step(task=task, choice=choice, bill=bill)

    def _tries(
        self, task: int, stages: tuple[int, ...], limits: tuple[float, ...], *, whole: bool
    ) -> Iterator[_Try]:
        """The drafts that were made: all of them, or up to the first that is accepted."""
        case = self.world.case
        thresholds = self.thresholds[self.world.fold_of[task]](stages) if stages else ()
        for stage, threshold, limit in zip(stages, thresholds, limits, strict=True):
            run = case.drafts[stage][task]
            killed = run.calls > limit and not whole
            good = not killed and self.world.scores[task][stage] >= threshold
            part = limit / run.calls if killed else 1.0
            yield _Try(
                stage=stage,
                cost=run.cost * part,
                calls=run.calls * part,
                accepted=good,
                killed=killed,
            )
            if good and not whole:
                return

    def _bill(self, task: int, tries: Sequence[_Try], *, shadow: bool) -> Bill:
        case, target = self.world.case, self.world.case.target[task]
        bill = Bill()
        for one in tries:
            check = 0.0 if one.killed else self.world.verify
            # A shadow runs beside the target, which nobody waits longer for.
            bill = bill.plus(Bill(draft=one.cost, verify=check, calls=0.0 if shadow else one.calls))
        if tries and tries[-1].accepted and not shadow:
            return bill.plus(accepted(case.drafts[tries[-1].stage][task], target))
        return bill.plus(self.world.alone(task))

    def _seen(self, task: int, tries: Sequence[_Try], *, shadow: bool) -> Iterator[Observation]:
        """What the policy can know: the target's cost only where the target worked."""
        case = self.world.case
        target = _paid(case, task)
        worked = shadow or not (tries and tries[-1].accepted)
        if not tries:
            yield Observation(stratum=STRATUM, target_cost=target)
        rejected: tuple[str, ...] = ()
        for place, one in enumerate(tries):
            seen = Observation(
                stratum=STRATUM,
                executor=case.names[one.stage],
                tier=self._tier(one.stage),
                accepted=one.accepted,
                cost=one.cost,
                calls=one.calls,
                killed=one.killed,
                target_cost=target if worked else None,
                shadow=shadow and place == 0,
            )
            if place == 0 or shadow:
                yield seen
            if rejected:
                yield replace(seen, rejected=rejected, shadow=False)
            if not one.accepted:
                rejected = (*rejected, case.names[one.stage])

    def _tier(self, stage: int) -> Tier:
        return self.drafters[stage].tier


def _paid(case: Case, task: int) -> float:
    """What the target cost on a task, never nothing."""
    return max(case.target[task].cost, _LEAST * case.scale)


@dataclass(frozen=True, slots=True)
class _Try:
    stage: int
    cost: float
    calls: float
    accepted: bool
    killed: bool


def taught(
    world: World, tasks: Iterable[int], drafters: Sequence[Drafter], plan: Plan
) -> Estimates:
    """What training tasks tell, on which all drafts and the target worked.

    A draft at large is accepted by its own threshold, one after rejections by the cascade's.
    """
    known = Estimates()
    for task in tasks:
        for seen in _taught(world, task, drafters, plan):
            known = known.plus(seen)
    return known


def _taught(
    world: World, task: int, drafters: Sequence[Drafter], plan: Plan
) -> Iterator[Observation]:
    case, scores, rejected = world.case, world.scores[task], tuple[str, ...]()
    others = [stage for stage in range(len(case.names)) if stage not in plan.stages]
    for place, stage in enumerate((*plan.stages, *others)):
        run, name = case.drafts[stage][task], case.names[stage]
        seen = Observation(
            stratum=STRATUM,
            executor=name,
            tier=drafters[stage].tier,
            accepted=scores[stage] >= plan.singles[stage],
            cost=run.cost,
            calls=run.calls,
            target_cost=_paid(case, task),
            shadow=place == 0,
        )
        yield seen
        if stage in others:
            continue
        good = scores[stage] >= plan.thresholds[place]
        if place and len(rejected) == place:
            yield replace(seen, accepted=good, rejected=rejected, shadow=False)
        if not good:
            rejected = (*rejected, name)
