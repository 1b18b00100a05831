"""The schedule is a pure machine: facts in, commands out."""

from __future__ import annotations

import random

import pytest

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
from sef.model import Answer, Draft, Patch, Task, Tier, Usage, Verdict
from sef.plan import Plan
from sef.schedule import Schedule, State
from sef.testing import random_plan


def task(name: str, *needs: str) -> Task:
    return Task(id=name, text=name, needs=needs)


def accepted(name: str, epoch: int = 0) -> Accepted:
    draft = Draft(
        answer=Answer(text=""), patch=Patch(base="b", commit="c"), usage=Usage(cost_usd=None)
    )
    verdict = Verdict(accepted=True, reason="")
    return Accepted(
        task=name,
        epoch=epoch,
        executor="x",
        tier=Tier.LIGHT,
        draft=draft,
        verdict=verdict,
        verifiers=(),
    )


def committed(name: str, epoch: int = 0) -> Committed:
    return Committed(task=name, epoch=epoch, commit="c")


def test_a_task_starts_only_when_what_it_needs_is_committed() -> None:
    """Acceptance alone does not start a dependent."""
    schedule = Schedule(Plan((task("a"), task("b", "a"))), slots=4)
    assert schedule.begin() == [Start(task="a", epoch=0)]
    assert schedule.handle(accepted("a")) == [Commit(task="a", epoch=0)]
    assert schedule.handle(committed("a")) == [Start(task="b", epoch=0)]


def test_the_longest_chain_goes_first_and_slots_are_kept() -> None:
    """With one slot the head of the chain is started before what was said earlier."""
    schedule = Schedule(Plan((task("x"), task("a"), task("b", "a"))), slots=1)
    assert schedule.begin() == [Start(task="a", epoch=0)]
    assert schedule.handle(accepted("a")) == [
        Commit(task="a", epoch=0),
        Start(task="x", epoch=0),
    ]


def test_commits_happen_one_at_a_time() -> None:
    """The tip never moves under a merge."""
    schedule = Schedule(Plan((task("a"), task("b"))), slots=2)
    schedule.begin()
    assert schedule.handle(accepted("a")) == [Commit(task="a", epoch=0)]
    assert schedule.handle(accepted("b")) == []
    assert schedule.handle(committed("a")) == [Commit(task="b", epoch=0)]


def test_a_squash_starts_the_task_again_in_a_new_epoch() -> None:
    """Facts of the old epoch change nothing any more."""
    schedule = Schedule(Plan((task("a"),)), slots=1)
    schedule.begin()
    schedule.handle(accepted("a"))
    assert schedule.handle(Squashed(task="a", epoch=0, reason="")) == [Start(task="a", epoch=1)]
    assert schedule.handle(accepted("a", epoch=0)) == []
    assert schedule.state("a") is State.RUNNING


def test_a_failure_blocks_exactly_what_needs_it() -> None:
    """The rest goes on, and the reason names the need."""
    schedule = Schedule(Plan((task("a"), task("b", "a"), task("c", "b"), task("d"))), slots=4)
    schedule.begin()
    commands = schedule.handle(Exhausted(task="a", epoch=0, reason="no"))
    assert commands == [Block(task="b", reason="it needs a, which failed")]
    commands = schedule.handle(Blocked(task="b", reason=""))
    assert commands == [Block(task="c", reason="it needs b, which is blocked")]
    assert schedule.state("d") is State.RUNNING


@pytest.mark.parametrize("seed", range(60))
def test_random_walks_end_with_every_need_kept(seed: int) -> None:
    """Whatever fails or is squashed, the walk ends, slots hold, commits follow needs."""
    rng = random.Random(seed)
    slots = rng.randint(1, 5)
    plan = Plan(random_plan(rng, rng.randint(1, 30)))
    schedule = Schedule(plan, slots)
    needs = {one.id: one.needs for one in plan.tasks}
    open_commands: list[Command] = list(schedule.begin())
    landed: list[str] = []
    squashes: dict[str, int] = dict.fromkeys(needs, 0)
    for _ in range(10_000):
        if not open_commands:
            break
        assert sum(isinstance(one, Start) for one in open_commands) <= slots
        assert sum(isinstance(one, Commit) for one in open_commands) <= 1
        command = open_commands.pop(rng.randrange(len(open_commands)))
        fact = _answer(rng, command, squashes)
        if isinstance(fact, Committed):
            assert all(need in landed for need in needs[fact.task])
            landed.append(fact.task)
        open_commands += schedule.handle(fact)
    assert schedule.done
    ended = {one.id: schedule.state(one.id) for one in plan.tasks}
    for name, state in ended.items():
        if state is State.BLOCKED:
            assert any(ended[need] in (State.FAILED, State.BLOCKED) for need in needs[name])
    assert len(landed) == len(set(landed)) == sum(s is State.DONE for s in ended.values())


def _answer(rng: random.Random, command: Command, squashes: dict[str, int]) -> TaskFact:
    match command:
        case Start(task=name, epoch=epoch):
            if rng.random() < 0.15:
                return Exhausted(task=name, epoch=epoch, reason="")
            return accepted(name, epoch)
        case Commit(task=name, epoch=epoch):
            if rng.random() < 0.3 and squashes[name] < 3:
                squashes[name] += 1
                return Squashed(task=name, epoch=epoch, reason="")
            return committed(name, epoch)
        case Block(task=name, reason=reason):
            return Blocked(task=name, reason=reason)
