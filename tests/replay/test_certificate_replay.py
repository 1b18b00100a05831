"""The simulation of certificates measures what it says."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from sef.errors import UsageError
from sef.replay.alarms import least_median, quantile
from sef.replay.certificate import simulate
from sef.replay.deployment import BUDGET, TASKS, World, distance_of, drawn_world, live

CALM = World(
    failure=0.1,
    harder=0.0,
    drift_at=TASKS,
    distance=distance_of(0.95),
    plausible=0.2,
    rescued=(0.5, 0.9),
    bias=0.5,
)


def test_the_true_rate_is_that_of_the_draws() -> None:
    """Closed form and 60,000 draws agree, before the drift and after it."""
    rng = random.Random(5)
    for task in (0, TASKS):
        for tau in (0.8, 0.95):
            lost = 0
            for _ in range(60_000):
                probability, regression = CALM.draw(task, rng)
                lost += regression and probability >= tau
            rate = CALM.rate(tau, task)
            assert lost / 60_000 == pytest.approx(rate, abs=4 * (rate / 60_000) ** 0.5)


def test_a_drift_triples_failures() -> None:
    """And harder tasks come later, up to then."""
    world = replace(CALM, harder=0.3, drift_at=1000)
    assert world.failing(0) == 0.1
    assert world.failing(999) == pytest.approx(0.12, abs=0.001)
    assert world.failing(1000) == pytest.approx(0.36)


def test_a_calm_world_is_certified_and_a_bad_one_is_not() -> None:
    """A deployment's certificate follows the truth that it does not see."""
    life = live(replace(CALM, rescued=(0.05, 0.05)), 0.02, 0.05, random.Random(1))
    assert life.certified_at is not None
    assert life.audits_before <= BUDGET + 10
    assert not life.violated
    hopeless = replace(CALM, failure=0.3, plausible=1.0, rescued=(1.0, 1.0), bias=3.0)
    assert hopeless.rate(0.99, 0) > 0.04
    assert live(hopeless, 0.02, 0.05, random.Random(2)).certified_at is None


def test_a_violation_is_noticed() -> None:
    """A threshold certified at a level that promises nothing: the truth above epsilon is counted."""
    bad = replace(CALM, failure=0.3, plausible=1.0, rescued=(1.0, 1.0), bias=3.0)
    careless = [live(bad, 0.02, 0.999999, random.Random(seed)) for seed in range(12)]
    assert any(life.violated for life in careless)
    assert all(life.violated == (life.certified_at is not None) for life in careless)


def test_the_drift_stops_drafting() -> None:
    """Within 150 tasks, and the deployment ends there."""
    life = live(replace(CALM, failure=0.2, drift_at=700), 0.02, 0.05, random.Random(3))
    assert life.stopped_at is not None
    assert 700 <= life.stopped_at < 850


def test_no_rule_is_quicker_than_the_best_test() -> None:
    """One failure in two or none at all is told at once; small rates are not."""
    assert least_median(0.3, 0.9) == 5
    found = [least_median(base, 3 * base) for base in (0.02, 0.05, 0.1, 0.2)]
    assert found == sorted(found, key=lambda n: -(n or 0))
    assert found[0] is not None
    assert found[0] > 40


def test_a_quantile_of_what_never_came_is_unknown() -> None:
    """Infinity is not written into JSON."""
    assert quantile([1.0, 2.0, float("inf")], 0.5) == 2.0
    assert quantile([1.0, 2.0, float("inf")], 0.9) is None
    assert quantile([], 0.5) is None


@pytest.mark.parametrize(
    ("epsilon", "delta", "deployments"), [(0, 0.05, 5), (0.02, 2, 5), (0.02, 0.05, 0)]
)
def test_what_cannot_be_simulated_is_refused(
    epsilon: float, delta: float, deployments: int
) -> None:
    """Before any work."""
    with pytest.raises(UsageError):
        simulate(epsilon, delta, deployments)


@pytest.mark.slow
def test_the_simulation_keeps_the_promise_and_shows_what_breaks_it() -> None:
    """On 60 deployments: violations within what 5 % allows, the unweighted test far above it."""
    told: list[tuple[int, int]] = []
    found = simulate(0.02, 0.05, 60, seed=7, progress=lambda done, of: told.append((done, of)))
    assert told == [*((n, 88) for n in range(1, 61)), (67, 88), (74, 88), (81, 88), (88, 88)]
    assert found == simulate(0.02, 0.05, 60, seed=7)
    json.dumps(found, allow_nan=False)
    assert found["violation_ci"][0] <= 0.05  # type: ignore[index]
    boundary = found["at_boundary"]
    assert boundary["weighted_ci"][0] <= 0.05  # type: ignore[index]
    assert boundary["shadow_ci"][0] <= 0.05  # type: ignore[index]
    assert boundary["unweighted"] > 0.15  # type: ignore[index]
    assert found["kill_after_tasks_median"] <= 60  # type: ignore[operator]


def test_worlds_differ() -> None:
    """Drawn from the numbers handed in, and from nothing else."""
    assert drawn_world(random.Random(1)) == drawn_world(random.Random(1))
    assert drawn_world(random.Random(1)) != drawn_world(random.Random(2))
