"""A run of its own process that a test kills: twenty tasks whose calls tell when they end.

    python sweep.py TREE CACHE SECONDS [RUN]

Each call appends `begin ID` and `end ID` to calls.log in CACHE, the latter just before its answer
goes back; with RUN the run is resumed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from decimal import Decimal
from pathlib import Path

from sef import build
from sef.build import executors
from sef.model import Answer, Proposal, Task, Usage
from sef.plan import Plan
from sef.protocols import Assignment, Clock, Executor


class Telling:
    """An executor that writes one file, and tells when it begins and ends."""

    def __init__(self, log: Path, seconds: float) -> None:
        self._log = log
        self._seconds = seconds

    async def execute(self, assignment: Assignment) -> Proposal:
        name = assignment.task.id
        self._tell(f"begin {name}")
        await asyncio.sleep(self._seconds)
        (assignment.checkout.path / name).write_text(name)
        usage = Usage(cost_usd=Decimal("0.01"), model="pretend", seconds=self._seconds)
        proposal = Proposal(answer=Answer(text=name), usage=usage)
        self._tell(f"end {name}")
        return proposal

    def _tell(self, line: str) -> None:
        with self._log.open("a") as log:
            log.write(line + "\n")


def tasks() -> tuple[Task, ...]:
    """Four chains of five, side by side."""
    return tuple(
        Task(id=f"t{n}", text=f"implement {n}", needs=(f"t{n - 4}",) if n >= 4 else ())
        for n in range(20)
    )


async def main(tree: Path, cache: Path, seconds: float, run: str | None) -> None:
    telling = Telling(cache / "calls.log", seconds)

    def executor(_: object, __: Clock) -> Executor:
        return telling

    executors.scripted = executor
    if run is None:
        async with build.open_engine(tree) as engine:
            await engine.run(Plan(tasks()))
    else:
        async with build.open_interrupted(tree, run) as (engine, past):
            await engine.resume(past)


if __name__ == "__main__":
    os.environ["XDG_CACHE_HOME"] = sys.argv[2]
    named = sys.argv[4] if len(sys.argv) > 4 else None
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), named))
