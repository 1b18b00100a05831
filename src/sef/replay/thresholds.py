"""Thresholds: from which score on a draft is accepted, chosen on training repositories alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sef.replay.case import Case, Scores

_STEPS: Final = 20
"""Places at which the threshold of a draft before the last one is tried."""
_STEPS_OF_MANY: Final = 8
"""The same, with three drafts or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What accepting may cost in quality on the training repositories."""

    quality: float = 0.0
    """Least difference of solved tasks to the target's, as a share of tasks."""
    regressions: float = 0.05
    """Most tasks that an accepted draft gets wrong and the target gets right, as a share."""
    floor: float = -math.inf
    """Scores below this are never accepted."""


@dataclass(frozen=True, slots=True)
class _Sums:
    cost: float
    quality: int
    """Tasks solved more than the target solves, over what has been accepted."""
    regressions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """One training task under one draw of the verifier."""

    scores: tuple[float, ...]
    """Of the cascade's drafts, in its order."""
    costs: tuple[float, ...]
    right: tuple[bool, ...]
    redo: float
    solved: bool
    """By the target."""


@dataclass(slots=True, kw_only=True)
class Tuner:
    """What thresholds are chosen with. Samples are made once a cascade."""

    case: Case
    draws: tuple[Scores, ...]
    """Scores of several draws of the verifier: its operating curve is taken as known."""
    verify: float
    """US dollars a verdict."""
    limits: Limits
    _samples: dict[tuple[int, ...], list[tuple[_Sample, ...]]] = field(default_factory=dict)

    def tune(self, stages: Sequence[int], tasks: Iterable[int]) -> tuple[float, ...]:
        """The thresholds of a cascade of drafts with the least cost within the limits.

        `stages` are numbers of drafts, `tasks` the training tasks. Infinite thresholds, which
        accept nothing, where no others are within the limits.
        """
        by_task = self._made(tuple(stages))
        samples = [sample for task in tasks for sample in by_task[task]]
        search = _Search(len(stages), len(samples), self.verify, self.limits)
        nothing = (math.inf, (math.inf,) * len(stages))
        return min(search.found(samples, (), _Sums(0.0, 0, 0)), default=nothing)[1]

    def _made(self, stages: tuple[int, ...]) -> list[tuple[_Sample, ...]]:
        if stages not in self._samples:
            self._samples[stages] = [
                tuple(_sample(self.case, stages, task, scores[task]) for scores in self.draws)
                for task in range(len(self.case.tasks))
            ]
        return self._samples[stages]


def _sample(case: Case, stages: Sequence[int], task: int, scores: Sequence[float]) -> _Sample:
    runs = [case.drafts[stage][task] for stage in stages]
    return _Sample(
        scores=tuple(scores[stage] for stage in stages),
        costs=tuple(run.cost for run in runs),
        right=tuple(run.resolved for run in runs),
        redo=case.target[task].cost,
        solved=case.target[task].resolved,
    )


Found = tuple[float, tuple[float, ...]]
"""A cost and the thresholds that have it."""


@dataclass(frozen=True, slots=True)
class _Search:
    depth: int
    """Drafts of the cascade."""
    samples: int
    verify: float
    limits: Limits

    def found(
        self, left: Sequence[_Sample], before: tuple[float, ...], sums: _Sums
    ) -> Iterator[Found]:
        """Cascades that begin with the thresholds `before`, of which `left` is not accepted yet."""
        stage = len(before)
        spent = sums.cost + sum(one.costs[stage] + self.verify for one in left)
        now = _Sums(spent, sums.quality, sums.regressions)
        if stage == self.depth - 1:
            yield from self._last(left, before, now)
            return
        for threshold in self._places([one.scores[stage] for one in left]):
            taken = [one for one in left if one.scores[stage] >= threshold]
            rest = [one for one in left if one.scores[stage] < threshold]
            yield from self.found(rest, (*before, threshold), _accepted(now, taken, stage))

    def _last(
        self, left: Sequence[_Sample], before: tuple[float, ...], sums: _Sums
    ) -> Iterator[Found]:
        """The last draft's threshold is lowered score by score; equal scores fall together."""
        stage = self.depth - 1
        cost = sums.cost + sum(one.redo for one in left)
        quality, regressions, above = sums.quality, sums.regressions, math.inf
        for one in sorted(left, key=lambda one: -one.scores[stage]):
            if one.scores[stage] < self.limits.floor:
                break
            if one.scores[stage] != above and self._is_within(quality, regressions):
                yield cost, (*before, above)
            cost -= one.redo
            quality += one.right[stage] - one.solved
            regressions += one.solved and not one.right[stage]
            above = one.scores[stage]
        if self._is_within(quality, regressions):
            yield cost, (*before, above)

    def _places(self, scores: Iterable[float]) -> list[float]:
        """Thresholds to try: evenly spread over the ranks of the scores, and one above all."""
        steps = _STEPS if self.depth == 2 else _STEPS_OF_MANY
        ranked = sorted(score for score in scores if score >= self.limits.floor)
        places = {ranked[len(ranked) * step // steps] for step in range(steps if ranked else 0)}
        return [*sorted(places), math.inf]

    def _is_within(self, quality: int, regressions: int) -> bool:
        return (
            quality >= self.limits.quality * self.samples
            and regressions <= self.limits.regressions * self.samples
        )


def _accepted(sums: _Sums, taken: Sequence[_Sample], stage: int) -> _Sums:
    gains = sum(one.right[stage] - one.solved for one in taken)
    regressions = sum(one.solved and not one.right[stage] for one in taken)
    return _Sums(sums.cost, sums.quality + gains, sums.regressions + regressions)
