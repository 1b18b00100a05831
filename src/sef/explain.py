"""Explaining a run: every decision with its reason, its evidence and its price, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from sef.advice import Advised, Consulted
from sef.events import (
    Accepted,
    Answered,
    Applied,
    AuditBegan,
    Audited,
    Blocked,
    Cancelled,
    Committed,
    Dispatched,
    Drafted,
    Exhausted,
    Fact,
    Failed,
    Recorded,
    Rejected,
    Resumed,
    Routed,
    RunFinished,
    RunStarted,
    Sampled,
    Squashed,
)
from sef.model import Evidence, Verdict
from sef.steps import FallBack, FellBack, ModelCalled, ModelStep, Step, ToolCalled, ToolStep
from sef.text import one_line

_MARKS = {True: "+", False: "-", None: "?"}


def explained(recorded: Iterable[Recorded], task: str | None = None) -> Iterator[str]:
    """Lines for a person: the run, or one task of it."""
    for one in recorded:
        about = getattr(one.fact, "task", None)
        if task is None or about == task:
            name = f"{about}: " if about else ""
            for number, line in enumerate(_said(one.fact)):
                lead = f"{one.seconds:8.2f} s  {name}" if number == 0 else " " * 14
                yield lead + line


def _said(fact: Fact) -> Iterator[str]:
    match fact:
        case RunStarted():
            dirty = ", with your uncommitted work" if fact.dirty else ""
            size = f"{len(fact.tasks)} tasks, {fact.slots} slots"
            yield f"run {fact.run} on {fact.base[:10]}{dirty}: {size}"
            told = ("in", fact.host), ("models of", fact.found), ("sandbox:", fact.sandbox)
            yield from (f"{lead} {what}" for lead, what in told if what)
        case Routed(route=route, cascade=cascade):
            where = f"to tier {int(route.tier)} as {route.kind}, policy {route.policy}"
            yield f"{where}: {route.reason}"
            if fact.begins:
                yield f"the gate says {fact.begins}: {fact.weighed[0]}"
                yield from (f"  {line}" for line in fact.weighed[1:])
            stages = cascade.stages if cascade else ()
            steps = " then ".join(f"{one.executor} ({', '.join(one.verifiers)})" for one in stages)
            yield f"stages: {steps}" if stages else f"no stage: {one_line(fact.obstacle, 300)}"
        case Dispatched():
            given = f", {fact.handover} hand-over" if fact.handover else ""
            yield f"{fact.executor} works on {fact.base[:10]} (call {fact.call[:10]}){given}"
        case Answered(call=call):
            yield f"call {call[:10]} was answered"
        case Drafted(draft=draft):
            size = f"{len(draft.patch.changes)} files" if draft.patch.changes else "no file"
            yield (
                f"{fact.executor} drafted, {size} changed, {_price(draft.usage.cost_usd)}, "
                f"{draft.usage.seconds:.1f} s, {draft.usage.input_tokens} tokens in, "
                f"{draft.usage.output_tokens} out"
            )
        case Failed():
            yield f"{fact.executor} failed, {_price(fact.usage.cost_usd)}: {fact.reason}"
        case Rejected(verdict=verdict):
            yield f"{fact.executor} rejected: {verdict.reason}"
            yield from _evidence(verdict)
        case Accepted(verdict=verdict):
            yield f"{fact.executor} accepted: {verdict.reason}"
            yield from _evidence(verdict)
        case ModelCalled() | ToolCalled() | FellBack():
            yield _stepped(fact.step)
        case Consulted() | Advised():
            yield _advice(fact)
        case _:
            yield _ending(fact)


def _ending(fact: Fact) -> str:
    match fact:
        case Committed(commit=commit):
            return f"committed as {commit[:10]}" if commit else "done, nothing to commit"
        case Squashed():
            return f"squashed, starts again: {fact.reason}"
        case Exhausted():
            return f"given up: {one_line(fact.reason, 300)}"
        case Blocked():
            return f"blocked: {fact.reason}"
        case Cancelled():
            return "called off"
        case Sampled():
            odds = f"probability {fact.propensity:.2f}, thought right with {fact.probability:.3f}"
            return f"{'drawn for an audit' if fact.drawn else 'not drawn for an audit'}: {odds}"
        case AuditBegan():
            return f"{fact.executor} does it again, to compare (call {fact.call[:10]})"
        case Audited(regression=regression):
            found = {True: "a regression", False: "no regression", None: "it could not be told"}
            return f"audited: {found[regression]}: {fact.reason} ({_price(fact.usage.cost_usd)})"
        case Resumed(in_flight=calls):
            return f"resumed; {len(calls)} calls were in flight: possibly paid twice"
        case Applied():
            return f"applied {fact.commit[:10]} to your files"
        case RunFinished(branch=branch):
            return f"finished; the result is on {branch}" if branch else "finished"
        case _:
            return type(fact).__name__


def _advice(fact: Consulted | Advised) -> str:
    if isinstance(fact, Consulted):
        return f"{fact.verifier} asks {fact.executor} (call {fact.call[:10]})"
    price, failed = _price(fact.advice.usage.cost_usd), one_line(fact.advice.failed, 300)
    ended = f"failed, {price}: {failed}" if failed else f"answered, {price}"
    return f"{fact.verifier}: {fact.executor} {ended}"


def _stepped(step: Step) -> str:
    match step:
        case ModelStep():
            return _asked(step)
        case ToolStep(name=name):
            marks = ("failed", "repeated", "empty")
            how = [mark for mark in marks if getattr(step, mark)] or ["useful"]
            return f"used {one_line(name, 60)}: {', '.join(how)}"
        case FallBack():
            return f"{step.to} takes over from {step.executor}: {one_line(step.reason, 300)}"


def _asked(step: ModelStep) -> str:
    used = step.usage
    read = used.input_tokens + used.cache_read_tokens + used.cache_write_tokens
    said = f"asked {one_line(step.requested, 80)}: {read} tokens in, {used.output_tokens} out"
    if step.substituted:
        said += f", BILLED AS {one_line(step.billed or '', 80)}"
    failed = f", failed: {one_line(step.failed, 200)}" if step.failed else ""
    return f"{said}, {_price(used.cost_usd)}{failed}"


def _evidence(verdict: Verdict) -> Iterator[str]:
    for one in verdict.evidence:
        yield _shown(one)


def _shown(evidence: Evidence) -> str:
    return f"  {_MARKS[evidence.passed]} {evidence.verifier}: {one_line(evidence.detail, 300)}"


def _price(amount: Decimal | None) -> str:
    return "price unknown" if amount is None else f"${amount:.4f}"
