"""All pairs of a cheaper draft and a dearer, better target: does the gate lose against either?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sef.choice import Drafter, Mode
from sef.errors import UsageError
from sef.estimates import Estimates
from sef.gate import Rule
from sef.replay.bill import Bill, total
from sef.replay.case import Case, make_case
from sef.replay.contest import drawn_world
from sef.replay.ours import Player, Step
from sef.replay.outcomes import FEWEST_TASKS, Outcomes
from sef.replay.policies import World, plan
from sef.replay.settings import Settings

WITHIN_POINTS: Final = 1.0
"""Quality may be this much below the target's, in points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What the gate did with one draft and one target. Costs are over always-target's."""

    draft: str
    target: str
    ratio_to_best: float
    """Cost of ours over the cheaper of always-target and an admissible always-draft; where that
    one costs nothing, 1 and what ours costs over always-target."""
    cost_ratio: float
    quality_delta: float
    """Points."""
    draft_cost_ratio: float
    """Of always-draft."""
    draft_quality_delta: float
    draft_admissible: bool
    """True where always-draft is within a point of the target's quality."""
    warmup_regret: float
    """What the warm-up cost above the better arm, over the target's cost of its tasks."""
    drafted: float
    """Share of tasks after the warm-up that began with a draft."""
    c: float
    a: float
    kappa: float

    @property
    def holds(self) -> bool:
        """True where ours is within a point of the target's quality."""
        return self.quality_delta >= -WITHIN_POINTS


def pairs(outcomes: Outcomes) -> list[tuple[str, str]]:
    """Draft and target of every pair whose target is dearer and better on their common tasks."""
    models = sorted(outcomes.runs)
    return [
        (draft, target)
        for draft in models
        for target in models
        if draft != target and _is_pair(outcomes, draft, target)
    ]


def _is_pair(outcomes: Outcomes, draft: str, target: str) -> bool:
    cheap, strong = outcomes.runs[draft], outcomes.runs[target]
    tasks = [task for task in cheap if task in strong]
    if len(tasks) < FEWEST_TASKS:
        return False
    dearer = sum(strong[task].cost for task in tasks) > sum(cheap[task].cost for task in tasks)
    return dearer and sum(strong[t].resolved for t in tasks) > sum(cheap[t].resolved for t in tasks)


def play_pairs(
    outcomes: Outcomes, settings: Settings, progress: Callable[[int, int], None]
) -> list[Pair]:
    """All pairs, played. `progress` is told how many are done, of how many.

    Raises UsageError where there is no pair, or no task is left after the warm-up.
    """
    every = pairs(outcomes)
    if not every:
        raise UsageError(
            "no two models are a pair: the target dearer and better than the draft",
            hint=f"Their common tasks must be {FEWEST_TASKS} or more.",
        )
    played = []
    for number, (draft, target) in enumerate(every):
        progress(number, len(every))
        played.append(play_pair(make_case(outcomes, target, (draft,)), settings))
    progress(len(every), len(every))
    return played


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of one order: before and after the end of the warm-up."""

    warm: dict[str, Bill]
    rest: dict[str, Bill]
    steps: list[Step]


def play_pair(case: Case, settings: Settings) -> Pair:
    """One pair over several orders of its tasks."""
    if len(case.tasks) <= settings.rule.warm_up:
        raise UsageError(
            f"{len(case.tasks)} tasks leave none after a warm-up of {settings.rule.warm_up}",
            hint="--warm-up N sets another.",
        )
    rng = settings.stream(case.target_name, *case.names)
    tuner = settings.tuner(case, case.scale, rng)
    numbers = range(len(case.tasks))
    plans = tuple(
        plan(tuner, [task for task in numbers if task not in fold], 1) for fold in case.folds
    )
    worlds = (drawn_world(case, settings, tuner, plans, rng) for _ in range(settings.orders))
    drafters = case.drafters(case.scale)
    return _pair(case, [_played(world, drafters, settings.rule) for world in worlds])


def _played(world: World, drafters: Sequence[Drafter], rule: Rule) -> _Sums:
    player = Player(
        world=world,
        thresholds=[partial(_threshold, one.singles) for one in world.plans],
        drafters=tuple(drafters),
        rule=rule,
        known=Estimates(),
    )
    steps = list(player.play(world.order))
    arms = {
        "target": [world.alone(task) for task in world.order],
        "draft": [
            world.cascaded(task, (0,), world.plans[world.fold_of[task]].singles)
            for task in world.order
        ],
        "ours": [step.bill for step in steps],
    }
    return _Sums(
        warm={name: total(bills[: rule.warm_up]) for name, bills in arms.items()},
        rest={name: total(bills[rule.warm_up :]) for name, bills in arms.items()},
        steps=steps[rule.warm_up :],
    )


def _threshold(singles: tuple[float, ...], _: tuple[int, ...]) -> tuple[float, ...]:
    return singles


def _pair(case: Case, played: Sequence[_Sums]) -> Pair:
    rest = {name: total(one.rest[name] for one in played) for name in ("target", "draft", "ours")}
    warm = {name: total(one.warm[name] for one in played) for name in ("target", "draft", "ours")}
    steps = [step for one in played for step in one.steps]
    target, draft, ours = rest["target"], rest["draft"], rest["ours"]
    if not target.cost:
        raise UsageError(
            f"all runs of the target {case.target_name} after the warm-up cost nothing",
            hint="--warm-up N sets a shorter one, --orders N more orders.",
        )
    behind = 100 * (draft.solved - target.solved) / len(steps)
    admissible = behind >= -WITHIN_POINTS
    best = min(target.cost, draft.cost) if admissible else target.cost
    best_warm = min(warm["target"].cost, warm["draft"].cost) if admissible else warm["target"].cost
    last = steps[-1].choice.weighed[0]
    return Pair(
        draft=case.names[0],
        target=case.target_name,
        ratio_to_best=ours.cost / best if best else 1 + ours.cost / target.cost,
        cost_ratio=ours.cost / target.cost,
        quality_delta=100 * (ours.solved - target.solved) / len(steps),
        draft_cost_ratio=draft.cost / target.cost,
        draft_quality_delta=behind,
        draft_admissible=admissible,
        warmup_regret=(warm["ours"].cost - best_warm) / (warm["target"].cost or 1.0),
        drafted=sum(s.choice.mode in (Mode.DRAFT, Mode.EXPLORE) for s in steps) / len(steps),
        c=last.c,
        a=last.a,
        kappa=last.kappa,
    )


def summary(played: Sequence[Pair]) -> dict[str, object]:
    """The figures over all pairs; a pair below the quality counts as not within 1.02."""
    ratios = [one.ratio_to_best for one in played]
    good = [one for one in played if one.ratio_to_best <= 1.02 and one.holds]
    return {
        "worst_ratio_to_best": max(ratios),
        "share_within_1_02": len(good) / len(played),
        "mean_cost_ratio": sum(one.cost_ratio for one in played) / len(played),
        "mean_ratio_to_best": sum(ratios) / len(played),
        "mean_warmup_regret": sum(one.warmup_regret for one in played) / len(played),
        "share_quality_held": sum(one.holds for one in played) / len(played),
        "share_always_draft_loses": sum(one.draft_cost_ratio > 1 for one in played) / len(played),
        "mean_always_draft": sum(one.draft_cost_ratio for one in played) / len(played),
    }


def rows(played: Sequence[Pair]) -> Iterator[dict[str, object]]:
    """The pairs for JSON, dearest against the best first."""
    for one in sorted(played, key=lambda one: -one.ratio_to_best):
        yield {name: _rounded(getattr(one, name)) for name in Pair.__slots__}


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value
