"""The walker: a random plan, and random facts in answer to what the schedule commands."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sef.commands import Command, State
from sef.events import Blocked, Cancelled, Fact
from sef.model import Lane
from sef.schedule import Schedule

from .oracle import Oracle
from .rules import Broken, Rule
from .setting import (
    Cut,
    Setting,
    Step,
    accepted,
    cancelled,
    committed,
    drafted,
    exhausted,
    failed,
    random_setting,
    rejected,
    squashed,
    told,
)

_KINDS: tuple[Callable[[str, int], Fact], ...] = (
    accepted,
    committed,
    drafted,
    exhausted,
    failed,
    rejected,
    squashed,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A walk that was walked."""

    setting: Setting
    steps: tuple[Step, ...]
    broken: Broken | None
    """The rule that the last step broke; None when the walk went well."""

    def __str__(self) -> str:
        return f"{self.broken}\n{self.setting}\n{told(self.steps)}"


class _Track:
    """A schedule and its oracle, led along the same steps."""

    def __init__(self, setting: Setting, machine: type[Schedule]) -> None:
        self._setting = setting
        self._machine = machine
        self.steps: list[Step] = []
        self.facts: list[Fact] = []
        self.oracle = Oracle(setting)
        self._schedule = setting.schedule(machine)
        self._said: list[list[Command]] = [self._schedule.begin()]
        self.oracle.begun(self._said[0], self._schedule)

    def step(self, step: Step) -> None:
        """Goes one step. Raises Broken."""
        self.steps.append(step)
        if isinstance(step, Cut):
            self._cut()
            return
        self.facts.append(step)
        commands = self._schedule.handle(step)
        self._said.append(commands)
        self.oracle.told(step, commands, self._schedule)

    def _cut(self) -> None:
        self._schedule = self._setting.schedule(self._machine)
        said = [self._schedule.begin(), *(self._schedule.handle(fact) for fact in self.facts)]
        if said != self._said:
            raise Broken(Rule.REPLAY, "the commands differ")
        self.oracle.resumed(self._schedule.resume(), self._schedule)


class _Walker:
    """Answers what is under way in random order, and says much that was not asked."""

    def __init__(self, rng: random.Random, track: _Track, setting: Setting) -> None:
        self._rng = rng
        self._track = track
        self._oracle = track.oracle
        self._speculate = setting.speculate
        self._noise = rng.choice((0, 10, 40))
        self._undo = rng.choice((0, 2, len(setting.tasks)))
        self._cuts = rng.choice((0, 1, 3))
        self._bad = rng.choice((0.0, 0.03, 0.12))
        self._tip = 0
        self._tips: dict[tuple[str, int], int] = {}

    def walk(self) -> None:
        """Walks to the end. Raises Broken, also when there is no end."""
        count = len(self._oracle.names)
        bound = 50 + 5 * count * (1 + self._undo + count)
        for _ in range(bound):
            if self._over():
                break
            self._note_tips()
            self._track.step(self._next())
        else:
            raise Broken(Rule.ENDS, f"not ended after {bound} steps")
        if not self._speculate and max(self._oracle.starts.values(), default=0) > count:
            raise Broken(Rule.ENDS, f"more than {count} starts of a task")

    def _over(self) -> bool:
        return not (self._oracle.holding or self._oracle.merging)

    def _note_tips(self) -> None:
        """A task works on the tip that it found when it began."""
        states = self._oracle.state
        self._tip = sum(states[name] is State.DONE for name in self._oracle.writes)
        for name in self._oracle.holding:
            self._tips.setdefault((name, self._oracle.epoch[name]), self._tip)

    def _next(self) -> Step:
        roll = self._rng.random()
        if self._noise and roll < 0.2:
            self._noise -= 1
            return self._unasked()
        if self._cuts and roll > 0.92:
            self._cuts -= 1
            return Cut()
        if roll < 0.2 + self._bad / 5:
            return self._called_off()
        return self._answer(self._rng.choice([*self._oracle.holding, *self._oracle.merging]))

    def _called_off(self) -> Cancelled:
        everything = self._rng.random() < 0.1
        return cancelled(None if everything else self._rng.choice(self._oracle.names))

    def _unasked(self) -> Fact:
        """A fact that no engine should tell now: told before, of another epoch, of no concern."""
        name = self._rng.choice(self._oracle.names)
        epoch = self._oracle.epoch[name]
        roll = self._rng.random()
        if roll < 0.4 and self._track.facts:
            return self._rng.choice(self._track.facts[-8:])
        if roll < 0.8:
            return self._rng.choice(_KINDS)(name, epoch + self._rng.choice((-1, -1, 1)))
        if roll < 0.9 and self._oracle.state[name] is not State.COMMITTING:
            return committed(name, epoch)
        return Blocked(task=name, reason="")

    def _answer(self, name: str) -> Fact:
        epoch = self._oracle.epoch[name]
        if self._rng.random() < self._bad:
            return exhausted(name, epoch)
        if self._rng.random() < 0.2 and self._may_squash(name, epoch):
            self._undo -= 1
            return squashed(name, epoch)
        if name in self._oracle.merging:
            return committed(name, epoch)
        return self._judged(name, epoch)

    def _may_squash(self, name: str, epoch: int) -> bool:
        """Without speculation a draft merges onto the tip that it was made on."""
        return self._undo > 0 and (self._speculate or self._tips[name, epoch] < self._tip)

    def _judged(self, name: str, epoch: int) -> Fact:
        roll = self._rng.random()
        if self._oracle.state[name] is State.RUNNING:
            return drafted(name, epoch) if roll < 0.6 else self._accepted(name, epoch)
        if roll < 0.3 and self._undo > 0:
            self._undo -= 1
            return rejected(name, epoch)
        return self._accepted(name, epoch)

    def _accepted(self, name: str, epoch: int) -> Fact:
        return accepted(name, epoch, writes=self._rng.random() < 0.7)


