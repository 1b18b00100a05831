"""Doubles for the seams: a clock, a sink, a ledger, and plans drawn at random."""

from __future__ import annotations

import asyncio
import random
from typing import TypeVar

from sef.events import Recorded
from sef.model import Task
from sef.sinks.memory import Memory

_AnyFact = TypeVar("_AnyFact")


class FakeClock:
    """A clock that moves only when somebody sleeps on it; a sleep ends at once."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._now += max(seconds, 0.0)
        await asyncio.sleep(0)


class Recorder(Memory):
    """A sink that keeps every fact, in the order told."""

    def of(self, kind: type[_AnyFact]) -> list[_AnyFact]:
        """The facts of one type: `recorder.of(Drafted)`."""
        return [fact for fact in self.facts if isinstance(fact, kind)]


class MemoryLedger:
    """A ledger that keeps facts as long as the process lives."""

    def __init__(self) -> None:
        self.recorded: list[Recorded] = []

    def append(self, recorded: Recorded) -> None:
        self.recorded.append(recorded)

    async def settled(self) -> None:
        await asyncio.sleep(0)


def random_plan(rng: random.Random, tasks: int, density: float = 0.2) -> tuple[Task, ...]:
    """Tasks t0, t1, ... without cycles: each earlier task is needed with that probability."""
    return tuple(
        Task(
            id=f"t{number}",
            text=f"Write {number} to t{number}.txt",
            needs=tuple(f"t{other}" for other in range(number) if rng.random() < density),
        )
        for number in range(tasks)
    )
