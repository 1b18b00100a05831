"""How long the policy thinks about one task.

    python -m benchmarks.policy --json

Each decision is made from estimates of 2 to 4 drafters after 0 to 400 observed tasks, which are
changed before it, so that no quantile is remembered from the decision before. Every decision is
checked against the saving that the drafters were made with: what surely pays is drafted, what
surely does not goes to the target.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from dataclasses import dataclass

from sef.choice import Choice, Drafter, Mode, Purse, Question, choose
from sef.estimates import Estimates, Observation
from sef.gate import Rule
from sef.model import Tier

_STRATA = ("implement/1", "implement/2", "document/1")
_CLEAR = 0.25
"""A saving of this much, after that many tasks, leaves no doubt."""
_ENOUGH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a drafter is like."""

    name: str
    cost: float
    """Over the target's."""
    rate: float

    @property
    def saving(self) -> float:
        """With a verdict at 3 % and a redo at 1.2 of a target run."""
        return 1 - self.cost - 0.03 - (1 - self.rate) * 1.2


def world(rng: random.Random) -> tuple[Truth, ...]:
    """Two to four drafters."""
    return tuple(
        Truth(name=f"draft{number}", cost=rng.uniform(0.02, 1.0), rate=rng.uniform(0.2, 0.9))
        for number in range(rng.randint(2, 4))
    )


def observed(truth: Truth, rng: random.Random) -> Observation:
    """One task on which draft and target worked."""
    accepted = rng.random() < truth.rate
    hard = 1.2 if not accepted else (1 - (1 - truth.rate) * 1.2) / truth.rate
    return Observation(
        stratum=rng.choice(_STRATA),
        executor=truth.name,
        tier=Tier.LIGHT,
        accepted=accepted,
        cost=truth.cost * rng.lognormvariate(-0.125, 0.5),
        calls=rng.lognormvariate(3, 0.6),
        target_cost=max(0.01, hard) * rng.lognormvariate(-0.125, 0.5),
        shadow=True,
    )


def check(truths: tuple[Truth, ...], found: Choice, tasks: int) -> bool:
    """True where the decision was clear. Raises AssertionError where a clear one is wrong."""
    best = max(truth.saving for truth in truths)
    if tasks < _ENOUGH or abs(best) < _CLEAR:
        return False
    assert (found.mode is Mode.DRAFT) == (best > 0), (best, found)
    assert all(one.executor in {truth.name for truth in truths} for one in found.stages)
    return True


def measured(decisions: int) -> dict[str, float]:
    """All figures of one run."""
    rng = random.Random(1)  # noqa: S311
    times: list[float] = []
    clear = 0
    while len(times) < decisions:
        truths, known = world(rng), Estimates()
        drafters = tuple(Drafter(name=truth.name, tier=Tier.LIGHT) for truth in truths)
        for tasks in range(400):
            for truth in truths:
                known = known.plus(observed(truth, rng))
            if tasks % 8:
                continue
            question = Question(
                known=known,
                stratum=rng.choice(_STRATA),
                drafters=drafters,
                verify=0.03,
                tasks=tasks,
                purse=Purse(spent=float(tasks)),
                rule=Rule(),
            )
            started = time.perf_counter()
            found = choose(question)
            times.append(1000 * (time.perf_counter() - started))
            clear += check(truths, found, tasks)
    times.sort()
    return {
        "decision_p50_ms": round(statistics.median(times), 4),
        "decision_p99_ms": round(times[int(0.99 * len(times))], 4),
        "decisions": len(times),
        "checked_decisions": clear,
    }


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.policy", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--decisions", type=int, default=3000, help="how many are timed")
    asked = parser.parse_args()
    found = measured(asked.decisions)
    if asked.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    for name, value in found.items():
        sys.stdout.write(f"{name:<24}{value:>12}\n")


if __name__ == "__main__":
    main()
