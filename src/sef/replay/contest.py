"""One target and its drafts: every policy on every task, over several orders, with intervals."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sef.choice import Drafter
from sef.gate import Gate
from sef.replay import bootstrap
from sef.replay.bill import Bill
from sef.replay.case import Case, draw_scores
from sef.replay.ours import Player, Step, taught
from sef.replay.policies import FIXED, Plan, World, plan
from sef.replay.settings import Settings
from sef.replay.thresholds import Limits, Tuner

OURS = "ours"
_MARGINS = (-6.0, -4.0, -2.0, 0.0, 1.0, 2.0, 4.0)
"""Points of quality at which the frontier of the static cascade is drawn."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a policy did against always-target."""

    cost_ratio: float
    quality_delta: float
    """Points."""
    cost_ci: bootstrap.Interval
    """Paired bootstrap over tasks, 95 %."""
    quality_ci: bootstrap.Interval
    time_ratio: float
    """Calls one after another over those of the target: a stand-in for time, not a measurement."""
    regressions: float
    """Points: accepted, wrong, and right if the target had worked."""
    draft: float
    """Share of cost_ratio that went to drafts."""
    verify: float
    redo: float
    """Share that went to the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """The outcome of a replay."""

    standings: Mapping[str, Standing]
    modes: Mapping[str, float]
    """How ours began its tasks, as shares."""
    drafted: Mapping[str, float]
    """Share of tasks on which ours made a draft with this model, or would have as a next one."""
    gates: Mapping[str, Gate]
    """The last judgement of the gate on each draft, in the last order."""
    frontier: tuple[tuple[float, float, float], ...]
    """Of the static cascade: quality asked for, cost ratio, quality reached (both in points)."""


def contest(case: Case, settings: Settings, progress: Progress) -> Contest:
    """Plays all policies. `progress` is told how many orders are done, of how many."""
    rng = settings.stream(case.target_name, *case.names)
    tuner = settings.tuner(case, case.scale, rng)
    trainings = _trainings(case)
    plans = tuple(plan(tuner, training, settings.rule.most_drafts) for training in trainings)
    worlds, steps = [], []
    bills: dict[str, list[list[Bill]]] = {name: [] for name in (*FIXED, OURS)}
    for number in range(settings.orders):
        progress(number, settings.orders)
        world = drawn_world(case, settings, tuner, plans, rng)
        worlds.append(world)
        for name, policy in FIXED.items():
            bills[name].append([policy(world, task) for task in range(len(case.tasks))])
        played = _ours(world, tuner, trainings, case.drafters(case.scale), settings)
        bills[OURS].append([step.bill for step in sorted(played, key=lambda step: step.task)])
        steps += played
    progress(settings.orders, settings.orders)
    standings = _standings(case, bills, bootstrap.drawn(len(case.tasks), rng))
    return _told(case, standings, steps, _frontier(case, settings, tuner, worlds, trainings))


def drawn_world(
    case: Case, settings: Settings, tuner: Tuner, plans: tuple[Plan, ...], rng: random.Random
) -> World:
    """One order of the tasks with one draw of the verifier."""
    return World(
        case=case,
        scores=draw_scores(case, settings.verifier, rng),
        verify=tuner.verify,
        even=settings.verifier.even,
        plans=plans,
        fold_of=case.fold_of(),
        order=tuple(rng.sample(range(len(case.tasks)), len(case.tasks))),
        rng=rng,
    )


def _told(
    case: Case,
    standings: Mapping[str, Standing],
    steps: Sequence[Step],
    frontier: Iterable[tuple[float, float, float]],
) -> Contest:
    modes = Counter(step.choice.mode.value for step in steps)
    drafted = Counter(one.executor for step in steps for one in step.choice.stages)
    return Contest(
        standings=standings,
        modes={mode: count / len(steps) for mode, count in sorted(modes.items())},
        drafted={name: drafted[name] / len(steps) for name in case.names},
        gates={one.executor: one for one in steps[-1].choice.weighed},
        frontier=tuple(frontier),
    )


def _standings(
    case: Case, bills: Mapping[str, Sequence[Sequence[Bill]]], resamples: list[list[int]]
) -> dict[str, Standing]:
    target = [run.cost for run in case.target]
    solved = [float(run.resolved) for run in case.target]
    calls = sum(run.calls for run in case.target)
    return {
        name: _standing(orders, target, solved, calls, resamples) for name, orders in bills.items()
    }


def _trainings(case: Case) -> list[list[int]]:
    return [[task for task in range(len(case.tasks)) if task not in fold] for fold in case.folds]


def _ours(
    world: World,
    tuner: Tuner,
    trainings: Sequence[Sequence[int]],
    drafters: tuple[Drafter, ...],
    settings: Settings,
) -> list[Step]:
    """Fold by fold: taught by the other repositories, then task by task in the order of time."""
    steps: list[Step] = []
    for number, training in enumerate(trainings):
        known: dict[tuple[int, ...], tuple[float, ...]] = {}
        tune = partial(_remembered, known, tuner, training)
        player = Player(
            world=world,
            thresholds=[tune] * len(trainings),
            drafters=drafters,
            rule=settings.rule,
            known=taught(world, training, drafters, world.plans[number]),
            tasks=len(training),
        )
        steps += player.play(task for task in world.order if world.fold_of[task] == number)
    return steps


def _remembered(
    known: dict[tuple[int, ...], tuple[float, ...]],
    tuner: Tuner,
    training: Sequence[int],
    stages: tuple[int, ...],
) -> tuple[float, ...]:
    if stages not in known:
        known[stages] = tuner.tune(stages, training)
    return known[stages]


def _standing(
    orders: Sequence[Sequence[Bill]],
    target: Sequence[float],
    solved: Sequence[float],
    calls: float,
    resamples: list[list[int]],
) -> Standing:
    tasks, count, base = range(len(target)), len(orders), sum(target)
    flat = [bill for bills in orders for bill in bills]
    cost = [sum(bills[task].cost for bills in orders) / count for task in tasks]
    delta = [
        100 * (sum(bills[task].solved for bills in orders) / count - solved[task]) for task in tasks
    ]

    def share(amounts: Iterable[float]) -> float:
        return sum(amounts) / count / base

    return Standing(
        cost_ratio=sum(cost) / base,
        quality_delta=sum(delta) / len(target),
        cost_ci=bootstrap.ratio(cost, target, resamples),
        quality_ci=bootstrap.mean(delta, resamples),
        time_ratio=sum(bill.calls for bill in flat) / count / max(calls, 1e-12),
        regressions=100 * sum(bill.regressions for bill in flat) / len(flat),
        draft=share(bill.draft for bill in flat),
        verify=share(bill.verify for bill in flat),
        redo=share(bill.redo for bill in flat),
    )


def _frontier(
    case: Case,
    settings: Settings,
    tuner: Tuner,
    worlds: Sequence[World],
    trainings: Sequence[Sequence[int]],
) -> Iterable[tuple[float, float, float]]:
    """Costs and qualities of the static cascade as thresholds get stricter, always held out."""
    solved, base = sum(run.resolved for run in case.target), sum(run.cost for run in case.target)
    for margin in _MARGINS:
        limits = Limits(quality=margin / 100, regressions=1.0, floor=settings.verifier.floor)
        other = Tuner(case=case, draws=tuner.draws[:1], verify=tuner.verify, limits=limits)
        tuned = [
            other.tune(one.stages, training)
            for one, training in zip(worlds[0].plans, trainings, strict=True)
        ]
        bills = [
            world.cascaded(task, world.plans[fold].stages, tuned[fold])
            for world in worlds
            for task, fold in enumerate(world.fold_of)
        ]
        gained = sum(bill.solved for bill in bills) / len(worlds) - solved
        cost = sum(bill.cost for bill in bills) / len(worlds) / base
        yield margin, cost, 100 * gained / len(case.tasks)
