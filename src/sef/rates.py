"""The rates and times of a run, each defined once: its docstring names what is divided by what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from sef.events import (
    Accepted,
    Committed,
    Dispatched,
    Drafted,
    Fact,
    Failed,
    Recorded,
    Rejected,
    RunFinished,
    RunStarted,
    Squashed,
)
from sef.model import Task, Tier
from sef.plan import Plan
from sef.steps import ToolCalled


def rates(recorded: Iterable[Recorded]) -> Mapping[str, float | None]:
    """Every rate of a run by its name; None where it means nothing (a chain has no parallelism)."""
    told = tuple(recorded)
    spans = _spans(told)
    tasks = _tasks(told)
    found = {
        "delegation_rate": delegation_rate(told),
        "rejection_rate": rejection_rate(told),
        "response_latency_s": response_latency(told),
        "completion_time_s": completion_time(told),
        "transition_time_ms": transition_time(told, tasks),
        "parallelization_ratio": parallelization_ratio(spans, tasks),
        "agent_utilization": agent_utilization(told, spans),
        "redundancy": redundancy(spans),
        "tool_efficiency": tool_efficiency(told),
        "speed_up": speed_up(told, spans),
        "makespan_over_bound": makespan_over_bound(told, spans, tasks),
    }
    return {name: None if value is None else round(value, 4) for name, value in found.items()}


def delegation_rate(recorded: Sequence[Recorded]) -> float | None:
    """Tasks first dispatched below the target, of those that needed a model (not tier 0)."""
    first: dict[str, Tier] = {}
    for fact in _facts(recorded):
        if isinstance(fact, Dispatched):
            first.setdefault(fact.task, fact.tier)
    needed = [tier for tier in first.values() if tier > Tier.NONE]
    return _ratio(sum(tier < Tier.TARGET for tier in needed), len(needed))


def rejection_rate(recorded: Sequence[Recorded]) -> float | None:
    """Rejected drafts, of the drafts below the target that were verified."""
    judged = [
        isinstance(fact, Rejected)
        for fact in _facts(recorded)
        if isinstance(fact, Accepted | Rejected) and Tier.NONE < fact.tier < Tier.TARGET
    ]
    return _ratio(sum(judged), len(judged))


def tool_efficiency(recorded: Sequence[Recorded]) -> float | None:
    """Uses of tools that neither failed, nor were repeated, nor gave nothing, of all uses."""
    used = [fact.step.useful for fact in _facts(recorded) if isinstance(fact, ToolCalled)]
    return _ratio(sum(used), len(used))


def response_latency(recorded: Sequence[Recorded]) -> float | None:
    """Seconds from the start of the run to the first result that a person can see."""
    return next((one.seconds for one in recorded if isinstance(one.fact, Committed)), None)


def completion_time(recorded: Sequence[Recorded]) -> float | None:
    """Seconds from the start of the run to its end, without the time it was interrupted."""
    ends = [one.fact.seconds for one in recorded if isinstance(one.fact, RunFinished)]
    return ends[-1] if ends else None


def transition_time(recorded: Sequence[Recorded], tasks: Sequence[Task]) -> float | None:
    """Milliseconds, at the median, from the commit of a task's last need to its dispatch.

    Waiting for a free slot is part of it.
    """
    needs = {task.id: task.needs for task in tasks}
    committed: dict[str, float] = {}
    waits: list[float] = []
    for one in recorded:
        if isinstance(one.fact, Committed):
            committed[one.fact.task] = one.seconds
        elif isinstance(one.fact, Dispatched) and one.fact.epoch == one.fact.stage == 0:
            known = [committed[need] for need in needs.get(one.fact.task, ()) if need in committed]
            waits += [one.seconds - max(known)] if known else []
    return 1000 * median(waits) if waits else None


def parallelization_ratio(spans: Sequence[_Span], tasks: Sequence[Task]) -> float | None:
    """Tasks that ran while another one ran, of all that ran; None where the plan is a chain."""
    if not tasks or max(Plan(tuple(tasks)).ranks().values()) == len(tasks):
        return None
    together: set[str] = set()
    at_work: list[_Span] = []
    for span in sorted(spans, key=lambda span: span.begun):
        at_work = [one for one in at_work if one.ended > span.begun]
        beside = {one.task for one in at_work} - {span.task}
        together |= beside | ({span.task} if beside else set())
        at_work.append(span)
    return _ratio(len(together), len({span.task for span in spans}))


def agent_utilization(recorded: Sequence[Recorded], spans: Sequence[_Span]) -> float | None:
    """Seconds that executors worked, of the seconds that the slots offered during the run."""
    slots = next((f.slots for f in _facts(recorded) if isinstance(f, RunStarted)), 0)
    whole = completion_time(recorded)
    offered = (whole or 0.0) * min(slots, len({span.task for span in spans}))
    return _ratio(sum(span.seconds for span in spans), offered)


def redundancy(spans: Sequence[_Span]) -> float | None:
    """Seconds of work that was squashed, of all seconds that executors worked."""
    return _ratio(
        sum(span.seconds for span in spans if span.squashed), sum(span.seconds for span in spans)
    )


def speed_up(recorded: Sequence[Recorded], spans: Sequence[_Span]) -> float | None:
    """Seconds that executors worked, over the seconds that the run took: 1 is one after another."""
    return _ratio(sum(span.seconds for span in spans), completion_time(recorded) or 0.0)


def makespan_over_bound(
    recorded: Sequence[Recorded], spans: Sequence[_Span], tasks: Sequence[Task]
) -> float | None:
    """The run's time over max(critical path, work / slots): 1 is what no schedule can beat."""
    slots = next((f.slots for f in _facts(recorded) if isinstance(f, RunStarted)), 0)
    took: dict[str, float] = {}
    for span in spans:
        took[span.task] = took.get(span.task, 0.0) + span.seconds
    ranks = Plan(tuple(tasks)).ranks() if tasks else {}
    longest: dict[str, float] = {}
    for task in sorted(tasks, key=lambda task: -ranks[task.id]):
        before = max((longest.get(need, 0.0) for need in task.needs), default=0.0)
        longest[task.id] = before + took.get(task.id, 0.0)
    work = sum(took.values()) / slots if slots else 0.0
    return _ratio(completion_time(recorded) or 0.0, max([work, *longest.values()], default=0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """The time one executor worked on one task."""

    task: str
    begun: float
    ended: float
    squashed: bool = False

    @property
    def seconds(self) -> float:
        return self.ended - self.begun


def _spans(recorded: Sequence[Recorded]) -> list[_Span]:
    """One span a call that ended, in the order of their ends."""
    squashed = {(f.task, f.epoch) for f in _facts(recorded) if isinstance(f, Squashed)}
    begun: dict[tuple[str, int, str], float] = {}
    spans = []
    for one in recorded:
        fact = one.fact
        if isinstance(fact, Dispatched):
            begun[fact.task, fact.epoch, fact.executor] = one.seconds
        elif isinstance(fact, Drafted | Failed):
            at = (fact.task, fact.epoch, fact.executor)
            if at not in begun:
                continue
            # A clock that jumped back cannot make work negative.
            start = min(begun.pop(at), one.seconds)
            spans.append(
                _Span(task=fact.task, begun=start, ended=one.seconds, squashed=at[:2] in squashed)
            )
    return spans


def _tasks(recorded: Sequence[Recorded]) -> tuple[Task, ...]:
    return next((f.tasks for f in _facts(recorded) if isinstance(f, RunStarted)), ())


def _facts(recorded: Iterable[Recorded]) -> list[Fact]:
    return [one.fact for one in recorded]


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
