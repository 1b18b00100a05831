"""The simulated verifier separates as well as it says."""

from __future__ import annotations

import random

import pytest

from sef.errors import UsageError
from sef.replay.verifier import Verifier


def area(verifier: Verifier, seed: int = 1, draws: int = 1500) -> float:
    rng = random.Random(seed)
    right = [verifier.scores([True], rng)[0] for _ in range(draws)]
    wrong = sorted(verifier.scores([False], rng)[0] for _ in range(draws))
    below = place = 0
    for score in sorted(right):
        while place < draws and wrong[place] < score:
            place += 1
        below += place
    return below / draws**2


@pytest.mark.parametrize("auc", [0.5, 0.8, 0.95])
def test_the_auc_is_as_stated(auc: float) -> None:
    """A right draft outscores a wrong one with that probability."""
    assert area(Verifier(auc=auc)) == pytest.approx(auc, abs=0.02)


def test_a_perfect_verifier_tells_right_from_wrong() -> None:
    """Its scores are verdicts, and a verdict of 0 is below the floor."""
    perfect = Verifier(auc=1)
    assert perfect.scores([True, False, True], random.Random(1)) == (1, 0, 1)
    assert 0 < perfect.floor < 1


def test_rates_are_as_stated() -> None:
    """TAR of the right drafts and FAR of the wrong ones are accepted."""
    verifier, rng = Verifier(tar=0.9, far=0.2), random.Random(2)
    found = [verifier.scores([True, False], rng) for _ in range(4000)]
    assert sum(one[0] for one in found) / 4000 == pytest.approx(0.9, abs=0.02)
    assert sum(one[1] for one in found) / 4000 == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0])
def test_noise_is_correlated_as_stated(rho: float) -> None:
    """Scores of two right drafts of one task have that correlation."""
    verifier, rng = Verifier(auc=0.9, rho=rho), random.Random(3)
    pairs = [verifier.scores([True, True], rng) for _ in range(4000)]
    means = [sum(one[side] for one in pairs) / 4000 for side in (0, 1)]
    both = sum((one[0] - means[0]) * (one[1] - means[1]) for one in pairs) / 4000
    assert both == pytest.approx(rho, abs=0.06)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"auc": 0.9, "tar": 0.9, "far": 0.1},
        {"tar": 0.9},
        {"auc": 0.4},
        {"auc": 1.1},
        {"auc": float("nan")},
        {"tar": 2, "far": 0},
        {"auc": 0.9, "rho": -0.1},
        {"auc": 0.9, "cost": -1},
    ],
)
def test_a_verifier_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    """Both or neither rate, and every number in its range."""
    with pytest.raises(UsageError):
        Verifier(**wrong)
