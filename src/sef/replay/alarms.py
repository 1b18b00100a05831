"""How quickly the alarms stop drafting, and how often they stop it for nothing, one by one."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

from sef.alarm import Shift, Watch
from sef.audit_sample import audit_propensity, audited
from sef.certificate import clopper_pearson
from sef.replay.deployment import WORSE, distance_of, stream

_BASES = (0.02, 0.05, 0.1, 0.2, 0.3)
_AUCS = (1.0, 0.95, 0.9)
_KNOWN = 300
"""Tasks before the change."""
_QUIET = 1500
"""Tasks without a change, and the most that are waited for after one."""
_MULTIPLES = (1.0, 2.0, 3.0, 5.0)
_WATCHED = 6000


def change_grid(seed: int, runs: int) -> list[dict[str, object]]:
    """The quick alarm alone, by base failure rate and by how well the verifier tells (AUC)."""
    return [
        _cell(base, auc, stream(seed, "change", base, auc), runs)
        for auc in _AUCS
        for base in _BASES
    ]


def _cell(base: float, auc: float, rng: random.Random, runs: int) -> dict[str, object]:
    delays, alarms, quiet = [], 0, 0
    for _ in range(runs):
        learned = Shift()
        for doubt in _doubts(base, base, auc, _KNOWN, rng):
            learned = learned.after(doubt)
        # A false alarm before the change is one of the other kind: another run tells of it.
        if learned.fired:
            continue
        delays.append(_until(learned, _doubts(base, WORSE * base, auc, _QUIET, rng)))
        still = _until(learned, _doubts(base, base, auc, _QUIET, rng))
        alarms += not math.isinf(still)
        quiet += int(min(still, _QUIET))
    return {
        "base_failure_rate": base,
        "auc": auc,
        "median": quantile(delays, 0.5),
        "p90": quantile(delays, 0.9),
        "false_stops_per_1000": round(1000 * alarms / quiet, 3),
        "least_median_possible": least_median(base, WORSE * base),
    }


def least_median(usual: float, worse: float, false_per_task: float = 0.001) -> int | None:
    """The fewest tasks within which any rule can stop half of the time after a change.

    A rule with at most `false_per_task` false stops a task stops within n tasks without a change
    with probability at most n * false_per_task, so after the change, by Neyman and Pearson, no
    more often than the best test of that level on n tasks whose failures are known: no verifier
    tells more. None where that takes more than 1,000 tasks.
    """
    return next(
        (n for n in range(1, 1000) if _power(n, usual, worse, n * false_per_task) >= 0.5), None
    )


def _power(tasks: int, usual: float, worse: float, level: float) -> float:
    """Of the randomised most powerful test of one failure rate against a higher one."""
    before = after = 0.0
    for failures in range(tasks, -1, -1):
        ways = math.comb(tasks, failures)
        chance = ways * usual**failures * (1 - usual) ** (tasks - failures)
        gain = ways * worse**failures * (1 - worse) ** (tasks - failures)
        if before + chance >= level:
            return after + gain * (level - before) / chance
        before, after = before + chance, after + gain
    return after


def _doubts(
    base: float, failure: float, auc: float, tasks: int, rng: random.Random
) -> Iterator[float]:
    """Doubts of a verifier that is calibrated where drafts fail at the base rate; AUC 1 knows."""
    distance = distance_of(auc) if auc < 1 else 0.0
    for _ in range(tasks):
        wrong = rng.random() < failure
        if auc >= 1:
            yield float(wrong)
            continue
        score = rng.gauss(0.0 if wrong else distance, 1)
        odds = distance * (score - distance / 2) + math.log((1 - base) / base)
        yield 1 / (1 + math.exp(odds))


def _until(shift: Shift, doubts: Iterator[float]) -> float:
    """Tasks until the alarm; infinite where it does not come."""
    for number, doubt in enumerate(doubts, 1):
        shift = shift.after(doubt)
        if shift.fired:
            return float(number)
    return math.inf


def watch_grid(epsilon: float, delta: float, seed: int, runs: int) -> dict[str, object]:
    """Tasks until audits alone stop drafting, by the true rate in multiples of epsilon."""
    grid: dict[str, object] = {}
    for multiple in _MULTIPLES:
        waits = [
            _watched(epsilon, delta, multiple, stream(seed, "watch", multiple, number))
            for number in range(runs)
        ]
        grid[f"{multiple:g}"] = {
            "median": quantile(waits, 0.5),
            "p90": quantile(waits, 0.9),
            "stopped_within": {
                "tasks": _WATCHED,
                "share": share_of(sum(not math.isinf(wait) for wait in waits), runs),
            },
        }
    return grid


def _watched(epsilon: float, delta: float, multiple: float, rng: random.Random) -> float:
    """Four in five drafts are accepted, at 0.9 and above; all regressions are among them."""
    watch, lost_share = Watch(epsilon=epsilon, delta=delta), min(1.0, multiple * epsilon / 0.8)
    for task in range(_WATCHED):
        loss = 0.0
        if rng.random() < 0.8 and rng.random() < lost_share:
            propensity = audit_propensity(rng.uniform(0.9, 1.0), 0.9)
            loss = 1 / propensity if audited(rng.random(), propensity) else 0.0
        watch = watch.after(loss)
        if watch.fired:
            return task + 1.0
    return math.inf


def interval(hits: int, tried: int) -> list[float]:
    """The exact 95 % interval of a share, rounded."""
    return [round(bound, 5) for bound in clopper_pearson(hits, tried)]


def share_of(part: int, whole: int) -> float | None:
    """Rounded; None of nothing."""
    return round(part / whole, 5) if whole else None


def quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least that share do not exceed; None where that is infinite."""
    if not values:
        return None
    found = sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
    return None if math.isinf(found) else found
