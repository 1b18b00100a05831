"""What a run has to say for itself, as one JSON object and as numbers for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sef.events import (
    Accepted,
    Applied,
    AuditBegan,
    Audited,
    Cancelled,
    Committed,
    Dispatched,
    Drafted,
    Fact,
    Failed,
    Rejected,
    Resumed,
    Routed,
    RunFinished,
    RunStarted,
)
from sef.metrics import Costs, costs
from sef.model import Answer, Attempt, Outcome, Status, Task, Tier, Usage
from sef.report_model import (
    AttemptReport,
    AuditReport,
    CountsReport,
    MatchReport,
    RunReport,
    TaskReport,
)
from sef.steps import ModelCalled, Steps
from sef.story import by_task, outcomes, run_status
from sef.text import one_line, plain, sentences


def report(facts: Iterable[Fact], apply_error: str | None = None) -> RunReport:
    """Folds the facts of a run, finished, called off or killed, into its report."""
    told = tuple(facts)
    started = next(fact for fact in told if isinstance(fact, RunStarted))
    finished = [fact for fact in told if isinstance(fact, RunFinished)]
    ended = outcomes(told)
    open_attempts = _cut_off(told)
    audits = _audits(told)
    tasks = tuple(
        _task(outcome, open_attempts.get(outcome.task.id), audits.get(outcome.task.id))
        for outcome in ended
    )
    wrote = any(isinstance(fact, Committed) and fact.commit for fact in told)
    return RunReport.model_validate(
        {
            "run": started.run,
            "status": _status(told, ended),
            "base": started.base,
            "dirty": started.dirty,
            "branch": f"sef/{started.run}" if wrote and not started.host else None,
            "applied": any(isinstance(fact, Applied) for fact in told),
            "apply_error": apply_error and plain(apply_error),
            "seconds": round(finished[-1].seconds, 3) if finished else 0.0,
            "tasks": tasks,
            "cut_off_calls": _unknown_calls(told),
            **_money(costs(told), tasks, whole=not _unknown_calls(told)),
        }
    )


def _status(told: Sequence[Fact], ended: Iterable[Outcome]) -> str:
    """Called off is what a run is that was called off last, however far it had come."""
    return "cancelled" if was_called_off(told) else run_status(ended)


def was_called_off(told: Sequence[Fact]) -> bool:
    """True where somebody called the run off since it was last gone on with; a kill is not told."""
    for fact in reversed(told):
        if isinstance(fact, Resumed):
            break
        if isinstance(fact, Cancelled) and fact.task is None:
            return True
    return False


def _money(
    money: Costs, tasks: Sequence[TaskReport], *, whole: bool
) -> dict[str, Decimal | str | None]:
    """A call that was cut off has a price nobody knows; what is not done saves nothing.

    Where not the whole cost is known, as after a kill, nothing is measured.
    """
    paid = [attempt.cost_usd for task in tasks for attempt in task.attempts]
    cost = None if None in paid else money.cost
    measured = whole and cost is not None and all(task.status is Status.DONE for task in tasks)
    return {
        "cost_usd": cost,
        "baseline_usd": money.baseline,
        "saved_usd": money.saved if measured else None,
        "saved_is": money.saved_is if measured else "unknown",
    }


def _unknown_calls(told: Iterable[Fact]) -> int:
    """Calls that were under way when the run was killed, what each had paid then being unknown."""
    return sum(len(fact.in_flight) for fact in told if isinstance(fact, Resumed))


def _cut_off(told: Iterable[Fact]) -> dict[str, AttemptReport]:
    """For each task the attempt that began and did not come to its end."""
    open_attempts: dict[str, AttemptReport] = {}
    for task, facts in by_task(told).items():
        began, steps = None, Steps()
        for fact in facts:
            match fact:
                case Dispatched(tier=tier):
                    began, steps = fact, Steps()
                    usage = Usage(cost_usd=Decimal(0) if tier is Tier.NONE else None)
                    open_attempts[task] = _called_off(fact, usage, "called off")
                case ModelCalled(step=step) if began and task in open_attempts:
                    steps.take(step)
                    # What was under way when it was called off may not have been told.
                    known = replace(steps.usage or Usage(cost_usd=None), cost_usd=None)
                    open_attempts[task] = _called_off(began, known, "called off")
                case Drafted(draft=draft):
                    reason = "called off while it was judged"
                    open_attempts[task] = _called_off(fact, draft.usage, reason)
                case Failed() | Rejected() | Accepted():
                    open_attempts.pop(task, None)
                case _:
                    pass
    return open_attempts


def _called_off(fact: Dispatched | Drafted, usage: Usage, reason: str) -> AttemptReport:
    return AttemptReport(
        executor=fact.executor,
        model=usage.model,
        requested=None,
        accepted=None,
        reason=reason,
        cost_usd=usage.cost_usd,
        seconds=round(usage.seconds, 3),
        tier=fact.tier,
        squashed=False,
        **_used(usage),
    )


def forecast(run: str, tasks: Iterable[Task], routes: Mapping[str, Routed]) -> RunReport:
    """The report of a run that was only planned: where each task would go first, and why."""
    return RunReport(
        run=run,
        status="planned",
        base=None,
        dirty=None,
        branch=None,
        applied=False,
        apply_error=None,
        seconds=0.0,
        tasks=tuple(_planned(task, routes[task.id]) for task in tasks),
        cost_usd=None,
        baseline_usd=None,
        saved_usd=None,
        saved_is="unknown",
    )


def _planned(task: Task, routed: Routed) -> TaskReport:
    first = routed.cascade.stages[0].executor if routed.cascade else None
    return TaskReport(
        id=task.id,
        text=plain(task.text),
        tier=routed.route.tier,
        kind=routed.route.kind,
        status="planned",
        executor=first,
        attempts=(),
        audit=None,
        answer=None,
        commit=None,
        reason=sentences(routed.obstacle or _why(routed)),
        counts=None,
        exit_code=None,
        matches=(),
    )


def _why(routed: Routed) -> str:
    """The router's reason, and the gate's where it was asked."""
    said = f"; {routed.begins}: {routed.weighed[0]}" if routed.weighed else ""
    return routed.route.reason + said


def _audits(facts: Iterable[Fact]) -> dict[str, AuditReport]:
    """The audits that began, by task; one without an end was cut off."""
    found: dict[str, AuditReport] = {}
    for fact in facts:
        if isinstance(fact, AuditBegan):
            found[fact.task] = AuditReport(regression=None, reason="cut off", cost_usd=None)
        elif isinstance(fact, Audited):
            found[fact.task] = AuditReport(
                regression=fact.regression,
                reason=plain(fact.reason),
                cost_usd=fact.usage.cost_usd,
            )
    return found


def _task(
    outcome: Outcome, open_attempt: AttemptReport | None, audit: AuditReport | None
) -> TaskReport:
    attempts = tuple(_attempt(attempt) for attempt in outcome.attempts)
    if open_attempt and outcome.status is Status.CANCELLED:
        attempts = (*attempts, open_attempt)
    answer = outcome.answer or Answer(text="")
    return TaskReport(
        id=outcome.task.id,
        text=plain(outcome.task.text),
        tier=outcome.route.tier if outcome.route else None,
        kind=outcome.route.kind if outcome.route else None,
        status=outcome.status,
        executor=_last(attempts),
        attempts=attempts,
        audit=audit,
        answer=plain(answer.text) if outcome.answer else None,
        commit=outcome.commit,
        reason=plain(sentences(outcome.reason)),
        counts=_counts(answer),
        exit_code=answer.exit_code,
        matches=tuple(
            MatchReport(path=match.path, line=match.line, text=one_line(match.text, 500))
            for match in answer.matches
        ),
    )


def _last(attempts: Sequence[AttemptReport]) -> str | None:
    """Who was accepted, else who tried last: of two side by side the loser may end last."""
    accepted = [one for one in attempts if one.accepted and not one.squashed]
    return (accepted or attempts)[-1].executor if attempts else None


def _counts(answer: Answer) -> CountsReport | None:
    if answer.counts is None:
        return None
    return CountsReport.model_validate(answer.counts, from_attributes=True)


def _attempt(attempt: Attempt) -> AttemptReport:
    return AttemptReport(
        executor=attempt.executor,
        model=attempt.model,
        requested=attempt.requested,
        accepted=attempt.accepted,
        reason=plain(sentences(attempt.reason)),
        cost_usd=attempt.cost_usd,
        seconds=round(attempt.seconds, 3),
        tier=attempt.tier,
        squashed=attempt.squashed,
        verification_usd=attempt.verdict.cost_usd if attempt.verdict else None,
        probability=attempt.verdict.probability if attempt.verdict else None,
        **_used(attempt.usage or Usage(cost_usd=None)),
    )


def _used(usage: Usage) -> dict[str, Any]:
    read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return {
        "requests": usage.requests,
        "tokens": read + usage.output_tokens,
        "plan": usage.plan,
        "quota": usage.quota,
    }
