"""The schedule is a pure machine: facts in, commands out."""

from __future__ import annotations

import pytest

from sef.commands import Block, Command, Commit, Squash, Start, State, Stop
from sef.events import Blocked, Fact
from sef.model import Lane, Resource, Task
from sef.plan import Plan
from sef.schedule import Schedule
from walks.setting import (
    accepted,
    cancelled,
    committed,
    drafted,
    exhausted,
    failed,
    rejected,
    squashed,
)


def task(name: str, *needs: str, lane: Lane = Lane.NORMAL) -> Task:
    return Task(id=name, text=name, needs=needs, lane=lane)


def scheduled(
    *tasks: Task, slots: int = 4, cpu: tuple[str, ...] = (), speculate: bool = False
) -> Schedule:
    """A schedule of the tasks; those in `cpu` need the one slot of the processor."""
    return Schedule(
        Plan(tasks),
        {Resource.AGENT: slots, Resource.CPU: 1},
        resources=dict.fromkeys(cpu, Resource.CPU),
        speculate=speculate,
    )


def told(schedule: Schedule, *facts: Fact) -> list[Command]:
    """The commands that follow from the last of the facts."""
    commands: list[Command] = []
    for fact in facts:
        commands = schedule.handle(fact)
    return commands


def begun(schedule: Schedule, *facts: Fact) -> Schedule:
    """The schedule after its beginning and the facts."""
    schedule.begin()
    told(schedule, *facts)
    return schedule


def start(name: str, epoch: int = 0) -> Start:
    return Start(task=name, epoch=epoch)


def commit(name: str, epoch: int = 0) -> Commit:
    return Commit(task=name, epoch=epoch)


def squash(name: str, epoch: int = 0) -> Squash:
    return Squash(task=name, epoch=epoch)


def stop(name: str, epoch: int = 0) -> Stop:
    return Stop(task=name, epoch=epoch)


def block(name: str, reason: str) -> Block:
    return Block(task=name, reason=reason)


# -- starts ------------------------------------------------------------------------------------


def test_a_task_starts_only_when_what_it_needs_is_committed() -> None:
    """Neither a draft nor its acceptance starts a dependent."""
    schedule = scheduled(task("a"), task("b", "a"))
    assert schedule.begin() == [start("a")]
    assert told(schedule, drafted("a")) == []
    assert told(schedule, accepted("a")) == [commit("a")]
    assert told(schedule, committed("a")) == [start("b")]


def test_a_task_waits_for_all_its_needs() -> None:
    """The last of them starts it."""
    schedule = begun(scheduled(task("a"), task("b"), task("c", "a", "b")))
    assert told(schedule, accepted("a"), committed("a")) == []
    assert told(schedule, accepted("b"), committed("b")) == [start("c")]


def test_no_more_tasks_run_than_there_are_slots() -> None:
    """A slot is given back when a draft is accepted, and taken at once."""
    schedule = scheduled(task("a"), task("b"), task("c"), slots=2)
    assert schedule.begin() == [start("a"), start("b")]
    assert told(schedule, drafted("a")) == []
    assert told(schedule, accepted("a")) == [commit("a"), start("c")]


def test_each_resource_has_slots_of_its_own() -> None:
    """A busy processor keeps no agent waiting, nor the other way round."""
    schedule = scheduled(task("a"), task("x"), task("b"), task("y"), slots=1, cpu=("x", "y"))
    assert schedule.begin() == [start("a"), start("x")]
    assert told(schedule, exhausted("x")) == [start("y")]
    assert told(schedule, exhausted("a")) == [start("b")]


def test_the_longest_chain_goes_first() -> None:
    """The head of the chain starts before what was said earlier."""
    schedule = scheduled(task("x"), task("a"), task("b", "a"), slots=1)
    assert schedule.begin() == [start("a")]
    assert told(schedule, accepted("a")) == [commit("a"), start("x")]


def test_a_lane_goes_before_a_chain() -> None:
    """Urgent before normal before background, however long the chain behind each."""
    later, urgent = task("a", lane=Lane.BACKGROUND), task("u", lane=Lane.URGENT)
    schedule = scheduled(later, task("b", "a"), task("c", "b"), task("n"), urgent, slots=1)
    assert schedule.begin() == [start("u")]
    assert told(schedule, exhausted("u")) == [start("n")]
    assert told(schedule, exhausted("n")) == [start("a")]


def test_equals_go_in_the_order_of_the_plan() -> None:
    """What was said first starts first."""
    assert scheduled(task("c"), task("a"), task("b"), slots=2).begin() == [start("c"), start("a")]


def test_facts_of_no_concern_change_nothing() -> None:
    """An attempt without a draft, and a block that was told, leave everything as it is."""
    schedule = begun(scheduled(task("a"), task("b", "a")))
    assert told(schedule, failed("a")) == []
    assert told(schedule, Blocked(task="b", reason="")) == []
    assert (schedule.state("a"), schedule.state("b")) == (State.RUNNING, State.WAITING)


# -- commits -----------------------------------------------------------------------------------


