"""Long walks: `python -m tests.walks --walks 10000 --seed 7`; the mutants: `--mutants`."""

from __future__ import annotations

import argparse
import random
import sys
import time

from .hunt import hunt, table
from .mutants import MUTANTS
from .walk import smallest, walk


def main() -> int:
    """Walks as long as it was told to; 1 when a rule was broken or a mutant survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.walks", description=__doc__)
    parser.add_argument("--walks", type=int, default=2000, help="walks to go (default 2000)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--mutants", action="store_true", help="show what catches each mutant")
    asked = parser.parse_args()
    return _mutants() if asked.mutants else _walks(asked.walks, asked.seed)


def _mutants() -> int:
    caught = {mutant: hunt(mutant) for mutant in MUTANTS}
    _say(table(caught))
    survivors = [mutant.__name__ for mutant, how in caught.items() if how is None]
    _say(f"{len(caught) - len(survivors)} of {len(caught)} mutants caught")
    return int(bool(survivors))


def _walks(walks: int, seed: int) -> int:
    rng = random.Random(seed)
    began, steps = time.perf_counter(), 0
    for number in range(walks):
        one = rng.getrandbits(48)
        speculate = bool(number % 2)
        gone = walk(one, speculate=speculate)
        steps += len(gone.steps)
        if gone.broken:
            _say(f"walk {number + 1} (seed {one}, speculate={speculate}) broke a rule; smallest:")
            _say(str(smallest(gone)))
            return 1
    _say(f"{walks} walks, {steps} steps, no rule broken, {time.perf_counter() - began:.1f} s")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
