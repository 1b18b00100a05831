"""The rules of the schedule, checked the slow way.

The oracle folds the history of facts and commands into what an engine that obeys would see, and
works everything else out again after every fact by going through all tasks: who is ready, who
read what, who is lost. It shares nothing with the schedule but the names of the states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sef.commands import Block, Command, Commit, Squash, Start, State, Stop
from sef.events import Accepted, Cancelled, Committed, Drafted, Exhausted, Fact, Rejected, Squashed
from sef.model import Resource
from sef.schedule import Schedule

from .rules import Rule, must
from .setting import Setting

_AT_WORK = (State.RUNNING, State.DRAFTED)
_READABLE = (State.DRAFTED, State.ACCEPTED, State.COMMITTING)
_BEGUN = (State.RUNNING, *_READABLE)
_LOST = (State.FAILED, State.BLOCKED, State.CANCELLED)
_ENDED = (State.DONE, *_LOST)

# Where a task must be for a fact about it to count.
_COUNTS: dict[type[Fact], tuple[State, ...]] = {
    Drafted: _AT_WORK,
    Rejected: _AT_WORK,
    Accepted: _AT_WORK,
    Committed: (State.COMMITTING,),
    Squashed: _BEGUN,
    Exhausted: _BEGUN,
}


class Oracle:
    """What an engine that obeys would see. `begun` once, then `told` every fact."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.names = tuple(task.id for task in setting.tasks)
        self.needs = {task.id: frozenset(task.needs) for task in setting.tasks}
        self.resource = {n: setting.resources.get(n, Resource.AGENT) for n in self.names}
        chain = _chains(self.needs)
        self._priority = {
            task.id: (task.lane, -chain[task.id], place) for place, task in enumerate(setting.tasks)
        }
        self.state = dict.fromkeys(self.names, State.WAITING)
        self.epoch = dict.fromkeys(self.names, 0)
        self.starts: Counter[str] = Counter()
        # Which tasks hold a slot, and which are being merged: as seen by the engine.
        self.holding: dict[str, None] = {}
        self.merging: dict[str, None] = {}
        self.writes: set[str] = set()
        # How many drafts of a task were made void, and how many had been when another read it.
        self._voids = dict.fromkeys(self.names, 0)
        self._reads: dict[str, dict[str, int]] = {name: {} for name in self.names}
        self._everything_off = False
        self._forget_orders()

    def _forget_orders(self) -> None:
        self._to_squash: set[str] = set()
        self._to_stop: set[str] = set()
        self._to_block: set[str] = set()
        self._started: list[str] = []

    # -- what the walk tells it ----------------------------------------------------------------

    def begun(self, commands: Sequence[Command], schedule: Schedule) -> None:
        """The commands of `begin` are right."""
        self._forget_orders()
        self._obey(commands)
        self._rest(schedule, Rule.STATES)

    def told(self, fact: Fact, commands: Sequence[Command], schedule: Schedule) -> None:
        """The commands that the schedule gave for a fact are right, and so are its states."""
        self._forget_orders()
        if not self._counts(fact):
            must(not commands, Rule.STALE, commands)
            self._same(schedule, Rule.STALE)
            return
        self._take(fact)
        self._obey(commands)
        self._rest(schedule, Rule.STATES)

    def resumed(self, commands: Sequence[Command], schedule: Schedule) -> None:
        """A schedule that was fed the same facts is in the same states and goes on from there."""
        self._same(schedule, Rule.REPLAY)
        at_work = [n for n in self.names if self.state[n] in _AT_WORK]
        merging = [n for n in self.names if self.state[n] is State.COMMITTING]
        wanted: list[Command] = [Start(task=n, epoch=self.epoch[n]) for n in at_work]
        wanted += [Commit(task=n, epoch=self.epoch[n]) for n in merging]
        must(Counter(wanted) == Counter(commands), Rule.RESUME, f"{commands}, wanted {wanted}")

    # -- facts ---------------------------------------------------------------------------------

    def _counts(self, fact: Fact) -> bool:
        if isinstance(fact, Cancelled):
            about = self.names if fact.task is None else (fact.task,)
            return any(self.state[name] not in _ENDED for name in about)
        where = _COUNTS.get(type(fact), ())
        return (
            bool(where) and fact.epoch == self.epoch[fact.task] and self.state[fact.task] in where
        )

    def _take(self, fact: Fact) -> None:
        match fact:
            case Cancelled(task=task):
                self._call_off(self.names if task is None else (task,))
                self._everything_off = task is None
            case Drafted(task=task):
                self.state[task] = State.DRAFTED
            case Rejected(task=task):
                self.state[task] = State.RUNNING
                self._voids[task] += 1
            case Accepted(task=task, draft=draft):
                self._leaves(task, State.ACCEPTED)
                if not draft.patch.empty:
                    self.writes.add(task)
            case Committed(task=task):
                self._leaves(task, State.DONE)
            case Exhausted(task=task):
                self._leaves(task, State.FAILED)
            case Squashed(task=task):
                self._again(task)
        self._expect()

    def _call_off(self, tasks: Iterable[str]) -> None:
        for name in tasks:
            if self.state[name] in _BEGUN:
                self._to_stop.add(name)
            if self.state[name] not in _ENDED:
                self.state[name] = State.CANCELLED

    def _leaves(self, task: str, state: State) -> None:
        self.state[task] = state
        self.holding.pop(task, None)
        self.merging.pop(task, None)

    def _again(self, task: str) -> None:
        self._leaves(task, State.WAITING)
        self.writes.discard(task)
        self.epoch[task] += 1
        self._voids[task] += 1
        self._reads[task] = {}

    def _expect(self) -> None:
        """Works out who must be blocked, stopped and squashed: rounds over all, until none is new."""
        while new := {n for n in self._open(self._to_block) if self._lost_need(n)}:
            self._to_block |= new
        self._to_stop |= {n for n in self._to_block if self.state[n] in _BEGUN}
        while new := {n for n in self._open(self._to_squash) if self._read_void(n)}:
            self._to_squash |= new

    def _open(self, but: set[str]) -> list[str]:
        return [n for n in self.names if self.state[n] not in _ENDED and n not in but]

    def _lost_need(self, task: str) -> bool:
        return any(self.state[n] in _LOST or n in self._to_block for n in self.needs[task])

    def _read_void(self, task: str) -> bool:
        return task not in self._to_block and any(
            self.state[need] is not State.DONE
            and (self._voids[need] != voids or need in self._to_squash)
            for need, voids in self._reads[task].items()
        )

    # -- commands ------------------------------------------------------------------------------

    def _obey(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if not isinstance(command, Block):
                present = self.epoch[command.task]
                must(command.epoch == present, Rule.EPOCHS, f"{command}, now {present}")
            match command:
                case Start(task=task):
                    self._start(task)
                case Commit(task=task):
                    self._commit(task)
                case Block(task=task, reason=reason):
                    self._block(task, reason)
                case Squash(task=task):
                    must(task in self._to_squash, Rule.SQUASH, f"{task} had read nothing void")
                    self._to_squash.remove(task)
                    self._again(task)
                case Stop(task=task):
                    must(task in self._to_stop, Rule.STOP, f"{task} may go on")
                    self._to_stop.remove(task)
                    self._leaves(task, self.state[task])
        must(not self._to_squash, Rule.SQUASH, f"not squashed: {self._to_squash}")
        must(not self._to_block, Rule.BLOCK, f"not blocked: {self._to_block}")
        must(not self._to_stop, Rule.STOP, f"not stopped: {self._to_stop}")

    def _start(self, task: str) -> None:
        must(not self._everything_off, Rule.CALLED_OFF, f"{task} starts")
        must(self.state[task] is State.WAITING, Rule.WAITS, f"{task} is {self.state[task]}")
        must(self._readable(task), Rule.NEEDS_START, f"{task} starts")
        resource = self.resource[task]
        must(self._free(resource) > 0, Rule.SLOTS, f"{task} starts, no {resource} is free")
        self.state[task] = State.RUNNING
        self.holding[task] = None
        self.starts[task] += 1
        self._started.append(task)
        uncommitted = (n for n in self.needs[task] if self.state[n] is not State.DONE)
        self._reads[task] = {need: self._voids[need] for need in uncommitted}

    def _commit(self, task: str) -> None:
        state = self.state[task]
        must(not self._everything_off, Rule.CALLED_OFF, f"{task} commits")
        must(state is State.ACCEPTED, Rule.COMMITS_ONCE, f"{task} is {state}")
        free = task not in self.writes or not self._tip_moves()
        must(free, Rule.ONE_COMMIT, f"{task} beside {list(self.merging)}")
        must(self._committable(task), Rule.NEEDS_COMMIT, f"{task} commits")
        self.state[task] = State.COMMITTING
        self.merging[task] = None

    def _block(self, task: str, reason: str) -> None:
        lost = [n for n in self.needs[task] if self.state[n] in _LOST]
        named = any(f"it needs {need}, which " in reason for need in lost)
        expected = task in self._to_block or (
            self._everything_off and self.state[task] is State.CANCELLED
        )
        must(expected and named, Rule.BLOCK, f"{task} because {reason!r}, lost are {lost}")
        self._to_block.discard(task)
        self.state[task] = State.BLOCKED

    def _readable(self, task: str) -> bool:
        late = _READABLE if self._setting.speculate else ()
        return all(
            self.state[need] is State.DONE
            or (self.state[need] in late and need not in self._to_squash)
            for need in self.needs[task]
        )

    def _tip_moves(self) -> bool:
        return any(name in self.writes for name in self.merging)

    def _committable(self, task: str) -> bool:
        return all(self.state[need] is State.DONE for need in self.needs[task])

    def _free(self, resource: Resource) -> int:
        taken = sum(self.resource[name] is resource for name in self.holding)
        return self._setting.slots[resource] - taken

    # -- at rest -------------------------------------------------------------------------------

    def _rest(self, schedule: Schedule, rule: Rule) -> None:
        self._nothing_left_free()
        self._same(schedule, rule)
        ended = all(state in _ENDED for state in self.state.values())
        must(schedule.done is ended, Rule.DONE, f"done is {schedule.done}, all ended {ended}")
        must(ended or self.holding or self.merging, Rule.ENDS, "nothing is under way")

    def _nothing_left_free(self) -> None:
        ready = [n for n in self.names if self.state[n] is State.WAITING and self._readable(n)]
        for left in ready:
            resource = self.resource[left]
            for task in self._started:
                first = self.resource[task] is not resource or (
                    self._priority[task] < self._priority[left]
                )
                must(first, Rule.PRIORITY, f"{task} started, {left} was ready")
            must(self._free(resource) <= 0, Rule.CONSERVATION, f"{left} is ready, {resource} free")
        for name in self.names:
            free = name not in self.writes or not self._tip_moves()
            if self.state[name] is State.ACCEPTED and free:
                must(not self._committable(name), Rule.CONSERVATION, f"{name} could commit")

    def _same(self, schedule: Schedule, rule: Rule) -> None:
        epochs = Rule.EPOCHS if rule is Rule.STATES else rule
        for name in self.names:
            is_, epoch = schedule.state(name), schedule.epoch(name)
            must(epoch == self.epoch[name], epochs, f"{name} is in {epoch}, not {self.epoch[name]}")
            must(is_ is self.state[name], rule, f"{name} is {is_}, not {self.state[name]}")


def _chains(needs: dict[str, frozenset[str]]) -> dict[str, int]:
    """For each task the tasks on the longest chain from it to an end: rounds, until none grows."""
    chain = dict.fromkeys(needs, 1)
    grew = True
    while grew:
        grew = False
        for task, its in needs.items():
            for need in its:
                if chain[need] <= chain[task]:
                    chain[need] = chain[task] + 1
                    grew = True
    return chain
