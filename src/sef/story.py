"""What became of each task: a fold over the facts of a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sef.events import (
    Accepted,
    AuditBegan,
    Blocked,
    Cancelled,
    Committed,
    Dispatched,
    Drafted,
    Exhausted,
    Fact,
    Failed,
    Rejected,
    Routed,
    RunStarted,
    Squashed,
)
from sef.model import Attempt, Outcome, Route, Status, Task, Usage
from sef.steps import ModelCalled


def outcomes(facts: Iterable[Fact]) -> tuple[Outcome, ...]:
    """One outcome a task, in the order of the plan."""
    told = tuple(facts)
    tasks = [task for fact in told if isinstance(fact, RunStarted) for task in fact.tasks]
    apart = by_task(told)
    return tuple(_outcome(task, apart.get(task.id, [])) for task in tasks)


def by_task(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """The facts about each task, in order; facts about the run as a whole are left out."""
    apart: dict[str, list[Fact]] = {}
    for fact in facts:
        task = getattr(fact, "task", None)
        if task is not None:
            apart.setdefault(task, []).append(fact)
    return apart


def run_status(ended: Iterable[Outcome]) -> str:
    """ok when every task is done, partial when some are, failed when none is, or cancelled."""
    states = {outcome.status for outcome in ended}
    if Status.CANCELLED in states:
        return "cancelled"
    if states <= {Status.DONE}:
        return "ok"
    return "partial" if Status.DONE in states else "failed"


def _outcome(task: Task, mine: list[Fact]) -> Outcome:
    accepted = [fact for fact in mine if isinstance(fact, Accepted)]
    landed = [fact for fact in mine if isinstance(fact, Committed)]
    status, reason = _ending(mine)
    return Outcome(
        task=task,
        status=status,
        route=_route(mine),
        attempts=attempts(mine),
        answer=accepted[-1].draft.answer if landed else None,
        commit=landed[-1].commit if landed else None,
        reason=reason,
    )


def _route(facts: Iterable[Fact]) -> Route | None:
    return next((fact.route for fact in facts if isinstance(fact, Routed)), None)


def _ending(facts: list[Fact]) -> tuple[Status, str]:
    for fact in reversed(facts):
        match fact:
            case Committed():
                accepted = [one for one in facts if isinstance(one, Accepted)]
                return Status.DONE, accepted[-1].verdict.reason
            case Exhausted(reason=reason):
                return Status.FAILED, reason
            case Blocked(reason=reason):
                return Status.BLOCKED, reason
            case Cancelled():
                return Status.CANCELLED, "it was called off"
            case _:
                pass
    return Status.CANCELLED, "the run was called off"


def attempts(facts: Iterable[Fact]) -> tuple[Attempt, ...]:
    """Every try at one task, in order, with what became of it."""
    told = tuple(facts)
    asked = substituted(told)
    found: list[Attempt] = []
    drafted: dict[str, Usage] = {}
    for fact in told:
        match fact:
            case Drafted():
                drafted[fact.executor] = fact.draft.usage
            case Failed():
                found.append(_attempt(fact, None, fact.reason, fact.usage))
            case Rejected() | Accepted():
                usage = drafted.get(fact.executor, Usage(cost_usd=None))
                accepted = isinstance(fact, Accepted)
                found.append(_attempt(fact, accepted, fact.verdict.reason, usage))
            case Squashed():
                undone = replace(found[-1], squashed=True, reason=f"squashed: {fact.reason}")
                found[-1] = undone
            case _:
                pass
    return tuple(replace(one, requested=asked.get(one.executor)) for one in found)


def substituted(facts: Iterable[Fact]) -> dict[str, str]:
    """By executor the model that it asked for, where another one was billed."""
    by_call: dict[str, str] = {}
    found: dict[str, str] = {}
    for fact in facts:
        if isinstance(fact, Dispatched | AuditBegan):
            by_call[fact.call] = fact.executor
        elif isinstance(fact, ModelCalled) and fact.step.substituted and fact.call in by_call:
            found[by_call[fact.call]] = fact.step.requested
    return found


def _attempt(
    fact: Failed | Rejected | Accepted, accepted: bool | None, reason: str, usage: Usage
) -> Attempt:
    return Attempt(
        executor=fact.executor,
        tier=fact.tier,
        model=usage.model,
        accepted=accepted,
        reason=reason,
        cost_usd=usage.cost_usd,
        seconds=usage.seconds,
        usage=usage,
        verdict=None if isinstance(fact, Failed) else fact.verdict,
    )
