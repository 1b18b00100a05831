"""Commands (imperatives) tell the engine what to do; they and states come out of the schedule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Run the task's cascade from its first stage."""

    task: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Merge the task's accepted draft onto the tip."""

    task: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Give the task up, because one that it needs failed."""

    task: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Squash:
    """Undo what the task did: it read a draft that was rejected. It will start again."""

    task: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stop the task's work for good."""

    task: str
    epoch: int


Command = Start | Commit | Block | Squash | Stop


class State(StrEnum):
    """Where a task is in the schedule."""

    WAITING = "waiting"
    RUNNING = "running"
    DRAFTED = "drafted"
    ACCEPTED = "accepted"
    COMMITTING = "committing"
    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
