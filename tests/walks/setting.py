"""What a walk is made of: a plan with its slots, facts, and the places where it was cut off."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sef.events import (
    Accepted,
    Cancelled,
    Committed,
    Drafted,
    Exhausted,
    Fact,
    Failed,
    Rejected,
    Squashed,
)
from sef.model import Answer, Change, Draft, Lane, Patch, Resource, Task, Tier, Usage, Verdict
from sef.plan import Plan
from sef.schedule import Schedule
from sef.testing import random_plan

_USAGE = Usage(cost_usd=None)
_ANSWER = Draft(answer=Answer(text=""), patch=Patch(base="b", commit="b"), usage=_USAGE)
_WRITE = replace(
    _ANSWER,
    patch=Patch(base="b", commit="c", changes=(Change(path="f", status="A", mode="100644"),)),
)
_BY = {"executor": "x", "tier": Tier.LIGHT}


@dataclass(frozen=True, slots=True)
class Cut:
    """The process died here: a new schedule is fed the facts so far and resumes."""


Step = Fact | Cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The arguments of a schedule."""

    tasks: tuple[Task, ...]
    slots: Mapping[Resource, int]
    resources: Mapping[str, Resource]
    speculate: bool

    def schedule(self, machine: type[Schedule] = Schedule) -> Schedule:
        """A new machine for it."""
        return machine(
            Plan(self.tasks), self.slots, resources=self.resources, speculate=self.speculate
        )

    def without(self, name: str) -> Setting:
        """The same without one task, and without the need of it."""
        kept = (one for one in self.tasks if one.id != name)
        tasks = tuple(replace(one, needs=tuple(n for n in one.needs if n != name)) for one in kept)
        return replace(self, tasks=tasks)

    def __str__(self) -> str:
        lines = [
            f"speculate={self.speculate}, slots={ {str(k): v for k, v in self.slots.items()} }"
        ]
        for task in self.tasks:
            needs = f" needs {', '.join(task.needs)}" if task.needs else ""
            resource = self.resources.get(task.id, Resource.AGENT)
            lines.append(f"  {task.id} ({task.lane.name.lower()}, {resource}){needs}")
        return "\n".join(lines)


def random_setting(rng: random.Random, *, speculate: bool, most: int = 40) -> Setting:
    """A plan of up to `most` tasks; small ones are more likely than big ones."""
    count = rng.randint(1, rng.choice((6, 16, most)))
    tasks = list(random_plan(rng, count, rng.choice((0.05, 0.15, 0.4))))
    if rng.random() < 0.5:
        rng.shuffle(tasks)
    lanes = rng.choice(((Lane.NORMAL,), tuple(Lane)))
    uses = rng.choice(((Resource.AGENT,), tuple(Resource)))
    return Setting(
        tasks=tuple(replace(task, lane=rng.choice(lanes)) for task in tasks),
        slots={Resource.AGENT: rng.randint(1, 5), Resource.CPU: rng.randint(1, 3)},
        resources={task.id: rng.choice(uses) for task in tasks},
        speculate=speculate,
    )


def drafted(task: str, epoch: int = 0) -> Drafted:
    """A draft of the task."""
    return Drafted(task=task, epoch=epoch, draft=_WRITE, **_BY)


def failed(task: str, epoch: int = 0) -> Failed:
    """An executor gave no draft: of no concern to the schedule."""
    return Failed(task=task, epoch=epoch, reason="", usage=_USAGE, **_BY)


def rejected(task: str, epoch: int = 0) -> Rejected:
    """The task's draft was rejected."""
    return Rejected(task=task, epoch=epoch, verdict=Verdict(accepted=False, reason=""), **_BY)


def accepted(task: str, epoch: int = 0, *, writes: bool = True) -> Accepted:
    """The task's draft was accepted; where it writes, its commit moves the tip."""
    draft = _WRITE if writes else _ANSWER
    verdict = Verdict(accepted=True, reason="")
    return Accepted(task=task, epoch=epoch, draft=draft, verdict=verdict, verifiers=(), **_BY)


def exhausted(task: str, epoch: int = 0) -> Exhausted:
    """No stage of the task is left."""
    return Exhausted(task=task, epoch=epoch, reason="")


def committed(task: str, epoch: int = 0) -> Committed:
    """The task became part of the result."""
    return Committed(task=task, epoch=epoch, commit="c")


def squashed(task: str, epoch: int = 0) -> Squashed:
    """The task's draft did not merge."""
    return Squashed(task=task, epoch=epoch, reason="")


def cancelled(task: str | None = None) -> Cancelled:
    """The task, or everything, was called off."""
    return Cancelled(task=task)


def told(steps: Iterable[Step]) -> str:
    """Steps as lines a person can read."""
    return "\n".join(f"  {_line(step)}" for step in steps)


def _line(step: Step) -> str:
    match step:
        case Cut():
            return "(cut off, replayed, resumed)"
        case Cancelled(task=task):
            return f"Cancelled {task or 'everything'}"
        case Accepted(task=task, epoch=epoch, draft=draft) if draft.patch.empty:
            return f"Accepted {task} {epoch} (nothing to write)"
        case _:
            epoch = getattr(step, "epoch", "")
            return f"{type(step).__name__} {getattr(step, 'task', '')} {epoch}".rstrip()
