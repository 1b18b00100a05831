"""Seeded bugs: schedules that are wrong in one way each. The walks must catch every one.

A mutant changes one method and leaves the rest to the schedule under test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop

from sef.commands import Block, Command, Commit, Squash, Start, State, Stop
from sef.events import Accepted, Drafted, Fact, Rejected
from sef.model import Resource
from sef.schedule import Schedule

from .rules import Rule

_AT_WORK = (State.RUNNING, State.DRAFTED)


class _Mutant(Schedule):
    """What the mutants share: ways to reach into a schedule."""

    def _kept_at(self, task: str) -> bool:
        return self._states[task] in _AT_WORK

    def _take_slot(self, task: str) -> None:
        self._free[self._resource[task]] -= 1

    def _reorder(self) -> None:
        for ready in self._ready.values():
            ready[:] = [(self._priority[task], task) for _, task in ready]
            heapify(ready)


class NoSquashOnReject(_Mutant):
    """A rejected draft leaves those that read it at work."""

    def handle(self, fact: Fact) -> list[Command]:
        commands = super().handle(fact)
        if not isinstance(fact, Rejected):
            return commands
        for one in commands:
            if isinstance(one, Squash):
                self._epochs[one.task] = one.epoch
                self._states[one.task] = State.RUNNING
                self._take_slot(one.task)
        return [one for one in commands if not isinstance(one, Squash)]


class SquashNotTransitive(_Mutant):
    """Only direct readers of a void draft are squashed."""

    def _unread_by_all(self, task: str) -> Iterator[Command]:
        whole = self._needed_by
        self._needed_by = {one: whole[one] if one == task else () for one in whole}
        commands = list(super()._unread_by_all(task))
        self._needed_by = whole
        yield from commands


class ReadersKeepTheirReading(_Mutant):
    """A void draft squashes its readers, which may read it again at once."""

    def _restart(self, task: str) -> None:
        self._unread[task].clear()
        super()._restart(task)


class NoEpochCheck(_Mutant):
    """A fact of any epoch counts."""

    def _is_now(self, task: str, epoch: int, states: frozenset[State]) -> bool:
        return super()._is_now(task, self._epochs[task], states)


class OnlyOldEpochsAreStale(_Mutant):
    """A fact of an epoch to come counts."""

    def _is_now(self, task: str, epoch: int, states: frozenset[State]) -> bool:
        return super()._is_now(task, min(epoch, self._epochs[task]), states)


class NoEpochBump(_Mutant):
    """A squashed task starts again in the same epoch."""

    def _restart(self, task: str) -> None:
        epoch = self._epochs[task]
        super()._restart(task)
        self._epochs[task] = epoch


class CommitWithoutItsNeeds(_Mutant):
    """An accepted task commits though a need has not."""

    def handle(self, fact: Fact) -> list[Command]:
        if isinstance(fact, Accepted):
            self._uncommitted[fact.task].clear()
        return super().handle(fact)


class _LosesSlot(_Mutant):
    how: State

    def _end(self, task: str, state: State) -> None:
        if state is self.how and self._kept_at(task):
            self._take_slot(task)
        super()._end(task, state)


class SlotLostOnFailure(_LosesSlot):
    """A failed task keeps its slot."""

    how = State.FAILED


class SlotLostOnCancel(_LosesSlot):
    """A cancelled task keeps its slot."""

    how = State.CANCELLED


class SlotLostOnBlock(_LosesSlot):
    """A task that is stopped because a need failed keeps its slot."""

    how = State.BLOCKED


class SlotLostOnSquash(_Mutant):
    """A squashed task keeps its slot."""

    def _restart(self, task: str) -> None:
        if self._kept_at(task):
            self._take_slot(task)
        super()._restart(task)


class SlotGivenBackTwice(_Mutant):
    """A task gives its slot back when it is accepted, and again when it is committed."""

    def _committed(self, task: str) -> Iterator[Command]:
        self._free[self._resource[task]] += 1
        yield from super()._committed(task)


class SlotOfAnotherResource(_Mutant):
    """A task gives back a slot of the first resource, whichever it held."""

    def _release(self, task: str) -> None:
        if self._kept_at(task):
            self._free[Resource.AGENT] += 1


class TwoCommitsAtOnce(_Mutant):
    """A commit does not wait for the one under way."""

    def _commits(self, *tasks: str) -> Iterator[Command]:
        self._committing = None
        yield from super()._commits(*tasks)


class TurnNotGivenBack(_Mutant):
    """A squashed commit stays the one under way."""

    def _squashed(self, task: str) -> Iterator[Command]:
        under_way = self._committing
        commands = list(super()._squashed(task))
        self._committing = under_way
        yield from (one for one in commands if not isinstance(one, Commit))


class RankIgnored(_Mutant):
    """The longest chain does not go first."""

    def begin(self) -> list[Command]:
        self._priority = {t: (lane, 0, place) for t, (lane, _, place) in self._priority.items()}
        self._reorder()
        return super().begin()


class LaneIgnored(_Mutant):
    """An urgent task does not go first."""

    def begin(self) -> list[Command]:
        self._priority = {t: (0, rank, place) for t, (_, rank, place) in self._priority.items()}
        self._reorder()
        return super().begin()


class OrderIgnored(_Mutant):
    """Of equals, what was said last goes first."""

    def begin(self) -> list[Command]:
        self._priority = {t: (lane, rank, -at) for t, (lane, rank, at) in self._priority.items()}
        self._reorder()
        return super().begin()


class BlockedNotTransitive(_Mutant):
    """A failure blocks only what needs it directly."""

    def _lost(self, task: str, state: State, how: str) -> Iterator[Command]:
        whole = self._needed_by
        self._needed_by = {one: whole[one] if one == task else () for one in whole}
        commands = list(super()._lost(task, state, how))
        self._needed_by = whole
        yield from commands


class BlockedButNotStopped(_Mutant):
    """What had read a draft of the failed task works on."""

    def handle(self, fact: Fact) -> list[Command]:
        commands = super().handle(fact)
        blocked = {one.task for one in commands if isinstance(one, Block)}
        return [one for one in commands if not (isinstance(one, Stop) and one.task in blocked)]


class OldReadyEntryStarts(_Mutant):
    """A task that was ready once is started, whatever became of it."""

    def _starts(self, resources: Iterable[Resource]) -> Iterator[Command]:
        for resource in sorted(resources):
            while self._free[resource] and self._ready[resource]:
                task = heappop(self._ready[resource])[1]
                self._states[task] = State.RUNNING
                self._free[resource] -= 1
                yield Start(task=task, epoch=self._epochs[task])


class FreeSlotsForgotten(_Mutant):
    """One start a fact, however many slots are free."""

    def _starts(self, resources: Iterable[Resource]) -> Iterator[Command]:
        for resource in resources:
            free = self._free[resource]
            self._free[resource] = min(free, 1)
            yield from super()._starts((resource,))
            self._free[resource] += free - min(free, 1)


class DraftsAreNotRead(_Mutant):
    """A speculating schedule waits for the commit all the same."""

    def handle(self, fact: Fact) -> list[Command]:
        if not isinstance(fact, Drafted):
            return super().handle(fact)
        speculate, self._speculate = self._speculate, False
        commands = super().handle(fact)
        self._speculate = speculate
        return commands


class ResumeForgetsTheCommit(_Mutant):
    """The task that was committing when the run was cut off is not committed."""

    def resume(self) -> list[Command]:
        return [one for one in super().resume() if not isinstance(one, Commit)]


class ResumeForgetsDrafts(_Mutant):
    """Only what had no draft yet is started again."""

    def resume(self) -> list[Command]:
        drafted = (task for task, state in self._states.items() if state is State.DRAFTED)
        lost = set(drafted)
        return [one for one in super().resume() if one.task not in lost]


class ResumeStartsCommittedWork(_Mutant):
    """What was committed before the run was cut off is started once more."""

    def resume(self) -> list[Command]:
        done = (task for task, state in self._states.items() if state is State.DONE)
        return super().resume() + [Start(task=task, epoch=self._epochs[task]) for task in done]


class ResumeInEpochZero(_Mutant):
    """What was at work is started again in its first epoch."""

    def resume(self) -> list[Command]:
        again = super().resume()
        return [Start(task=c.task, epoch=0) if isinstance(c, Start) else c for c in again]


# Each with the rule that catches it first.
MUTANTS: dict[type[Schedule], Rule] = {
    NoSquashOnReject: Rule.SQUASH,
    SquashNotTransitive: Rule.SQUASH,
    ReadersKeepTheirReading: Rule.NEEDS_START,
    NoEpochCheck: Rule.STALE,
    OnlyOldEpochsAreStale: Rule.STALE,
    NoEpochBump: Rule.EPOCHS,
    CommitWithoutItsNeeds: Rule.NEEDS_COMMIT,
    SlotLostOnFailure: Rule.CONSERVATION,
    SlotLostOnCancel: Rule.CONSERVATION,
    SlotLostOnBlock: Rule.CONSERVATION,
    SlotLostOnSquash: Rule.CONSERVATION,
    SlotGivenBackTwice: Rule.SLOTS,
    SlotOfAnotherResource: Rule.CONSERVATION,
    TwoCommitsAtOnce: Rule.ONE_COMMIT,
    TurnNotGivenBack: Rule.CONSERVATION,
    RankIgnored: Rule.PRIORITY,
    LaneIgnored: Rule.PRIORITY,
    OrderIgnored: Rule.PRIORITY,
    BlockedNotTransitive: Rule.BLOCK,
    BlockedButNotStopped: Rule.STOP,
    OldReadyEntryStarts: Rule.WAITS,
    FreeSlotsForgotten: Rule.CONSERVATION,
    DraftsAreNotRead: Rule.CONSERVATION,
    ResumeForgetsTheCommit: Rule.RESUME,
    ResumeForgetsDrafts: Rule.RESUME,
    ResumeStartsCommittedWork: Rule.RESUME,
    ResumeInEpochZero: Rule.RESUME,
}