def test_commits_that_move_the_tip_happen_one_at_a_time() -> None:
    """The tip never moves under a merge."""
    schedule = begun(scheduled(task("a"), task("b")))
    assert told(schedule, accepted("a")) == [commit("a")]
    assert told(schedule, accepted("b")) == []
    assert told(schedule, committed("a")) == [commit("b")]


def test_what_writes_nothing_commits_beside_a_merge() -> None:
    """An answer does not wait for its turn, as it does not move the tip."""
    schedule = begun(scheduled(task("a"), task("b"), task("c")))
    told(schedule, accepted("a"))
    assert told(schedule, accepted("b", writes=False)) == [commit("b")]
    assert told(schedule, committed("b")) == []
    assert told(schedule, accepted("c")) == []
    assert told(schedule, committed("a")) == [commit("c")]


@pytest.mark.parametrize("fact", [squashed("a"), exhausted("a"), cancelled("a")])
def test_a_turn_is_given_on_however_a_commit_ends(fact: Fact) -> None:
    """A merge that fails, or is called off, lets the next one in."""
    schedule = begun(scheduled(task("a"), task("b")), accepted("a"), accepted("b"))
    assert commit("b") in told(schedule, fact)


def test_only_what_is_committing_is_committed() -> None:
    """A commit that was not asked for changes nothing."""
    schedule = begun(scheduled(task("a"), task("b"), slots=1))
    assert told(schedule, committed("a")) == []
    assert schedule.state("a") is State.RUNNING


def test_a_task_commits_once() -> None:
    """A commit that is told twice changes nothing the second time."""
    schedule = begun(scheduled(task("a")), accepted("a"), committed("a"))
    assert told(schedule, committed("a")) == []
    assert schedule.done


# -- squashes and epochs -----------------------------------------------------------------------


def test_a_squash_starts_the_task_again_in_a_new_epoch() -> None:
    """Facts of the old epoch, and of one to come, change nothing any more."""
    schedule = begun(scheduled(task("a")), accepted("a"))
    assert told(schedule, squashed("a")) == [start("a", 1)]
    assert schedule.epoch("a") == 1
    for epoch in (0, 2):
        for fact in (drafted, accepted, committed, squashed, exhausted, rejected):
            assert told(schedule, fact("a", epoch)) == []
    assert schedule.state("a") is State.RUNNING


def test_a_squashed_task_waits_for_a_slot_like_any_other() -> None:
    """It gave its slot to another when it was accepted."""
    schedule = begun(scheduled(task("a"), task("b"), slots=1), accepted("a"))
    assert told(schedule, squashed("a")) == []
    assert told(schedule, exhausted("b")) == [start("a", 1)]


# -- failures ----------------------------------------------------------------------------------


def test_a_failure_blocks_exactly_what_needs_it() -> None:
    """All at once, each with its reason; the rest goes on."""
    schedule = begun(scheduled(task("a"), task("b", "a"), task("c", "b"), task("d")))
    assert told(schedule, exhausted("a")) == [
        block("b", "it needs a, which failed"),
        block("c", "it needs b, which is blocked"),
    ]
    states = [schedule.state(name) for name in "abcd"]
    assert states == [State.FAILED, State.BLOCKED, State.BLOCKED, State.RUNNING]


def test_what_is_blocked_by_two_is_blocked_once() -> None:
    """The first failure says why; the second finds nothing to block."""
    schedule = begun(scheduled(task("a"), task("b"), task("c", "a", "b")))
    assert told(schedule, exhausted("a")) == [block("c", "it needs a, which failed")]
    assert told(schedule, exhausted("b")) == []
    assert schedule.done


def test_a_failed_task_gives_its_slot_back() -> None:
    """The next in line starts."""
    schedule = begun(scheduled(task("a"), task("b"), slots=1))
    assert told(schedule, exhausted("a")) == [start("b")]


# -- cancellation ------------------------------------------------------------------------------


def test_a_task_that_is_called_off_stops_and_blocks_what_needs_it() -> None:
    """Its slot goes to the next, and what it still says does not count."""
    schedule = begun(scheduled(task("a"), task("b", "a"), task("c"), slots=1))
    assert told(schedule, cancelled("a")) == [
        stop("a"),
        block("b", "it needs a, which was called off"),
        start("c"),
    ]
    assert told(schedule, accepted("a")) == []
    assert schedule.state("a") is State.CANCELLED


def test_a_waiting_task_is_called_off_without_a_stop() -> None:
    """There is nothing to stop, and it does not start when its turn comes."""
    schedule = begun(scheduled(task("a"), task("b"), slots=1))
    assert told(schedule, cancelled("b")) == []
    assert told(schedule, exhausted("a")) == []
    assert schedule.done


def test_what_has_ended_cannot_be_called_off() -> None:
    """A committed task stays committed."""
    schedule = begun(scheduled(task("a")), accepted("a"), committed("a"))
    assert told(schedule, cancelled("a"), cancelled()) == []
    assert schedule.state("a") is State.DONE


