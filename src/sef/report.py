"""What a run has to say for itself, as one JSON object and as numbers for the terminal.

docs/reference/run-json.md describes every field; `schema` goes up when one changes its meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from sef.events import Applied, Fact, Routed, RunFinished, RunStarted
from sef.metrics import costs
from sef.model import Answer, Attempt, Kind, Outcome, Status, Task
from sef.story import outcomes, run_status
from sef.text import one_line, plain

Money = Annotated[
    Decimal | None,
    PlainSerializer(
        lambda value: None if value is None else float(value), return_type=float | None
    ),
]
"""US dollars; null is unknown."""


class _Reported(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CountsReport(_Reported):
    """Results of a test run."""

    passed: int
    failed: int
    errors: int
    skipped: int
    xfailed: int
    xpassed: int
    deselected: int


class MatchReport(_Reported):
    """A place in the tree."""

    path: str
    line: int
    text: str


class AttemptReport(_Reported):
    """One executor's try."""

    executor: str
    model: str | None
    accepted: bool | None
    reason: str
    cost_usd: Money
    seconds: float
    tier: int
    squashed: bool


class TaskReport(_Reported):
    """What became of one task."""

    id: str
    text: str
    tier: int | None
    kind: Kind | None
    status: Literal["planned"] | Status
    executor: str | None
    attempts: tuple[AttemptReport, ...]
    answer: str | None
    commit: str | None
    reason: str
    counts: CountsReport | None
    exit_code: int | None
    matches: tuple[MatchReport, ...]


class RunReport(_Reported):
    """What became of a run."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    run: str
    status: Literal["planned", "ok", "partial", "failed", "cancelled"]
    branch: str | None
    applied: bool
    seconds: float
    tasks: tuple[TaskReport, ...]
    cost_usd: Money
    baseline_usd: Money
    saved_usd: Money
    saved_is: Literal["measured", "estimated", "unknown"]

    def json_text(self) -> str:
        """The object as indented JSON in ASCII."""
        return self.model_dump_json(by_alias=True, indent=2, ensure_ascii=True)

    @property
    def red(self) -> bool:
        """True when a command that was run on request did not succeed."""
        return any(task.exit_code for task in self.tasks)


def report(facts: Iterable[Fact]) -> RunReport:
    """Folds the facts of a run, finished or called off, into its report."""
    told = tuple(facts)
    started = next(fact for fact in told if isinstance(fact, RunStarted))
    finished = next((fact for fact in told if isinstance(fact, RunFinished)), None)
    ended = outcomes(told)
    money = costs(told)
    return RunReport.model_validate(
        {
            "run": started.run,
            "status": run_status(ended),
            "branch": finished.branch if finished else None,
            "applied": any(isinstance(fact, Applied) for fact in told),
            "seconds": round(finished.seconds, 3) if finished else 0.0,
            "tasks": [_task(outcome) for outcome in ended],
            "cost_usd": money.cost,
            "baseline_usd": money.baseline,
            "saved_usd": money.saved,
            "saved_is": money.saved_is,
        }
    )


def forecast(run: str, tasks: Iterable[Task], routes: Mapping[str, Routed]) -> RunReport:
    """The report of a run that was only planned: where each task would go first, and why."""
    return RunReport(
        run=run,
        status="planned",
        branch=None,
        applied=False,
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
        answer=None,
        commit=None,
        reason=routed.obstacle or routed.route.reason,
        counts=None,
        exit_code=None,
        matches=(),
    )


def _task(outcome: Outcome) -> TaskReport:
    last = outcome.attempts[-1] if outcome.attempts else None
    answer = outcome.answer or Answer(text="")
    return TaskReport(
        id=outcome.task.id,
        text=plain(outcome.task.text),
        tier=outcome.route.tier if outcome.route else None,
        kind=outcome.route.kind if outcome.route else None,
        status=outcome.status,
        executor=last.executor if last else None,
        attempts=tuple(_attempt(attempt) for attempt in outcome.attempts),
        answer=plain(answer.text) if outcome.answer else None,
        commit=outcome.commit,
        reason=plain(outcome.reason),
        counts=_counts(answer),
        exit_code=answer.exit_code,
        matches=tuple(
            MatchReport(path=plain(match.path), line=match.line, text=one_line(match.text, 500))
            for match in answer.matches
        ),
    )


def _counts(answer: Answer) -> CountsReport | None:
    if answer.counts is None:
        return None
    return CountsReport.model_validate(answer.counts, from_attributes=True)


def _attempt(attempt: Attempt) -> AttemptReport:
    return AttemptReport(
        executor=attempt.executor,
        model=attempt.model,
        accepted=attempt.accepted,
        reason=plain(attempt.reason),
        cost_usd=attempt.cost_usd,
        seconds=round(attempt.seconds, 3),
        tier=attempt.tier,
        squashed=attempt.squashed,
    )
