"""The schedule: facts in, commands out. A pure machine; the engine obeys it.

    waiting --Start--> running --Drafted--> drafted --Accepted--> accepted --Commit--> committing
       ^                  |                    |                     |                     |
       |                  '--Exhausted-> failed<                     |           Committed '-> done
       '--- Squashed: the draft did not merge; or what it read was rejected (epoch + 1) ---'
    waiting --Block--> blocked (a need failed)          any --Cancelled--> cancelled

A task starts when everything it needs is committed (speculating: drafted), in the order (lane,
longest chain behind it, order of the plan), as far as its resource has a free slot. Commits follow
needs; those that move the tip happen one at a time, so that it never moves under a merge. A fact
costs what it changes, never the size of the plan.

Without speculation a squash needs a tip that moved since the task began, and only commits of other
tasks move it: a plan of n tasks ends after at most n starts of each. Fed the facts of an
interrupted run, the machine is in that run's state; `resume` says what was under way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush

from sef.commands import Block, Command, Commit, Squash, Start, State, Stop
from sef.events import Accepted, Cancelled, Committed, Drafted, Exhausted, Fact, Rejected, Squashed
from sef.model import Resource
from sef.plan import Plan

_Entry = tuple[tuple[int, int, int], str]
_AT_WORK = frozenset({State.RUNNING, State.DRAFTED})
_ACCEPTED = frozenset({State.ACCEPTED})
_MERGING = frozenset({State.COMMITTING})
_BEGUN = frozenset({*_AT_WORK, State.ACCEPTED, State.COMMITTING})
_ENDED = frozenset({State.DONE, State.FAILED, State.BLOCKED, State.CANCELLED})


class Schedule:
    """The state of one plan's tasks. `begin` once, then `handle` every fact."""

    def __init__(
        self,
        plan: Plan,
        slots: Mapping[Resource, int],
        *,
        resources: Mapping[str, Resource] | None = None,
        speculate: bool = False,
    ) -> None:
        ranks = plan.ranks()
        needs = {task.id: task.needs for task in plan.tasks}
        self._needed_by = plan.needed_by()
        self._priority = {
            task.id: (task.lane, -ranks[task.id], place) for place, task in enumerate(plan.tasks)
        }
        self._resource = dict.fromkeys(needs, Resource.AGENT) | dict(resources or {})
        self._speculate = speculate
        self._free = dict(slots)
        self._states = dict.fromkeys(needs, State.WAITING)
        self._epochs = dict.fromkeys(needs, 0)
        self._ended = 0
        # What keeps a task from starting, and from committing: they differ when it ran ahead.
        self._unread = {task: set(names) for task, names in needs.items()}
        self._uncommitted = {task: set(names) for task, names in needs.items()}
        self._ready: dict[Resource, list[_Entry]] = {resource: [] for resource in self._free}
        self._to_commit: deque[tuple[str, int]] = deque()
        self._committing: str | None = None
        # Accepted drafts with a patch: their commits move the tip and happen one at a time.
        self._moving: set[str] = set()
        for task in plan.tasks:
            if not task.needs:
                self._make_ready(task.id)

    def state(self, task: str) -> State:
        """Where the task is now."""
        return self._states[task]

    def epoch(self, task: str) -> int:
        """How often it was squashed."""
        return self._epochs[task]

    @property
    def done(self) -> bool:
        """True when every task has ended."""
        return self._ended == len(self._states)

    def begin(self) -> list[Command]:
        """The first commands."""
        return list(self._starts(self._ready))

    def resume(self) -> list[Command]:
        """The commands that were under way when the facts fed so far ended."""
        again: list[Command] = []
        for task, state in self._states.items():
            if state in _AT_WORK:
                again.append(Start(task=task, epoch=self._epochs[task]))
            elif state is State.COMMITTING:
                again.append(Commit(task=task, epoch=self._epochs[task]))
        return again

    def handle(self, fact: Fact) -> list[Command]:
        """The commands that follow from a fact. One of a former epoch changes nothing."""
        match fact:
            case Drafted(task=task, epoch=epoch) if self._is_now(task, epoch, _AT_WORK):
                commands = self._drafted(task)
            case Rejected(task=task, epoch=epoch) if self._is_now(task, epoch, _AT_WORK):
                self._states[task] = State.RUNNING
                commands = self._unread_by_all(task)
            case Accepted(task=task, epoch=epoch, draft=draft) if self._is_now(
                task, epoch, _AT_WORK
            ):
                commands = self._accepted(task, moves_tip=not draft.patch.empty)
            case Committed(task=task, epoch=epoch) if self._is_now(task, epoch, _MERGING):
                commands = self._committed(task)
            case Squashed(task=task, epoch=epoch) if self._is_now(task, epoch, _BEGUN):
                commands = self._squashed(task)
            case Exhausted(task=task, epoch=epoch) if self._is_now(task, epoch, _BEGUN):
                commands = self._lost(task, State.FAILED, "failed")
            case Cancelled(task=None):
                commands = self._all_cancelled()
            case Cancelled(task=task) if task is not None:
                commands = self._cancelled(task)
            case _:
                return []
        return list(commands)

    def _is_now(self, task: str, epoch: int, states: frozenset[State]) -> bool:
        return epoch == self._epochs[task] and self._states[task] in states

    # -- what a fact changes -------------------------------------------------------------------

    def _drafted(self, task: str) -> Iterator[Command]:
        self._states[task] = State.DRAFTED
        if self._speculate:
            yield from self._read_by_all(task)

    def _accepted(self, task: str, *, moves_tip: bool) -> Iterator[Command]:
        if self._speculate and self._states[task] is State.RUNNING:
            yield from self._drafted(task)
        self._release(task)
        self._states[task] = State.ACCEPTED
        if moves_tip:
            self._moving.add(task)
        yield from self._commits(task)
        yield from self._starts((self._resource[task],))

    def _committed(self, task: str) -> Iterator[Command]:
        self._end(task, State.DONE)
        for other in self._needed_by[task]:
            self._uncommitted[other].discard(task)
        yield from self._commits(*self._needed_by[task])
        yield from self._read_by_all(task)

    def _squashed(self, task: str) -> Iterator[Command]:
        # First: what its readers give back is for it too.
        self._restart(task)
        yield from self._unread_by_all(task)
        yield from self._commits()
        yield from self._starts((self._resource[task],))

    def _lost(self, task: str, state: State, how: str) -> Iterator[Command]:
        """The task will never commit: so will none that needs it."""
        resources = {self._resource[task]}
        self._end(task, state)
        reasons = deque((other, f"it needs {task}, which {how}") for other in self._needed_by[task])
        while reasons:
            other, reason = reasons.popleft()
            if self._states[other] in _ENDED:
                continue
            if self._states[other] in _BEGUN:
                resources.add(self._resource[other])
                yield Stop(task=other, epoch=self._epochs[other])
            self._end(other, State.BLOCKED)
            yield Block(task=other, reason=reason)
            after = f"it needs {other}, which is blocked"
            reasons.extend((one, after) for one in self._needed_by[other])
        yield from self._commits()
        yield from self._starts(resources)

    def _cancelled(self, task: str) -> Iterator[Command]:
        if self._states[task] in _ENDED:
            return
        if self._states[task] in _BEGUN:
            yield Stop(task=task, epoch=self._epochs[task])
        yield from self._lost(task, State.CANCELLED, "was called off")

    def _all_cancelled(self) -> Iterator[Command]:
        """Nobody takes the slots and turns that come free."""
        for task, state in self._states.items():
            if state in _BEGUN:
                yield Stop(task=task, epoch=self._epochs[task])
            if state not in _ENDED:
                self._end(task, State.CANCELLED)

    # -- who may read, who must not have -------------------------------------------------------

    def _read_by_all(self, task: str) -> Iterator[Command]:
        """Those that need the task may start as far as it is concerned."""
        resources = set()
        for other in self._needed_by[task]:
            self._unread[other].discard(task)
            if not self._unread[other] and self._states[other] is State.WAITING:
                self._make_ready(other)
                resources.add(self._resource[other])
        yield from self._starts(resources)

    def _unread_by_all(self, task: str) -> Iterator[Command]:
        """What was read of the task is void: whoever read it is squashed, and so on."""
        void = deque(self._needed_by[task] if self._speculate else ())
        resources = set()
        for other in void:
            self._unread[other].add(task)
        while void:
            other = void.popleft()
            if self._states[other] not in _BEGUN:
                continue
            yield Squash(task=other, epoch=self._epochs[other])
            resources.add(self._resource[other])
            for one in self._needed_by[other]:
                self._unread[one].add(other)
                void.append(one)
            self._restart(other)
        yield from self._starts(resources)

    def _restart(self, task: str) -> None:
        self._release(task)
        self._leave_commits(task)
        self._states[task] = State.WAITING
        self._epochs[task] += 1
        if not self._unread[task]:
            self._make_ready(task)

    def _end(self, task: str, state: State) -> None:
        self._release(task)
        self._leave_commits(task)
        self._states[task] = state
        self._ended += 1

    # -- slots and turns -----------------------------------------------------------------------

    def _make_ready(self, task: str) -> None:
        heappush(self._ready[self._resource[task]], (self._priority[task], task))

    def _release(self, task: str) -> None:
        """Gives the slot of a task at work back."""
        if self._states[task] in _AT_WORK:
            self._free[self._resource[task]] += 1

    def _leave_commits(self, task: str) -> None:
        if self._committing == task:
            self._committing = None
        self._moving.discard(task)

    def _commits(self, *tasks: str) -> Iterator[Command]:
        """The tasks whose turn has come, and the next in line to move the tip."""
        for task in tasks:
            if self._states[task] is State.ACCEPTED and not self._uncommitted[task]:
                if task in self._moving:
                    self._to_commit.append((task, self._epochs[task]))
                else:
                    yield self._commit(task)
        while self._committing is None and self._to_commit:
            task, epoch = self._to_commit.popleft()
            # An entry may be out of date: the task ended, or was squashed.
            if self._is_now(task, epoch, _ACCEPTED):
                self._committing = task
                yield self._commit(task)

    def _commit(self, task: str) -> Commit:
        self._states[task] = State.COMMITTING
        return Commit(task=task, epoch=self._epochs[task])

    def _starts(self, resources: Iterable[Resource]) -> Iterator[Command]:
        for resource in sorted(resources):
            ready = self._ready[resource]
            while self._free[resource] and ready:
                task = heappop(ready)[1]
                # An entry may be out of date: the task ended, or lost a need again.
                if self._states[task] is State.WAITING and not self._unread[task]:
                    self._states[task] = State.RUNNING
                    self._free[resource] -= 1
                    yield Start(task=task, epoch=self._epochs[task])