def test_everything_can_be_called_off() -> None:
    """What had begun is stopped; nothing starts or commits in what comes free; all have ended."""
    tasks = (task("a"), task("b"), task("c"), task("d"), task("e", "a"))
    schedule = begun(scheduled(*tasks, slots=2), accepted("a"), accepted("b"))
    commands = told(schedule, cancelled())
    assert [one for one in commands if not isinstance(one, Block)] == [
        stop("a"),
        stop("b"),
        stop("c"),
        stop("d"),
    ]
    assert schedule.done
    assert {schedule.state(name) for name in "abcd"} == {State.CANCELLED}


# -- after an interruption ---------------------------------------------------------------------


def test_a_resumed_run_goes_on_where_it_was() -> None:
    """What was at work starts, what was committing commits, and nothing is done twice."""
    tasks = (task("a"), task("b"), task("c"), task("d"), task("e", "d"), task("f"))
    ended = (accepted("a"), committed("a"), exhausted("d"))
    under_way = (accepted("b"), accepted("c"), squashed("b"), drafted("f"))
    schedule = begun(scheduled(*tasks, slots=5), *ended, *under_way)
    assert schedule.resume() == [start("b", 1), commit("c"), start("f")]
    assert told(schedule, accepted("f")) == []
    assert told(schedule, committed("c")) == [commit("f")]


def test_a_run_that_was_over_resumes_with_nothing() -> None:
    """There is nothing under way."""
    schedule = begun(scheduled(task("a"), task("b")), accepted("a"), committed("a"))
    assert begun(schedule, exhausted("b")).resume() == []
    assert schedule.done


# -- speculation -------------------------------------------------------------------------------


def speculating(*facts: Fact, slots: int = 4) -> Schedule:
    """A chain a <- b <- c beside x, begun, after the facts."""
    chain = (task("a"), task("b", "a"), task("c", "b"), task("x"))
    return begun(scheduled(*chain, slots=slots, speculate=True), *facts)


def test_speculating_a_draft_starts_what_needs_it() -> None:
    """A dependent does not wait for acceptance, nor does its own dependent."""
    schedule = speculating()
    assert told(schedule, drafted("a")) == [start("b")]
    assert told(schedule, drafted("b")) == [start("c")]


def test_an_accepted_draft_counts_as_a_draft() -> None:
    """Where nobody told of the draft, its acceptance starts what needs it."""
    assert told(speculating(), accepted("a")) == [start("b"), commit("a")]


def test_a_rejection_squashes_whoever_read_the_draft_and_so_on() -> None:
    """In their present epochs; what read nothing of it goes on."""
    schedule = speculating(drafted("a"), drafted("b"))
    assert told(schedule, rejected("a")) == [squash("b"), squash("c")]
    assert [schedule.epoch(name) for name in "abcx"] == [0, 1, 1, 0]
    assert schedule.state("x") is State.RUNNING


def test_the_squashed_start_again_on_the_next_draft() -> None:
    """In their new epoch, each when what it needs is drafted again."""
    schedule = speculating(drafted("a"), drafted("b"), rejected("a"))
    assert told(schedule, drafted("b", 0)) == []
    assert told(schedule, drafted("a")) == [start("b", 1)]
    assert told(schedule, drafted("b", 1)) == [start("c", 1)]


def test_who_waits_for_a_slot_does_not_read_a_rejected_draft() -> None:
    """It was ready, and is not any more."""
    schedule = speculating(drafted("a"), slots=2)
    assert told(schedule, rejected("a"), exhausted("x")) == []
    assert schedule.state("b") is State.WAITING


def test_an_accepted_dependent_commits_after_its_need() -> None:
    """It was accepted first and waits all the same."""
    schedule = speculating(drafted("a"))
    assert told(schedule, accepted("b")) == [start("c")]
    assert told(schedule, accepted("a")) == [commit("a")]
    assert told(schedule, committed("a")) == [commit("b")]


def test_a_draft_that_does_not_merge_squashes_its_readers() -> None:
    """Even one that was accepted; the need itself starts again."""
    schedule = speculating(drafted("a"), accepted("b"), accepted("a"))
    assert told(schedule, squashed("a")) == [squash("b"), squash("c"), start("a", 1)]
    assert told(schedule, accepted("a", 1)) == [start("b", 1), commit("a", 1)]


def test_a_squashed_need_goes_before_what_is_less_urgent() -> None:
    """The slot that its reader gives back is for it: the longest chain goes first."""
    chain = (task("a"), task("b", "a"), task("x"))
    schedule = begun(scheduled(*chain, slots=1, speculate=True), accepted("a"))
    assert told(schedule, squashed("a")) == [squash("b"), start("a", 1)]


def test_a_failed_need_stops_and_blocks_its_readers() -> None:
    """For good, with the reason, and their slots are given back."""
    schedule = begun(
        scheduled(task("a"), task("b", "a"), task("c"), slots=1, speculate=True), accepted("a")
    )
    assert told(schedule, exhausted("a")) == [
        stop("b"),
        block("b", "it needs a, which failed"),
        start("c"),
    ]
    assert schedule.epoch("b") == 0
