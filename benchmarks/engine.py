"""What the engine adds to the tasks it runs.

    python -m benchmarks.engine --json

The real engine, with a durable journal in a temporary git repository, on tasks that do nothing
(tier 0, no paid call) or sleep. Every run is checked: all tasks done, in an order that keeps
needs, all facts in the journal. The disk's own flush time stands beside, because a durable
hand-over costs one.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from benchmarks.resume import resume_seconds
from sef.build import WallClock
from sef.commands import Start
from sef.engine import Engine
from sef.events import Accepted, Committed, Drafted
from sef.journal import Journal, RunJournal
from sef.model import (
    Answer,
    Draft,
    Kind,
    Patch,
    Proposal,
    Request,
    Resource,
    Route,
    Task,
    Tier,
    Usage,
    Verdict,
)
from sef.parts import Parts
from sef.plan import Plan
from sef.pools.local import LocalPool
from sef.protocols import Assignment
from sef.repository import find_repository
from sef.schedule import Schedule
from sef.workspace import Workspace

FREE = Usage(cost_usd=Decimal(0))
SLOTS = 10


class ToNobody:
    """A router that sends every task to the executor that does nothing."""

    def route(self, task: Task) -> Route:  # noqa: ARG002
        """Tier 0, whatever the task says."""
        return Route(
            tier=Tier.NONE,
            kind=Kind.EXPLORE,
            policy="complex",
            score=1,
            reason="benchmark",
            request=Request(executor="nothing", what="nothing"),
        )


class Nothing:
    """An executor that sleeps, and remembers when it began and ended."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.begun: dict[str, float] = {}
        self.ended: dict[str, float] = {}

    async def execute(self, assignment: Assignment) -> Proposal:
        """Sleeps."""
        self.begun[assignment.task.id] = time.perf_counter()
        if self.seconds:
            await asyncio.sleep(self.seconds)
        self.ended[assignment.task.id] = time.perf_counter()
        return Proposal(answer=Answer(text=""), usage=FREE)