def walk(seed: int, *, speculate: bool, machine: type[Schedule] = Schedule) -> Walk:
    """The walk of that seed."""
    rng = random.Random(seed)
    setting = random_setting(rng, speculate=speculate)
    steps: list[Step] = []
    try:
        track = _Track(setting, machine)
        steps = track.steps
        _Walker(rng, track, setting).walk()
    except Broken as broken:
        return Walk(setting=setting, steps=tuple(steps), broken=broken)
    return Walk(setting=setting, steps=tuple(steps), broken=None)


def again(setting: Setting, steps: Sequence[Step], machine: type[Schedule] = Schedule) -> Walk:
    """Goes those steps as far as they go well."""
    gone: list[Step] = []
    try:
        track = _Track(setting, machine)
        gone = track.steps
        for step in steps:
            track.step(step)
    except Broken as broken:
        return Walk(setting=setting, steps=tuple(gone), broken=broken)
    return Walk(setting=setting, steps=tuple(gone), broken=None)


def smallest(walk: Walk, machine: type[Schedule] = Schedule) -> Walk:
    """A walk that breaks the same rule, and breaks it no more when anything is left out."""
    if walk.broken is None:
        return walk
    best, found = walk, again(walk.setting, walk.steps, machine)
    while _same_break(found, walk):
        best = found
        tries = (again(*less, machine) for less in _less(best))
        found = next(
            (one for one in tries if _same_break(one, walk)),
            Walk(setting=best.setting, steps=best.steps, broken=None),
        )
    return best


def _same_break(one: Walk, other: Walk) -> bool:
    return (
        one.broken is not None
        and other.broken is not None
        and (one.broken.rule is other.broken.rule)
    )


def _less(walk: Walk) -> list[tuple[Setting, Sequence[Step]]]:
    """Everything that is a little less, the biggest omissions first."""
    setting, steps = walk.setting, walk.steps
    less: list[tuple[Setting, Sequence[Step]]] = []
    for size in (32, 16, 8, 4, 2, 1):
        less += (
            [(setting, steps[:at] + steps[at + size :]) for at in range(0, len(steps), size)]
            if size <= len(steps)
            else []
        )
    if len(setting.tasks) > 1:
        for one in setting.tasks:
            kept = [step for step in steps if getattr(step, "task", None) != one.id]
            less.append((setting.without(one.id), kept))
    return less + [(simple, steps) for simple in _simpler(setting)]


def _simpler(setting: Setting) -> list[Setting]:
    simpler = [
        replace(setting, slots={**setting.slots, resource: count - 1})
        for resource, count in setting.slots.items()
        if count > 1
    ]
    for place, one in enumerate(setting.tasks):
        plainer = [replace(one, needs=tuple(n for n in one.needs if n != x)) for x in one.needs]
        plainer += [replace(one, lane=Lane.NORMAL)] if one.lane is not Lane.NORMAL else []
        simpler += [
            replace(setting, tasks=(*setting.tasks[:place], new, *setting.tasks[place + 1 :]))
            for new in plainer
        ]
        if one.id in setting.resources:
            others = {name: r for name, r in setting.resources.items() if name != one.id}
            simpler.append(replace(setting, resources=others))
    return simpler
