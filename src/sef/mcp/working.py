"""What the tools do."""

from __future__ import annotations

import asyncio
from time import perf_counter_ns

from sef.errors import UsageError
from sef.judgement_model import JudgementTold
from sef.mcp.arguments import (
    CancelArguments,
    PlanArguments,
    ReportArguments,
    ResultArguments,
    RouteArguments,
    RunArguments,
    StatusArguments,
    VerifyArguments,
)
from sef.mcp.call import Call
from sef.mcp.history import Past, past
from sef.mcp.results import (
    CancelTold,
    PlanTold,
    ReportTold,
    ResultTold,
    RoutesTold,
    RunTold,
    StartedTold,
    StatusTold,
    bounded,
    run_in_words,
    status_in_words,
)
from sef.mcp.runs import Order, Running
from sef.model import Task
from sef.plan import Plan
from sef.rates import rates
from sef.report_model import RunReport
from sef.routers import ROUTERS
from sef.submission import Submission
from sef.text import one_line

_READINGS = 3  # of the clock; the least is told
_TIDY_S = 20.0  # waited for a run that was called off


async def plan(asked: PlanArguments, _: Call) -> tuple[PlanTold, str]:
    """Checks a plan. Raises PlanError."""
    checked = Plan(asked.tasks_of())
    tasks = tuple(PlanTold.task(one) for one in checked.tasks)
    lines = [
        f"- {one.id}{' after ' + ', '.join(one.needs) if one.needs else ''}:"
        f" {one_line(one.text, 120)}"
        for one in tasks[:20]
    ]
    told = PlanTold(tasks=tasks, longest_chain=max(checked.ranks().values()))
    return told, "\n".join((f"{len(tasks)} tasks; nothing was run", *lines))


async def route(asked: RouteArguments, _: Call) -> tuple[RoutesTold, str]:
    """Tells where a request would go."""
    router, task, took = ROUTERS["rules"](), Task(id="request", text=asked.text), []
    for _reading in range(_READINGS):
        began = perf_counter_ns()
        made = router.route(task)
        took.append(perf_counter_ns() - began)
    one = RoutesTold.route("1", made, min(took) / 1000)
    told = RoutesTold.model_validate({"schema": 1, "routes": (one,)})
    return told, f"tier {one.tier}, {one.kind}, policy {one.policy}: {one.reason}"


async def run(asked: RunArguments, call: Call) -> tuple[RunTold, str]:
    """Runs tasks to their end; called off with the call."""
    running = await _ordered(asked, call)
    try:
        await call.follow(running)
    except asyncio.CancelledError:
        running.call_off()
        raise
    told = bounded(running.report())
    return told, run_in_words(told)


async def start(asked: RunArguments, call: Call) -> tuple[StartedTold, str]:
    """Begins a run that goes on by itself."""
    running = await _ordered(asked, call)
    try:
        await running.begun()
    except asyncio.CancelledError:
        running.call_off()  # nobody was told its name
        raise
    tasks = tuple(one.id for one in running.order.plan.tasks)
    said = f"run {running.name} began: {len(tasks)} tasks; sef_result waits for it"
    return StartedTold(run=running.name, tasks=tasks), said


async def _ordered(asked: RunArguments, call: Call) -> Running:
    checked = Plan(asked.tasks_of())
    repository = await call.repository(asked.root)
    order = Order(
        root=repository.root,
        plan=checked,
        policy=asked.policy,
        apply=asked.apply,
        budget_usd=asked.budget_usd,
    )
    return call.runs.start(order)


async def status(asked: StatusArguments, call: Call) -> tuple[StatusTold, str]:
    """Tells how far a run is."""
    told = (await _found(asked, call)).status()
    return told, status_in_words(told)


