"""What an interrupted run had already reached: a fold over its facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sef.advice import Advice, Advised, Consulted
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
    of: dict[str, int] = {}
    for fact in facts:
        if getattr(fact, "task", None) != task or getattr(fact, "epoch", None) != epoch:
            continue
        match fact:
            case Dispatched(stage=number, base=base, call=call, executor=executor):
                stages.setdefault(number, Reached(base=base, call=call))
                of[call] = of[executor] = number
            case Answered(proposal=proposal, call=call):
                stages[of[call]] = replace(stages[of[call]], proposal=proposal)
            case Drafted(draft=draft, executor=executor):
                stages[of[executor]] = replace(stages[of[executor]], draft=draft)
            case Accepted() | Rejected() | Failed():
                number = of[fact.executor]
                stages[number] = replace(stages[number], ending=fact)
            case _:
                pass
    return tuple(stages[number] for number in sorted(stages))


def in_flight(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Keys of the paid calls that were begun and never answered, verifiers' questions included."""
    open_calls: dict[tuple[str, int, str], str] = {}
    answered: set[str] = set()
    consulted: dict[str, str] = {}
    for fact in facts:
        match fact:
            case Consulted(key=key, call=call):
                consulted[key] = call
            case Advised(key=key):
                consulted.pop(key, None)
            case Dispatched(task=task, epoch=epoch, call=call, tier=tier) if tier > Tier.NONE:
                open_calls[task, epoch, fact.executor] = call
            case Answered(call=call):
                answered.add(call)
            case Drafted() | Failed():
                open_calls.pop((fact.task, fact.epoch, fact.executor), None)
            case _:
                pass
    drafting = [call for call in open_calls.values() if call not in answered]
    return tuple(dict.fromkeys((*drafting, *consulted.values())))


def advised(facts: Iterable[Fact], task: str) -> dict[str, Advice]:
    """What verifiers were told about a task's drafts, by the key of the question."""
    told = (one for one in facts if isinstance(one, Advised) and one.task == task)
    return {one.key: one.advice for one in told}


def in_forks(facts: Iterable[Fact]) -> frozenset[str]:
    """Keys of the calls that were answered and whose work was not yet taken from their forks."""
    calls: dict[tuple[str, int, str], str] = {}
    waiting: set[str] = set()
    for fact in facts:
        match fact:
            case Dispatched(task=task, epoch=epoch, executor=executor, call=call):
                calls[task, epoch, executor] = call
            case Answered(call=call):
                waiting.add(call)
            case Drafted() | Failed():
                waiting.discard(calls.get((fact.task, fact.epoch, fact.executor), ""))
            case _:
                pass
    return frozenset(waiting)


def planned(facts: Iterable[Fact]) -> tuple[tuple[Task, ...], dict[str, Routed], int]:
    """The tasks of a run, their routes, and its slots."""
    told = tuple(facts)
    started = next(fact for fact in told if isinstance(fact, RunStarted))
    routes = {fact.task: fact for fact in told if isinstance(fact, Routed)}
    return started.tasks, routes, started.slots
