"""The estimated part of an audit's JSON object, with its assumptions in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sef.delegation import NEVER_BELOW
from sef.spend.delegations import CHARACTERS_A_TOKEN, Delegations, Handovers
from sef.spend.estimate import AGAIN, CHECK, ENDS, PRIORS, Estimate, TierEstimate
from sef.spend.statement import Statement
from sef.text import one_line

Object = dict[str, Any]


def estimated(done: Statement) -> Object:
    """Everything that is not counted but reckoned."""
    return {
        "policy": _policy(done.estimate, done.spend.total.priced),
        "handovers": _handovers(done.handovers),
        "model_switches": _switches(done.delegations),
        "repeated_reads_usd": _money(done.delegations.repeated_usd),
        "assumptions": _assumptions(done.estimate),
    }


def _policy(found: Estimate, total: Decimal) -> Object:
    saved = [found.saved(end) for end in range(len(ENDS))]
    return {
        "tasks_drafted": found.tasks,
        "their_cost_usd": _money(found.cost),
        "saved_usd": {end: _money(amount) for end, amount in zip(ENDS, saved, strict=True)},
        "all_work_usd": {
            end: _money(total - amount) for end, amount in zip(ENDS, saved, strict=True)
        },
        "tiers": [_tier(one) for one in found.tiers],
        "left_alone": dict(found.left_alone),
    }


def _tier(one: TierEstimate) -> Object:
    return {
        "tier": one.tier,
        "worked": one_line(one.worked, 80),
        "model": one_line(one.model, 80),
        "tasks": one.tasks,
        "cost_usd": _money(one.cost),
        "drafted": one.drafted,
        "saved_if_drafted_usd": {
            end: _money(amount) for end, amount in zip(ENDS, one.saved, strict=True)
        },
    }


def _handovers(found: Handovers) -> Object:
    return {
        "agents": found.agents,
        "judged": found.judged,
        "agents_usd": _money(found.cost),
        "saved_usd": {"low": _money(found.saved_low), "high": _money(found.saved_high)},
        "lost_money": found.lost,
        "lost_usd_at_least": _money(found.lost_usd),
        "below_five_requests": found.short,
    }


def _switches(found: Delegations) -> Object:
    switches = found.switches
    return {
        "switches": switches.switches,
        "tokens": switches.tokens,
        "cost_usd": _money(switches.cost),
    }


def _money(amount: Decimal) -> float:
    return round(float(amount), 9) + 0.0  # never -0.0


def _assumptions(found: Estimate) -> list[str]:
    """In plain words, with the very numbers that were used."""
    said = [
        f"Only tasks with {NEVER_BELOW} requests or more are drafted, of those the ones that write"
        " files and that the router, reading the instruction alone, sends below the target.",
        "A draft takes the same tokens in the same classes as the work did, times a factor, at the"
        " drafting model's prices of that day.",
    ]
    for tier, prior in PRIORS.items():
        low, _, high = prior.acceptance
        most, _, least = prior.inflation
        said.append(
            f"Tier {int(tier)}: {low:.0%} to {high:.0%} of drafts are accepted; a draft takes"
            f" {least} to {most} times the tokens. Priors, not measured on your work."
        )
    said += [
        f"Judging a draft costs {CHECK[2]:.0%} to {CHECK[0]:.0%} of the work; a rejected task costs"
        f" {AGAIN[2]} to {AGAIN[0]} times the mean at the target.",
        "The interval puts all of them at their worst, then at their best, for all tasks at once.",
        "Tasks of a tier and a model are left alone where drafting loses in the middle case.",
        "Hand-overs: the same steps inside the parent's context, from as many to two thirds as many"
        " where the models differ, and everything the parent read afterwards.",
        "Switches: what was written to the new model's cache would have been read from the old.",
        f"Repeated reads: {CHARACTERS_A_TOKEN} characters a token, written to the cache once.",
    ]
    if not found.tiers:
        said.append("No task met the first condition, so nothing would have changed.")
    return said