async def result(asked: ResultArguments, call: Call) -> tuple[ResultTold, str]:
    """Tells what became of a run, after waiting for its end for a while."""
    found = await _found(asked, call)
    if isinstance(found, Running):
        ended = await call.follow(found, asked.wait_s)
    else:
        ended = not found.working
    told = found.status()
    if not ended:
        return ResultTold(ended=False, status=told, report=None), status_in_words(told)
    whole = _of_task(found.report(), asked.task)
    said = run_in_words(whole)
    return ResultTold(ended=True, status=told, report=whole), said


async def report(asked: ReportArguments, call: Call) -> tuple[ReportTold, str]:
    """Tells what the journal says of a run."""
    repository = await call.repository(asked.root)
    found = await past(repository, asked.run)
    told = _of_task(found.report(), asked.task)
    fields = dict(told) | {"schema": told.schema_, "rates": dict(rates(found.recorded))}
    fields.pop("schema_")
    return ReportTold.model_validate(fields), run_in_words(told)


async def cancel(asked: CancelArguments, call: Call) -> tuple[CancelTold, str]:
    """Calls a run, or one task of it, off."""
    running = call.runs.find(asked.run)
    if running is None:
        found = await past(await call.repository(asked.root), asked.run)
        if found.working:
            raise UsageError(
                f"run {asked.run} is at work in process {found.row.owner.pid}, not here",
                hint="End it where it was begun.",
            )
        return CancelTold(run=asked.run, task=asked.task, called_off=False), "it had ended before"
    if asked.task is not None:
        done = running.call_off_task(asked.task)
    else:
        done = running.call_off()
        await _tidied(running)
    told = CancelTold(run=running.name, task=asked.task, called_off=done)
    what = running.name if asked.task is None else f"{asked.task} of {running.name}"
    return told, f"{what} is called off" if done else f"{what} had ended before"


async def _tidied(running: Running) -> None:
    try:
        await asyncio.wait_for(running.ended.wait(), _TIDY_S)
    except TimeoutError:
        raise UsageError(
            f"run {running.name} is called off, and still tidies up after {_TIDY_S:.0f} s",
            hint="sef_status tells when it has ended.",
        ) from None


async def verify(asked: VerifyArguments, call: Call) -> tuple[JudgementTold, str]:
    """Judges any change; asks a model where `judge` says so and that may settle it."""
    from sef.build import Asked, judgement_told, open_judge

    repository = await call.repository(asked.root)
    lines: asyncio.Queue[str] = asyncio.Queue()
    patch = None if asked.patch is None else asked.patch.encode(errors="surrogateescape")
    submission = Submission(base=asked.base, head=asked.head, patch=patch)
    change = Asked(
        submission=submission, task=asked.task, kind=asked.kind, paths=tuple(asked.paths)
    )
    telling = asyncio.create_task(_tell(lines, call))
    try:
        opening = open_judge(
            repository.root,
            policy=asked.policy,
            ask_models=asked.judge,
            tell=lines.put_nowait,
        )
        async with opening as judge:
            told = judgement_told(await judge.judge(change))
    finally:
        telling.cancel()
    return told, f"{told.verdict}: {one_line(told.reason, 500)}"


async def _tell(lines: asyncio.Queue[str], call: Call) -> None:
    sent = 0
    while True:
        words = await lines.get()
        sent += 1
        await call.progress(sent, one_line(words))


async def _found(asked: StatusArguments, call: Call) -> Running | Past:
    """A run of this server, else one of the journal."""
    running = call.runs.find(asked.run)
    if running is not None and asked.root is None:
        return running
    repository = await call.repository(asked.root)
    if running is not None and asked.run and running.order.root == repository.root:
        return running
    return await past(repository, asked.run)


def _of_task(found: RunReport, task: str | None) -> RunTold:
    known = [one.id for one in found.tasks]
    if task is not None and task not in known:
        shown = ", ".join(known[:20]) + (" …" if len(known) > 20 else "")
        raise UsageError(f"the run has no task {one_line(task, 80)!r}", hint=f"Its tasks: {shown}")
    return bounded(found, task)