def run(tasks: Sequence[Task], executor: Nothing) -> float:
    """Seconds that the engine took. Raises AssertionError when not all tasks were done rightly."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(Path(folder), tasks, executor))


async def _run(folder: Path, tasks: Sequence[Task], executor: Nothing) -> float:
    repository = await find_repository(make_repository(folder / "tree"))
    workspace = Workspace(repository, run="bench", scratch=folder)
    await workspace.open()
    with closing(Journal(repository.common_dir / "sef")) as journal:
        parts = Parts(
            router=ToNobody(),
            pool=LocalPool(workspace, {"nothing": executor}),
            tiers={},
            verifiers={},
            sinks=(),
            clock=WallClock(),
            ledger=RunJournal(journal, "bench"),
            cores=SLOTS,
        )
        started = time.perf_counter()
        facts = await Engine(parts, workspace).run(Plan(tuple(tasks)))
        seconds = time.perf_counter() - started
        check_order(tasks, [fact.task for fact in facts if isinstance(fact, Committed)])
        assert len(journal.recorded("bench")) == len(facts)
    return seconds


def check_order(tasks: Sequence[Task], done: Sequence[str]) -> None:
    """Raises AssertionError unless every task is done once and after what it needs."""
    place = {task: number for number, task in enumerate(done)}
    assert sorted(place) == sorted(task.id for task in tasks)
    assert len(done) == len(place)
    assert all(place[need] < place[task.id] for task in tasks for need in task.needs)


def make_repository(root: Path) -> Path:
    """A git repository with one commit."""
    root.mkdir()
    (root / "a").write_text("1\n")
    named = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
    for args in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "start")):
        subprocess.run(("git", *named, *args), cwd=root, check=True)
    return root


def chain(tasks: int) -> list[Task]:
    """Each needs the one before."""
    needs = [() if number == 0 else (f"t{number - 1}",) for number in range(tasks)]
    return [Task(id=f"t{number}", text="x", needs=needs[number]) for number in range(tasks)]


def layered(layers: int, width: int) -> list[Task]:
    """Each needs two of the layer before."""
    rng = random.Random(1)  # noqa: S311
    tasks = []
    for layer in range(layers):
        for place in range(width):
            before = [f"t{layer - 1}-{rng.randrange(width)}" for _ in range(2)] if layer else []
            needs = tuple(dict.fromkeys(before))
            tasks.append(Task(id=f"t{layer}-{place}", text="x", needs=needs))
    return tasks


def hand_over_ms() -> list[float]:
    """From the end of a task to the start of the next, on a chain of 200, sorted."""
    executor = Nothing()
    tasks = chain(200)
    run(tasks, executor)
    pairs = itertools.pairwise(tasks)
    return sorted(1000 * (executor.begun[b.id] - executor.ended[a.id]) for a, b in pairs)


def flat_ms(tasks: int) -> float:
    """Milliseconds a task, for tasks that do nothing and need nothing."""
    seconds = run([Task(id=f"t{number}", text="x") for number in range(tasks)], Nothing())
    return 1000 * seconds / tasks


def dag_ratio() -> float:
    """Time of 20 layers of 50 tasks of 50 ms, over max(critical path, work / slots)."""
    layers, width, each = 20, 50, 0.05
    seconds = run(layered(layers, width), Nothing(each))
    return seconds / max(layers * each, layers * width * each / SLOTS)


def schedule_facts_per_s(tasks: int = 10_000) -> float:
    """Facts that the pure schedule handles in a second, on a layered plan."""
    plan = Plan(tuple(layered(100, tasks // 100)))
    schedule = Schedule(plan, {Resource.AGENT: SLOTS, Resource.CPU: SLOTS})
    draft = Draft(answer=Answer(text=""), patch=Patch(base="b", commit="b"), usage=FREE)
    verdict = Verdict(accepted=True, reason="")
    drafted = {
        task.id: Drafted(task=task.id, epoch=0, executor="x", tier=Tier.NONE, draft=draft)
        for task in plan.tasks
    }
    accepted = {
        task.id: Accepted(
            task=task.id,
            epoch=0,
            executor="x",
            tier=Tier.NONE,
            draft=draft,
            verdict=verdict,
            verifiers=(),
        )
        for task in plan.tasks
    }
    committed = {task.id: Committed(task=task.id, epoch=0, commit=None) for task in plan.tasks}
    started = time.perf_counter()
    commands, facts = schedule.begin(), 0
    while commands:
        command = commands.pop()
        if isinstance(command, Start):
            commands += schedule.handle(drafted[command.task])
            commands += schedule.handle(accepted[command.task])
            facts += 2
        else:
            commands += schedule.handle(committed[command.task])
            facts += 1
    seconds = time.perf_counter() - started
    assert schedule.done
    return facts / seconds


def import_ms() -> float:
    """Milliseconds that `import sef` adds to the start of Python; median of eleven pairs."""

    def start(code: str) -> float:
        started = time.perf_counter()
        subprocess.run((sys.executable, "-c", code), check=True)
        return 1000 * (time.perf_counter() - started)

    return statistics.median(start("import sef") - start("pass") for _ in range(11))


def fsync_ms() -> float:
    """Milliseconds of one small write and flush in the temporary folder; median of 200."""
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(200):
            started = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fdatasync(file.fileno())
            times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def measured() -> dict[str, float]:
    """All figures of one run of the benchmark."""
    hand_over = hand_over_ms()
    figures: dict[str, Callable[[], float]] = {
        "handoff_p50_ms": lambda: statistics.median(hand_over),
        "handoff_p99_ms": lambda: hand_over[int(len(hand_over) * 0.99) - 1],
        "task_ms_1k": lambda: flat_ms(1_000),
        "task_ms_10k": lambda: flat_ms(10_000),
        "dag_ratio": dag_ratio,
        "schedule_facts_per_s": schedule_facts_per_s,
        "import_ms": import_ms,
        "resume_s": resume_seconds,
        "fsync_p50_ms": fsync_ms,
    }
    return {name: round(measure(), 3) for name, measure in figures.items()}


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    as_json = parser.parse_args().json
    found = measured()
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    for name, value in found.items():
        sys.stdout.write(f"{name:<24}{value:>12.3f}\n")


if __name__ == "__main__":
    main()
