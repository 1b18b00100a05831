"""What a replay is asked to do, besides which models it is about."""

from __future__ import annotations

import random
from dataclasses import dataclass

from sef.gate import Rule
from sef.replay.case import Case, draw_scores
from sef.replay.thresholds import Limits, Tuner
from sef.replay.verifier import Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Verifier, seed, and how often and how carefully."""

    verifier: Verifier
    seed: int
    rule: Rule
    orders: int = 20
    """Orders of the tasks, each with a draw of the verifier of its own; results are their means."""
    draws: int = 6
    """Draws of the verifier on each training task when thresholds are chosen."""
    quality: float = 0.0
    """Least gain of quality on training repositories, in points."""
    regressions: float = 5.0
    """Most regressions on training repositories, in points."""

    def stream(self, *names: str) -> random.Random:
        """Random numbers of their own for the models of that name."""
        return random.Random(" ".join((str(self.seed), *names)))  # noqa: S311 - a simulation

    def tuner(self, case: Case, scale: float, rng: random.Random) -> Tuner:
        """What thresholds of a case are chosen with; `scale` is the target's mean cost."""
        return Tuner(
            case=case,
            draws=tuple(draw_scores(case, self.verifier, rng) for _ in range(self.draws)),
            verify=self.verifier.cost * scale,
            limits=Limits(
                quality=self.quality / 100,
                regressions=self.regressions / 100,
                floor=self.verifier.floor,
            ),
        )
