"""A fact costs what it changes, never the size of the plan."""

from __future__ import annotations

import gc
import random
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sef.commands import Command, Commit, Start
from sef.model import Resource, Task
from sef.plan import Plan
from sef.schedule import Schedule

from .setting import accepted, committed, drafted, exhausted

pytestmark = pytest.mark.slow

# How much dearer a fact may be in a plan of ten times the tasks: memory grows colder, no more.
FACTOR = 3.0


@contextmanager
def _undisturbed() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _plan(count: int) -> Plan:
    """Each task needs up to two of the fifty before it."""
    rng = random.Random(count)

    def needs(n: int) -> tuple[str, ...]:
        chosen = (rng.randrange(max(0, n - 50), n) for _ in range(2 if n else 0))
        return tuple(dict.fromkeys(f"t{other}" for other in chosen))

    return Plan(tuple(Task(id=f"t{n}", text="", needs=needs(n)) for n in range(count)))


def _run(schedule: Schedule) -> int:
    """Answers every command until nothing is left; the number of facts."""
    facts, todo = 0, deque(schedule.begin())

    def tell(commands: list[Command]) -> None:
        nonlocal facts
        facts += 1
        todo.extend(commands)

    while todo:
        match todo.popleft():
            case Start(task=task, epoch=epoch):
                tell(schedule.handle(drafted(task, epoch)))
                tell(schedule.handle(accepted(task, epoch)))
            case Commit(task=task, epoch=epoch):
                tell(schedule.handle(committed(task, epoch)))
    assert schedule.done
    return facts


def _seconds_a_fact(count: int, *, speculate: bool) -> float:
    plan, best = _plan(count), float("inf")
    for _ in range(3):
        schedule = Schedule(plan, {Resource.AGENT: 10}, speculate=speculate)
        with _undisturbed():
            began = time.process_time()
            facts = _run(schedule)
            best = min(best, (time.process_time() - began) / facts)
    return best


@pytest.mark.parametrize("speculate", [False, True])
def test_ten_thousand_tasks_run_through_in_two_seconds(speculate: bool) -> None:
    """Three facts a task, the making of the schedule included."""
    plan = _plan(10_000)
    began = time.process_time()
    facts = _run(Schedule(plan, {Resource.AGENT: 10}, speculate=speculate))
    seconds = time.process_time() - began
    print(f"{facts} facts in {seconds:.2f} s")  # noqa: T201 - shown by -rP
    assert facts == 30_000
    assert seconds < 2


@pytest.mark.parametrize("speculate", [False, True])
def test_a_fact_costs_the_same_in_a_plan_of_ten_times_the_tasks(speculate: bool) -> None:
    """Per fact, the best of three runs each."""
    small, big = (_seconds_a_fact(count, speculate=speculate) for count in (1_000, 10_000))
    print(f"{small * 1e6:.1f} us a fact, {big * 1e6:.1f} us in the big plan")  # noqa: T201
    assert big < FACTOR * small


def _seconds_a_failed_commit(count: int) -> float:
    """The last to have been accepted fail while all the others wait for their turn to commit."""
    failures, best = 200, float("inf")
    for _ in range(3):
        tasks = tuple(Task(id=f"t{n}", text="") for n in range(count))
        schedule = Schedule(Plan(tasks), {Resource.AGENT: 10})
        schedule.begin()
        for one in tasks:
            schedule.handle(accepted(one.id))
        with _undisturbed():
            began = time.process_time()
            for one in tasks[-failures:]:
                schedule.handle(exhausted(one.id))
            best = min(best, (time.process_time() - began) / failures)
    return best


def test_leaving_the_line_costs_the_same_however_long_it_is() -> None:
    """A task that fails while it waits for its turn is not searched for among those that wait."""
    small, big = _seconds_a_failed_commit(1_000), _seconds_a_failed_commit(10_000)
    print(f"{small * 1e6:.1f} us a fact, {big * 1e6:.1f} us in the long line")  # noqa: T201
    assert big < FACTOR * small
