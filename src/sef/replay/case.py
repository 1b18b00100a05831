"""A case: a target and its drafts on the tasks common to them, and its folds of repositories."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sef.choice import Drafter
from sef.errors import UsageError
from sef.model import Tier
from sef.replay.outcomes import Outcomes, Run
from sef.replay.verifier import Verifier

MOST_FOLDS: Final = 12
_LIGHT: Final = 0.1
"""A draft that costs less than this share of the target counts as light."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Runs of a target and of drafts, by the number of the task."""

    names: tuple[str, ...]
    """The drafts' models."""
    target_name: str
    tasks: tuple[str, ...]
    repos: tuple[str, ...]
    """Of each task."""
    target: tuple[Run, ...]
    """The target's run of each task."""
    drafts: tuple[tuple[Run, ...], ...]
    """Of each draft, its run of each task."""
    folds: tuple[frozenset[int], ...]
    """The tasks, parted by repository."""

    @property
    def scale(self) -> float:
        """The target's mean cost in US dollars: the unit of all ratios."""
        return _mean(self.target)

    def fold_of(self) -> tuple[int, ...]:
        """The number of the fold that each task is in."""
        found = {task: number for number, fold in enumerate(self.folds) for task in fold}
        return tuple(found[task] for task in range(len(self.tasks)))

    def drafters(self, scale: float) -> tuple[Drafter, ...]:
        """The drafts with their tiers: light below a tenth of the target's mean cost, `scale`.

        The costs are those of the whole table, as a price list is known beforehand.
        """
        return tuple(
            Drafter(name=name, tier=Tier.LIGHT if _mean(runs) < _LIGHT * scale else Tier.STANDARD)
            for name, runs in zip(self.names, self.drafts, strict=True)
        )


Scores = tuple[tuple[float, ...], ...]
"""Of each task, the scores of the drafts and, last, of the target."""


def make_case(outcomes: Outcomes, target: str, drafts: Sequence[str]) -> Case:
    """A case of a table. Raises UsageError where models or repositories are too few."""
    if not drafts or target in drafts or len(set(drafts)) != len(drafts):
        raise UsageError(
            "drafts are one or more models, each once, and not the target",
            hint="--target STRONG --draft CHEAP,OTHER",
        )
    tasks = outcomes.common((target, *drafts))
    repos = tuple(outcomes.repos[task] for task in tasks)
    strong = tuple(outcomes.runs[target][task] for task in tasks)
    if not any(run.cost for run in strong):
        raise UsageError(f"all runs of the target {target} cost nothing: nothing can be saved")
    return Case(
        names=tuple(drafts),
        target_name=target,
        tasks=tasks,
        repos=repos,
        target=strong,
        drafts=tuple(tuple(outcomes.runs[name][task] for task in tasks) for name in drafts),
        folds=_folds(repos),
    )


def draw_scores(case: Case, verifier: Verifier, rng: random.Random) -> Scores:
    """One verdict of the verifier on every run of every task."""
    every = (*case.drafts, case.target)
    return tuple(
        verifier.scores([runs[task].resolved for runs in every], rng)
        for task in range(len(case.tasks))
    )


def _folds(repos: Sequence[str]) -> tuple[frozenset[int], ...]:
    """Leaves one repository out a fold; of many repositories, the small ones go together."""
    sizes = Counter(repos)
    if len(sizes) < 2:
        raise UsageError(
            "all tasks are of one repository: nothing could be tuned apart from where it is scored",
            hint="Take a table with two repositories or more.",
        )
    parts: list[list[str]] = [[] for _ in range(min(MOST_FOLDS, len(sizes)))]
    for repo, _ in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        min(parts, key=lambda part: sum(sizes[one] for one in part)).append(repo)
    return tuple(
        frozenset(task for task, repo in enumerate(repos) if repo in part) for part in parts
    )


def _mean(runs: Sequence[Run]) -> float:
    return sum(run.cost for run in runs) / len(runs)
