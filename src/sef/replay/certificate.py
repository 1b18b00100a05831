"""Does the certificate keep its word? Many simulated deployments, and the alarms one by one."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from statistics import fmean

from sef.alarm import Shift
from sef.audit_sample import FLOOR, audit_propensity, audited, least_propensity
from sef.beta import beta_cdf
from sef.certificate import GRID, Judged, Trial, clopper_pearson
from sef.errors import UsageError
from sef.replay.alarms import change_grid, interval, quantile, share_of, watch_grid
from sef.replay.deployment import BUDGET, LOOK, SHADOW, TASKS, Life, drawn_world, live, stream

_SHARES_OF_EPSILON = (0.0, 0.25, 0.5)
_ACCEPTING = (1.0, 0.6)
_LOOK = 5
_MOST_TASKS = 8000
_AT_BOUNDARY = 2000
_FLOOR = 0.25
"""Of the propensities at the boundary."""


def simulate(
    epsilon: float,
    delta: float,
    deployments: int = 2000,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, object]:
    """What became of that many deployments: violations, audits, how quickly drafting stops.

    The same seed gives the same numbers. `progress` is told the work done and all of it.
    Intervals are Clopper and Pearson's, 95 %. Raises UsageError unless 0 < epsilon < 1,
    0 < delta < 1 and deployments >= 1.
    """
    if deployments < 1:
        raise UsageError(f"{deployments} deployments cannot be simulated", hint="Ask for 2000.")
    Trial(epsilon=epsilon, delta=delta)
    tell = progress or (lambda _done, _total: None)
    # The grids that follow take about as long as half of the deployments.
    step = max(1, deployments // 8)
    total = deployments + 4 * step
    lives = []
    for number in range(deployments):
        rng = stream(seed, "life", number)
        lives.append(live(drawn_world(rng), epsilon, delta, rng))
        tell(number + 1, total)
    runs = max(20, deployments // 8)
    parts: dict[str, Callable[[], object]] = {
        "at_boundary": lambda: _at_boundary(epsilon, delta, seed, 2 * runs),
        "true_rate_over_epsilon": lambda: _audits_needed(epsilon, delta, seed, runs),
        "change_grid": lambda: change_grid(seed, runs),
        "audit_alarm_over_epsilon": lambda: watch_grid(epsilon, delta, seed, runs),
    }
    found: dict[str, object] = {
        **_promise(lives, epsilon),
        **_audits(lives, epsilon),
        **_stops(lives),
    }
    for number, (name, part) in enumerate(parts.items(), 1):
        found[name] = part()
        tell(deployments + number * step, total)
    return found | {
        "inputs": {
            "epsilon": epsilon,
            "delta": delta,
            "deployments": deployments,
            "seed": seed,
            "tasks_per_deployment": TASKS,
            "shadow_tasks": SHADOW,
            "audit_budget": BUDGET,
            "audit_floor": FLOOR,
            "grid": list(GRID),
            "runs_of_each_grid_cell": runs,
        },
    }


def _promise(lives: Sequence[Life], epsilon: float) -> dict[str, object]:
    """Was a threshold in force whose true rate was above epsilon?"""
    violated = sum(life.violated for life in lives)
    certified = [life for life in lives if life.certified_at is not None]
    whole = sum(life.exposure > epsilon * life.tasks_in_force for life in certified)
    return {
        "violation_rate": round(violated / len(lives), 5),
        "violation_ci": interval(violated, len(lives)),
        "violations": violated,
        "certified_deployments": len(certified),
        "violation_rate_of_certified": share_of(violated, len(certified)),
        # Counts what happens between the drift and the stop as well.
        "whole_life_above_epsilon": share_of(whole, len(lives)),
        "loosened_deployments": sum(life.loosened for life in certified),
    }


def _audits(lives: Sequence[Life], epsilon: float) -> dict[str, object]:
    """Audits until the certificate, and from then on."""
    certified = [life for life in lives if life.certified_at is not None]
    before = [life.audits_before for life in certified]
    safe = [
        life.audits_before
        for life in certified
        if life.tau is not None and life.world.rate(life.tau, 0) <= epsilon / 4
    ]
    in_force = sum(life.tasks_in_force for life in certified)
    after = sum(life.audits_after for life in certified)
    return {
        "audits_mean": _mean(before),
        "audits_p95": quantile(before, 0.95),
        "audits_where_rate_at_most_a_quarter": {
            "deployments": len(safe),
            "mean": _mean(safe),
            "p95": quantile(safe, 0.95),
        },
        "shadow_tasks_mean": _mean([life.certified_at or 0 for life in certified]),
        "accepted_share_in_force": share_of(sum(life.accepted for life in certified), in_force),
        "audits_per_task_in_force": share_of(after, in_force),
    }


def _stops(lives: Sequence[Life]) -> dict[str, object]:
    """Tasks from the drift to the stop, and stops without a cause."""
    met = [life for life in lives if not _early(life)]
    delays = [
        math.inf if life.stopped_at is None else life.stopped_at - life.world.drift_at + 1.0
        for life in met
    ]
    # A stop that an audit proved right, before the drift, is none without a cause.
    early = sum(_early(life) and not (life.watch.fired and life.violated) for life in lives)
    armed = sum(max(0, min(life.task, life.world.drift_at) - Shift().learn) for life in lives)
    return {
        "kill_after_tasks_median": quantile(delays, 0.5),
        "kill_after_tasks_p90": quantile(delays, 0.9),
        "kill_measured_on": len(met),
        "never_stopped": sum(math.isinf(delay) for delay in delays),
        "stopped_by_audits": sum(life.watch.fired for life in lives),
        "false_stops_per_1000": round(1000 * early / armed, 3) if armed else None,
        "false_stops_ci": [round(1000 * bound, 3) for bound in clopper_pearson(early, armed)]
        if armed
        else None,
        "tasks_without_drift": armed,
    }


def _early(life: Life) -> bool:
    return life.stopped_at is not None and life.stopped_at < life.world.drift_at


def _at_boundary(epsilon: float, delta: float, seed: int, runs: int) -> dict[str, object]:
    """False proofs in the hardest case, a true rate of exactly epsilon, looked at all the time.

    `shadow`: every outcome is seen. `weighted`: accepted drafts are audited by chance, at least one
    in four (at the usual floor, so many tasks prove nothing at all).
    `unweighted`: the same, but what was seen is taken for all there is, with the exact binomial
    test, once, at the end: it shows what the selection does.
    """
    shadow = weighted = unweighted = 0
    for number in range(runs):
        rng = stream(seed, "boundary", number)
        found, naive = _boundary_run(epsilon, delta, rng, 0.9)
        weighted += found
        unweighted += naive
        shadow += _boundary_run(epsilon, delta, rng, None)[0]
    return {
        "tasks": _AT_BOUNDARY,
        "runs": runs,
        "shadow": share_of(shadow, runs),
        "shadow_ci": interval(shadow, runs),
        "weighted": share_of(weighted, runs),
        "weighted_ci": interval(weighted, runs),
        "unweighted": share_of(unweighted, runs),
    }


def _boundary_run(
    epsilon: float, delta: float, rng: random.Random, tau: float | None
) -> tuple[bool, bool]:
    """Whether the trial, and the unweighted test, prove what is not so."""
    trial = Trial(epsilon=epsilon, delta=delta, grid=(0.9,))
    seen = found = 0
    for _ in range(_AT_BOUNDARY // LOOK):
        batch = [_biased(epsilon, rng, tau) for _ in range(LOOK)]
        trial = trial.after(*batch)
        seen += sum(one.audited for one in batch)
        found += sum(one.regression is True for one in batch)
    return trial.proved > 0, 1 - beta_cdf(epsilon, found + 1, seen - found) <= delta


def _biased(epsilon: float, rng: random.Random, tau: float | None) -> Judged:
    """A task of a stratum in which four in five drafts are accepted, at 0.9 and above."""
    probability = rng.uniform(0.9, 1.0) if rng.random() < 0.8 else rng.uniform(0.0, 0.9)
    lost = rng.random() < (epsilon / 0.8 if probability >= 0.9 else 0.0)
    propensity = audit_propensity(probability, tau, _FLOOR)
    seen = audited(rng.random(), propensity)
    return Judged(
        probability=probability,
        audited=seen,
        regression=lost and seen,
        propensity=propensity,
        floor=least_propensity(tau, _FLOOR),
    )


def _audits_needed(epsilon: float, delta: float, seed: int, runs: int) -> dict[str, object]:
    """Audits until one threshold is proved, by its true rate and the share of drafts above it."""
    return {
        f"{share:g}": {
            f"accepting_{accepting:.0%}": _audits_cell(
                [
                    _audits_until(epsilon, delta, share * epsilon / accepting, accepting, rng)
                    for rng in (stream(seed, "audits", share, accepting, n) for n in range(runs))
                ]
            )
            for accepting in _ACCEPTING
        }
        for share in _SHARES_OF_EPSILON
    }


def _audits_cell(counts: Sequence[float]) -> dict[str, object]:
    finite = [count for count in counts if not math.isinf(count)]
    return {
        "mean": _mean(finite) if len(finite) == len(counts) else None,
        "median": quantile(counts, 0.5),
        "p80": quantile(counts, 0.8),
        "p95": quantile(counts, 0.95),
        "within_400": share_of(sum(count <= 400 for count in counts), len(counts)),
    }


def _audits_until(
    epsilon: float, delta: float, lost_share: float, accepting: float, rng: random.Random
) -> float:
    """Audits to the proof; infinite where it takes more than `_MOST_TASKS` tasks."""
    trial = Trial(epsilon=epsilon, delta=delta, grid=(0.5,))
    below = Judged(probability=0.0, audited=True, floor=1.0)
    fine = Judged(probability=1.0, audited=True, floor=1.0)
    lost = Judged(probability=1.0, audited=True, regression=True, floor=1.0)

    def one() -> Judged:
        if rng.random() >= accepting:
            return below
        return lost if rng.random() < lost_share else fine

    while not trial.proved and trial.tasks < _MOST_TASKS:
        trial = trial.after(*(one() for _ in range(_LOOK)))
    return float(trial.audits[0]) if trial.proved else math.inf


def _mean(values: Sequence[float]) -> float | None:
    return round(fmean(values), 1) if values else None
