"""The choice of a cascade: which drafts are made before the target works, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sef.estimates import Estimates
from sef.gate import Gate, Rule, gate
from sef.model import Tier


class Mode(StrEnum):
    """How a task begins."""

    DRAFT = "draft"
    """Drafts go first, because they pay."""
    EXPLORE = "explore"
    """A draft goes first to learn from it; the budget for that bears what it may lose."""
    SHADOW = "shadow"
    """Drafts are made beside the target, whose result is taken: the warm-up."""
    TARGET = "target"
    """The target works without a draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafter:
    """Someone who could draft."""

    name: str
    tier: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What has been spent, in US dollars. It pays for exploring."""

    spent: float = 0.0
    """On everything since the warm-up."""
    explored: float = 0.0
    """Losses that were expected of drafts made to learn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How a task begins."""

    mode: Mode
    stages: tuple[Gate, ...]
    """The drafts, in order; empty where the target works without one."""
    weighed: tuple[Gate, ...]
    """All drafts that were thought of, best first."""
    risk: float
    """US dollars that the drafts are expected to lose; the purse is charged with them."""
    reason: str
    """One line in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A task whose beginning is to be chosen."""

    known: Estimates
    stratum: str
    drafters: tuple[Drafter, ...]
    verify: float
    """Cost of a verdict over the target's mean cost."""
    tasks: int
    """Tasks that were begun since the newest of the drafters came."""
    purse: Purse
    rule: Rule


def choose(asked: Question) -> Choice:
    """How the task begins.

    The first draft is the one with the most acceptances for its money among those that pay, and a
    further one follows as long as it pays after those before it were rejected, at most
    `rule.most_drafts`. No draft is followed by one of a lower tier.
    """
    weighed = _ranked(_weigh(asked, one, ()) for one in asked.drafters)
    rule = asked.rule
    new = [one for one in weighed if _is_new(one, asked) and not one.is_clear(rule)]
    sure = [one for one in weighed if one.pays and one not in new]
    if sure:
        stages = _stages(asked, sure[0])
        return Choice(
            mode=Mode.DRAFT, stages=stages, weighed=weighed, risk=0.0, reason=sure[0].reason
        )
    if new:
        return Choice(
            mode=Mode.SHADOW,
            stages=tuple(new[: rule.most_drafts]),
            weighed=weighed,
            risk=0.0,
            reason=f"warm-up, {new[0].tried:.0f} of {rule.warm_up} drafts seen: {new[0].reason}",
        )
    return _explored(asked, weighed)


def _explored(asked: Question, weighed: tuple[Gate, ...]) -> Choice:
    """A draft to learn from, where one may pay and the purse bears what it may lose."""
    if not weighed:
        return _target(weighed, "nobody is there to draft")
    best = max(weighed, key=lambda one: one.saving_high(asked.rule))
    if best.saving_high(asked.rule) <= 0:
        return _target(weighed, best.reason)
    risk = max(0.0, -best.saving_low) * asked.known.target(asked.stratum).value
    if asked.purse.explored + risk > asked.rule.exploring * asked.purse.spent:
        return _target(weighed, f"{best.reason}; nothing is left for trying it")
    return Choice(
        mode=Mode.EXPLORE,
        stages=(best,),
        weighed=weighed,
        risk=risk,
        reason=f"made to learn from it: {best.reason}",
    )


def _stages(asked: Question, first: Gate) -> tuple[Gate, ...]:
    """The first draft and those that pay after the ones before them were rejected."""
    tiers = {one.name: one.tier for one in asked.drafters}
    stages: tuple[Gate, ...] = (first,)
    while len(stages) < asked.rule.most_drafts:
        before = tuple(one.executor for one in stages)
        left = (
            one
            for one in asked.drafters
            if one.name not in before and one.tier >= tiers[before[-1]]
        )
        paying = [one for one in _ranked(_weigh(asked, one, before) for one in left) if one.pays]
        if not paying:
            break
        stages += (paying[0],)
    return stages


def _weigh(asked: Question, drafter: Drafter, rejected: tuple[str, ...]) -> Gate:
    seen = asked.known.of(asked.stratum, drafter.name, drafter.tier, rejected)
    return gate(seen, verify=asked.verify, rule=asked.rule, after_reject=bool(rejected))


def _is_new(one: Gate, asked: Question) -> bool:
    """True while the warm-up lasts: for so many tasks, or until so many drafts were judged."""
    return asked.tasks < asked.rule.warm_up and one.tried < asked.rule.warm_up


def _ranked(gates: Iterable[Gate]) -> tuple[Gate, ...]:
    return tuple(sorted(gates, key=lambda one: (-one.worth, one.executor)))


def _target(weighed: Sequence[Gate], reason: str) -> Choice:
    return Choice(mode=Mode.TARGET, stages=(), weighed=tuple(weighed), risk=0.0, reason=reason)
