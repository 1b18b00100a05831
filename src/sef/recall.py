"""What an interrupted run had already reached: a fold over its facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sef.events import (
    Accepted,
    Answered,
    Dispatched,
    Drafted,
    Fact,
    Failed,
    Rejected,
    Routed,
    RunStarted,
)
from sef.model import Draft, Proposal, Task, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far one stage of one task in one epoch had come."""

    base: str
    """Commit it works on."""
    call: str
    proposal: Proposal | None = None
    """The paid answer, once there is one; the work then lies in the call's fork."""
    draft: Draft | None = None
    """Answer and work, once they were taken from the fork."""
    ending: Accepted | Rejected | Failed | None = None


def reached(facts: Iterable[Fact], task: str, epoch: int) -> tuple[Reached, ...]:
    """The stages of a task's epoch that were dispatched, in order."""
    stages: dict[int, Reached] = {}
    last = 0
    for fact in facts:
        if getattr(fact, "task", None) != task or getattr(fact, "epoch", None) != epoch:
            continue
        match fact:
            case Dispatched(stage=last, base=base, call=call):
                stages.setdefault(last, Reached(base=base, call=call))
            case Answered(proposal=proposal):
                stages[last] = replace(stages[last], proposal=proposal)
            case Drafted(draft=draft):
                stages[last] = replace(stages[last], draft=draft)
            case Accepted() | Rejected() | Failed():
                stages[last] = replace(stages[last], ending=fact)
            case _:
                pass
    return tuple(stages[number] for number in sorted(stages))


def in_flight(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Keys of the paid calls that were dispatched and never answered."""
    open_calls: dict[tuple[str, int], str] = {}
    for fact in facts:
        match fact:
            case Dispatched(task=task, epoch=epoch, call=call, tier=tier) if tier > Tier.NONE:
                open_calls[task, epoch] = call
            case Answered() | Drafted() | Failed():
                open_calls.pop((fact.task, fact.epoch), None)
            case _:
                pass
    return tuple(open_calls.values())


def in_forks(facts: Iterable[Fact]) -> frozenset[str]:
    """Keys of the calls that were answered and whose work was not yet taken from their forks."""
    waiting: dict[tuple[str, int], str] = {}
    for fact in facts:
        match fact:
            case Answered(task=task, epoch=epoch, call=call):
                waiting[task, epoch] = call
            case Drafted(task=task, epoch=epoch) | Failed(task=task, epoch=epoch):
                waiting.pop((task, epoch), None)
            case _:
                pass
    return frozenset(waiting.values())


def planned(facts: Iterable[Fact]) -> tuple[tuple[Task, ...], dict[str, Routed], int]:
    """The tasks of a run, their routes, and its slots."""
    told = tuple(facts)
    started = next(fact for fact in told if isinstance(fact, RunStarted))
    routes = {fact.task: fact for fact in told if isinstance(fact, Routed)}
    return started.tasks, routes, started.slots
