"""What each tool gives back, as types; their JSON schemas are published with the tools."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from sef.model import Kind, Route, Task
from sef.report_model import RunReport, TaskReport
from sef.text import one_line, plain

_LARGEST: Final = 48_000
"""Characters of a result as JSON, which a model has to read."""
_STEPS: Final = ((4_000, 50), (1_000, 10), (300, 3), (100, 0))
"""Characters of an answer and matches of a task that are left, step by step until it fits."""
_ONE: Final = (30_000, 200)
_LINES: Final = 12


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedTask(_Told):
    """A task of a plan."""

    id: str
    text: str
    needs: tuple[str, ...]
    kind: Kind | None
    """null: the router decides."""
    paths: tuple[str, ...]
    lane: Literal["urgent", "normal", "background"]


class PlanTold(_Told):
    """A checked plan; nothing was run."""

    tasks: tuple[PlannedTask, ...]
    longest_chain: int
    """Tasks that must follow one another."""

    @staticmethod
    def task(task: Task) -> PlannedTask:
        """A task as the tools take it, too."""
        return PlannedTask(
            id=task.id,
            text=plain(task.text),
            needs=task.needs,
            kind=task.kind,
            paths=task.paths,
            lane=task.lane.name.lower(),  # type: ignore[arg-type]
        )


class RouteTold(_Told):
    """Where one request would go."""

    id: str
    tier: int
    kind: Kind
    policy: str
    score: float
    needs_context: bool
    reason: str
    microseconds: float


class RoutesTold(_Told):
    """The object of `sef route --json`."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    routes: tuple[RouteTold, ...]

    @staticmethod
    def route(name: str, made: Route, microseconds: float) -> RouteTold:
        """A route as `sef route --json` tells it."""
        return RouteTold(
            id=name,
            tier=int(made.tier),
            kind=made.kind,
            policy=made.policy,
            score=made.score,
            needs_context=made.needs_context,
            reason=made.reason,
            microseconds=round(microseconds, 1),
        )


class RunTold(RunReport):
    """The object of `sef run --json`, cut to what can be read."""

    cut: tuple[str, ...] = ()
    """What was left out, with the way to it."""


class ReportTold(RunTold):
    """The object of `sef report --json`, cut to what can be read."""

    rates: dict[str, float | None]


class StartedTold(_Told):
    """A run that goes on by itself."""

    run: str
    tasks: tuple[str, ...]
    """Their ids."""


class TaskStatus(_Told):
    """How far a task is."""

    id: str
    state: Literal["waiting", "working", "done", "failed", "blocked", "cancelled"]
    step: str
    """What happened to it last."""


class StatusTold(_Told):
    """How far a run is."""

    run: str
    status: Literal["starting", "working", "ok", "partial", "failed", "cancelled", "cut off"]
    """cut off: its process was killed; `sef run --resume` goes on with it."""
    here: bool
    """True where this server works, or has worked, on it."""
    tasks: tuple[TaskStatus, ...]
    error: str | None
    """Why it ended without a report."""


class ResultTold(_Told):
    """What became of a run, or how far it is."""

    ended: bool
    status: StatusTold
    report: RunTold | None
    """null while it goes on."""


class CancelTold(_Told):
    """What was called off."""

    run: str
    task: str | None
    """null: the whole run."""
    called_off: bool
    """False where it had ended before."""


# -- bounds ------------------------------------------------------------------------------------


def bounded(report: RunReport, task: str | None = None) -> RunTold:
    """The report with at most so many characters; with `task`, that task alone and whole."""
    if task is not None:
        (one,) = (one for one in report.tasks if one.id == task)
        over = _exceeds(one, *_ONE)
        rest = (f"answer or matches: sef report {report.run} --json",) if over else ()
        return _run(report, (_cut(one, *_ONE),), rest)
    for longest, most in _STEPS:
        cut = [one.id for one in report.tasks if _exceeds(one, longest, most)]
        tasks = tuple(_cut(one, longest, most) for one in report.tasks)
        said = _run(report, tasks, (_way(report.run, cut),) if cut else ())
        if len(said.json_text()) <= _LARGEST:
            return said
    kept = tuple(_cut(one, 0, 0).model_copy(update={"attempts": ()}) for one in report.tasks[:100])
    return _run(
        report, kept, (f"attempts, and tasks after the first 100: sef report {report.run}",)
    )


def _run(report: RunReport, tasks: tuple[TaskReport, ...], cut: tuple[str, ...]) -> RunTold:
    fields = dict(report) | {"schema": report.schema_, "tasks": tasks, "cut": cut}
    fields.pop("schema_")
    return RunTold.model_validate(fields)


def _exceeds(task: TaskReport, longest: int, most: int) -> bool:
    return max(len(task.answer or ""), len(task.text)) > longest or len(task.matches) > most


def _cut(task: TaskReport, longest: int, most: int) -> TaskReport:
    answer = None if task.answer is None else _shortened(task.answer, longest)
    update = {"answer": answer, "text": _shortened(task.text, longest)}
    return task.model_copy(update=update | {"matches": task.matches[:most]})


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + " [cut]"


def _way(run: str, tasks: list[str]) -> str:
    named = ", ".join(tasks[:20]) + (" …" if len(tasks) > 20 else "")
    return f'answers or matches of {named}: sef_report with run "{run}" and task, for one in full'


def wire(model: BaseModel) -> dict[str, Any]:
    """The model as JSON's types; what is no Unicode in a path is written out, as `\\udc80`."""
    told: dict[str, Any] = json.loads(json.dumps(model.model_dump(by_alias=True)))
    printable: dict[str, Any] = _printable(told)
    return printable


def _printable(value: Any) -> Any:
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case dict():
            return {key: _printable(one) for key, one in value.items()}
        case list():
            return [_printable(one) for one in value]
        case _:
            return value


# -- words -------------------------------------------------------------------------------------


def run_in_words(report: RunReport) -> str:
    """A run in a few lines."""
    done = sum(one.status == "done" for one in report.tasks)
    said = [f"run {report.run}: {report.status}, {done} of {len(report.tasks)} tasks done"]
    if report.branch:
        said.append("applied to your files" if report.applied else f"result on {report.branch}")
    if report.cost_usd is not None:
        said.append(f"${report.cost_usd:.4f}")
    lines = [", ".join(said), *_task_lines(report.tasks)]
    if report.apply_error:
        lines.append(f"not applied: {one_line(report.apply_error, 400)}")
    return "\n".join(lines)


def _task_lines(tasks: tuple[TaskReport, ...]) -> Iterator[str]:
    for one in tasks[:_LINES]:
        what = one.answer if one.status == "done" and one.answer else one.reason
        yield f"- {one.id}: {one.status}: {one_line(what, 300)}"
    if len(tasks) > _LINES:
        yield f"- and {len(tasks) - _LINES} more"


def status_in_words(status: StatusTold) -> str:
    """How far a run is, a line a task."""
    lines = [f"run {status.run}: {status.status}"]
    lines += [f"- {one.id}: {one.state}: {one.step}" for one in status.tasks[:_LINES]]
    if status.error:
        lines.append(status.error)
    return "\n".join(lines)


def schema_of(
    model: type[BaseModel], *, mode: Literal["validation", "serialization"]
) -> Mapping[str, Any]:
    """The JSON schema of a model, by its names on the wire."""
    return model.model_json_schema(by_alias=True, mode=mode)
