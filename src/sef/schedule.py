"""The schedule: facts in, commands out. A pure machine; the engine obeys it.

    waiting --Start--> running --Accepted--> accepted --Commit--> committing --Committed--> done
       ^                  |                                           |
       |                  '--Exhausted--> failed                      |
       '------------------------Squashed (epoch + 1)------------------'
    waiting --Block--> blocked (a need failed)

Tasks start only when everything they need is committed, the one with the longest chain behind
it first; commits happen one at a time, so a tip never moves under a merge. A squash happens only
when the tip moved since the task began, and the tip moves only when another task commits: a plan
of n tasks therefore ends after at most n starts of each task.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from sef.events import (
    Accepted,
    Block,
    Blocked,
    Command,
    Commit,
    Committed,
    Exhausted,
    Squashed,
    Start,
    TaskFact,
)
from sef.plan import Plan


class State(StrEnum):
    """Where a task is."""

    WAITING = "waiting"
    RUNNING = "running"
    ACCEPTED = "accepted"
    COMMITTING = "committing"
    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"


_ENDED = frozenset({State.DONE, State.FAILED, State.BLOCKED})


class Schedule:
    """The state of one plan's tasks. `begin` once, then `handle` every fact about a task."""

    def __init__(self, plan: Plan, slots: int) -> None:
        self._needs = {task.id: task.needs for task in plan.tasks}
        self._needed_by = plan.needed_by()
        ranks = plan.ranks()
        # Stable: tasks of equal rank keep the order in which they were said.
        self._order = sorted(self._needs, key=lambda task: -ranks[task])
        self._slots = slots
        self._states = dict.fromkeys(self._needs, State.WAITING)
        self._epochs = dict.fromkeys(self._needs, 0)
        self._to_commit: list[str] = []

    def state(self, task: str) -> State:
        """Where the task is now."""
        return self._states[task]

    @property
    def done(self) -> bool:
        """True when every task has ended."""
        return all(state in _ENDED for state in self._states.values())

    def begin(self) -> list[Command]:
        """The first commands."""
        return list(self._starts())

    def handle(self, fact: TaskFact) -> list[Command]:
        """The commands that follow from a fact. A fact of a former epoch changes nothing."""
        if not isinstance(fact, Blocked) and fact.epoch != self._epochs[fact.task]:
            return []
        return [*self._moves(fact), *self._commits(), *self._starts()]

    def _moves(self, fact: TaskFact) -> Iterator[Command]:
        match fact:
            case Accepted(task=task):
                self._states[task] = State.ACCEPTED
                self._to_commit.append(task)
            case Committed(task=task):
                self._states[task] = State.DONE
            case Squashed(task=task):
                self._states[task] = State.WAITING
                self._epochs[task] += 1
            case Exhausted(task=task):
                self._states[task] = State.FAILED
                yield from self._blocks(task, "failed")
            case Blocked(task=task):
                yield from self._blocks(task, "is blocked")
            case _:
                pass

    def _blocks(self, task: str, how: str) -> Iterator[Command]:
        for other in self._needed_by[task]:
            if self._states[other] is State.WAITING:
                self._states[other] = State.BLOCKED
                yield Block(task=other, reason=f"it needs {task}, which {how}")

    def _commits(self) -> Iterator[Command]:
        if self._to_commit and State.COMMITTING not in self._states.values():
            task = self._to_commit.pop(0)
            self._states[task] = State.COMMITTING
            yield Commit(task=task, epoch=self._epochs[task])

    def _starts(self) -> Iterator[Command]:
        running = sum(state is State.RUNNING for state in self._states.values())
        ready = (task for task in self._order if self._ready(task))
        for task, _ in zip(ready, range(self._slots - running), strict=False):
            self._states[task] = State.RUNNING
            yield Start(task=task, epoch=self._epochs[task])

    def _ready(self, task: str) -> bool:
        needs = self._needs[task]
        return self._states[task] is State.WAITING and all(
            self._states[need] is State.DONE for need in needs
        )
