"""Paired bootstrap intervals: tasks are drawn again, each with all of its bills."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Final

RESAMPLES: Final = 1000
Interval = tuple[float, float]


def drawn(tasks: int, rng: random.Random, resamples: int = RESAMPLES) -> list[list[int]]:
    """Resamples of the numbers of tasks; one list serves all policies, which pairs them."""
    numbers = range(tasks)
    return [rng.choices(numbers, k=tasks) for _ in range(resamples)]


def ratio(above: Sequence[float], below: Sequence[float], resamples: list[list[int]]) -> Interval:
    """A 95 % interval of the ratio of two sums over tasks."""
    return _middle(
        sum(map(above.__getitem__, chosen)) / max(sum(map(below.__getitem__, chosen)), 1e-12)
        for chosen in resamples
    )


def mean(values: Sequence[float], resamples: list[list[int]]) -> Interval:
    """A 95 % interval of a mean over tasks."""
    return _middle(sum(map(values.__getitem__, chosen)) / len(chosen) for chosen in resamples)


def _middle(found: Iterable[float]) -> Interval:
    ranked = sorted(found)
    last = len(ranked) - 1
    return ranked[round(0.025 * last)], ranked[round(0.975 * last)]
