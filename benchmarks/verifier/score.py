"""Figures of a judge: pure functions of scores and truths."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

_RESAMPLES: Final = 400
Interval = tuple[float, float]
_Row = TypeVar("_Row")


def auc(right: Sequence[float], wrong: Sequence[float]) -> float | None:
    """How often a right draft scores above a wrong one, ties counting half.

    None where there is none of either.
    """
    if not right or not wrong:
        return None
    ranked = sorted(wrong)
    halves = sum(bisect_left(ranked, one) + bisect_right(ranked, one) for one in right)
    return halves / (2 * len(right) * len(ranked))


def ece(scored: Sequence[tuple[float, bool]], bins: int = 10) -> float | None:
    """The mean distance of probability and share that was right, over bins of equal mass.

    Drafts of one probability are never parted: their order would decide what is found.
    """
    if not scored:
        return None
    ranked = sorted(scored, key=lambda one: one[0])
    total, distance, start = len(ranked), 0.0, 0
    while start < total:
        end = min(total, start + max(1, -(-total // bins)))
        while end < total and ranked[end][0] == ranked[end - 1][0]:
            end += 1
        rows = ranked[start:end]
        distance += abs(sum(p for p, _ in rows) - sum(ok for _, ok in rows))
        start = end
    return distance / total


def share(hits: Sequence[bool]) -> float | None:
    """The share of what is true; None of nothing."""
    return sum(hits) / len(hits) if hits else None


def interval(
    groups: Sequence[Sequence[_Row]],
    figure: Callable[[list[_Row]], float | None],
    seed: int = 1,
) -> Interval | None:
    """A 95 % bootstrap interval of a figure; whole groups are drawn, as their rows hang together.

    None where the figure can be told from fewer than half of the draws.
    """
    rng = random.Random(seed)  # noqa: S311
    found = []
    for _ in range(_RESAMPLES if groups else 0):
        chosen = rng.choices(groups, k=len(groups))
        value = figure([row for group in chosen for row in group])
        if value is not None:
            found.append(value)
    if len(found) < _RESAMPLES / 2:
        return None
    found.sort()
    last = len(found) - 1
    return found[round(0.025 * last)], found[round(0.975 * last)]
