"""When handing work to another model pays: a model of the cost of steps in a context.

An agent's work is steps, and each step reads its whole context again, mostly from the provider's
cache. So a task costs steps times context; the price of the output is the small part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

MILLION: Final = Decimal(1_000_000)
NEVER_BELOW: Final = 5
"""Steps below which work is never handed over: the hand-over and the new context cost more."""
_LONGEST: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPrices:
    """What a model's steps are priced by: US dollars a million tokens."""

    read: Decimal
    """Prompt tokens from the cache."""
    write: Decimal
    """Prompt tokens that are new, written to the cache."""
    output: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A piece of work in steps, and the context that it would be done in."""

    steps: int
    """Requests it takes where it stands (inline)."""
    context: int
    """Tokens in the parent's context when it begins."""
    growth: int = 3_000
    """Tokens that a step adds to the context it runs in."""
    output: int = 400
    """Tokens that a step generates."""
    later: int = 20
    """Steps of the parent after it, each of which reads what it left in the context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What handing work to a child adds and needs."""

    base: int = 25_000
    """Tokens in the child's context before its first step: instructions, tools, project notes."""
    brief: int = 400
    """Tokens that the parent writes to say what is wanted."""
    report: int = 1_500
    """Tokens that come back into the parent's context."""
    check: Decimal = Decimal("0.02")
    """US dollars for judging the result."""
    inflation: Decimal = Decimal("1.5")
    """Steps of the child for one of the parent's: a weaker model takes more."""
    acceptance: Decimal = Decimal("0.85")
    """Share of results that are used; the others are done again inline."""


def inline_cost(work: Work, parent: StepPrices) -> Decimal:
    """US dollars for doing the work where it stands, with what later steps pay to read it."""
    left_behind = work.later * work.steps * work.growth * parent.read
    return (_steps(work.steps, work.context, work, parent) + left_behind) / MILLION


def child_cost(work: Work, child: StepPrices, handover: Handover) -> Decimal:
    """US dollars for the child's own requests: its first context, then its steps."""
    steps = round(work.steps * handover.inflation)
    own = _steps(steps, handover.base, work, child)
    return (handover.base * child.write + own) / MILLION


def handover_cost(work: Work, parent: StepPrices, handover: Handover) -> Decimal:
    """US dollars in the parent: the brief, two steps around it, the report and reading it later."""
    report = handover.report * (parent.write + work.later * parent.read)
    brief = handover.brief * parent.output + 2 * work.context * parent.read
    return (brief + report) / MILLION


def delegated_cost(
    work: Work, parent: StepPrices, child: StepPrices, handover: Handover
) -> Decimal:
    """US dollars to expect from handing the work over, with the work that is done again."""
    again = (1 - handover.acceptance) * inline_cost(work, parent)
    handed = child_cost(work, child, handover) + handover_cost(work, parent, handover)
    return handed + handover.check + again


def pays(work: Work, parent: StepPrices, child: StepPrices, handover: Handover) -> bool:
    """True where handing over is expected to be cheaper; below five steps it never is done."""
    if work.steps < NEVER_BELOW:
        return False
    return delegated_cost(work, parent, child, handover) < inline_cost(work, parent)


def break_even_steps(
    work: Work, parent: StepPrices, child: StepPrices, handover: Handover
) -> int | None:
    """The fewest steps from which handing over pays; None where it does not up to a thousand."""
    for steps in range(NEVER_BELOW, _LONGEST + 1):
        longer = Work(
            steps=steps,
            context=work.context,
            growth=work.growth,
            output=work.output,
            later=work.later,
        )
        if pays(longer, parent, child, handover):
            return steps
    return None


def switch_cost(tokens: int, new: StepPrices) -> Decimal:
    """US dollars lost by another model's reading a context that its own cache does not hold.

    `tokens` were written to the cache anew, though the model before would have read them from it.
    """
    return tokens * (new.write - new.read) / MILLION


def steps_to_recover(old: StepPrices, new: StepPrices) -> int | None:
    """Steps after which a switch of models in mid-conversation has paid for its cache write.

    Counts reading the context alone. None where the new model reads it no cheaper.
    """
    saved = old.read - new.read
    return None if saved <= 0 else math.ceil(new.write / saved)


def expected_cost(
    *, draft: Decimal, check: Decimal, acceptance: Decimal, again: Decimal
) -> Decimal:
    """What a draft, its check and the work after a rejection cost, in units of the target's work.

    `again` is what the target costs on rejected tasks, in the same units: above 1, because tasks
    on which a draft fails are dearer than most.
    """
    return draft + check + (1 - acceptance) * again


def break_even_acceptance(*, draft: Decimal, check: Decimal, again: Decimal) -> Decimal:
    """The share of accepted drafts from which drafting is no loss; above 1 it always is one."""
    return 1 - (1 - draft - check) / again


def _steps(steps: int, context: int, work: Work, prices: StepPrices) -> Decimal:
    """Millionths of dollars for steps in a growing context."""
    read = steps * context + work.growth * steps * (steps + 1) // 2
    return (
        read * prices.read
        + steps * work.growth * prices.write
        + steps * work.output * prices.output
    )
