"""What past tasks tell about starting the target beside a draft. A fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sef.attempts import Course
from sef.hedge import Race
from sef.model import Attempt, Tier

_KEPT = 200
"""Races a key; older ones are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A draft, and the target on the same task where it worked."""

    draft_s: float
    draft_cost: float
    accepted: bool
    target: tuple[float, float] | None
    """Seconds and US dollars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Races:
    """By stratum and executor, oldest first."""

    seen: Mapping[tuple[str, str], tuple[Seen, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )

    def of(self, stratum: str, executor: str) -> tuple[Race, ...]:
        """The races; where the target did not run, its mean over the others stands in.

        None where it never ran.
        """
        mine = self.seen.get((stratum, executor), ())
        known = [one.target for one in mine if one.target is not None]
        if not known:
            return ()
        mean = tuple(sum(each) / len(known) for each in zip(*known, strict=True))
        return tuple(_race(one, one.target or (mean[0], mean[1])) for one in mine)

    def plus(self, stratum: str, course: Course) -> Races:
        """With the last draft of one more task, as far as its price is known."""
        drafts = [one for one in course.attempts if one.tier < Tier.TARGET]
        if not drafts or drafts[-1].cost_usd is None or drafts[-1].accepted is None:
            return self
        last = drafts[-1]
        judging = course.verdict.seconds if course.verdict and last.accepted else 0.0
        found = Seen(
            draft_s=last.seconds + judging,
            draft_cost=float(last.cost_usd or 0),
            accepted=last.accepted is True,
            target=_target(course),
        )
        key = (stratum, last.executor)
        kept = (*self.seen.get(key, ()), found)[-_KEPT:]
        return replace(self, seen=MappingProxyType({**self.seen, key: kept}))


def _race(seen: Seen, target: tuple[float, float]) -> Race:
    return Race(
        draft_s=seen.draft_s,
        draft_cost=seen.draft_cost,
        target_s=target[0],
        target_cost=target[1],
        accepted=seen.accepted,
    )


def _target(course: Course) -> tuple[float, float] | None:
    """Seconds and dollars of the target on the task, also where it only audited."""
    worked: Attempt | None = next((a for a in course.attempts if a.tier is Tier.TARGET), None)
    if worked is not None and worked.cost_usd is not None and worked.accepted is not None:
        return worked.seconds, float(worked.cost_usd)
    if course.audit and course.audit.usage.cost_usd is not None:
        return course.audit.usage.seconds, float(course.audit.usage.cost_usd)
    return None
