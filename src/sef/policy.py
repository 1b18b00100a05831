"""The policy: from a route to a cascade.

fast, standard and complex are three values of one type; there is no pipeline class. The named
verifiers run in order and all must accept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from sef.choice import Choice, Drafter, Mode, Purse, Question, choose
from sef.errors import PlanError
from sef.events import Routed
from sef.experience import Experience, stratum_of
from sef.gate import Gate, Rule
from sef.hedge import Hedge, hedge
from sef.model import Cascade, Effort, Kind, Route, Stage, Task, Tier

FRESH: Final = "fresh"
"""The verifier that has tests written: for what changes behaviour, where somebody wants it."""
EXACT: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        Kind.DOCUMENT: ("documents",),
        Kind.IMPLEMENT: ("effect", "renames"),
        Kind.EXPLORE: ("citations",),
        Kind.REVIEW: ("citations",),
        Kind.VALIDATE: ("claims",),
    }
)
"""The exact checks of a kind of work. Without one an answer is not drafted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How much is spent on a task, as data."""

    name: str
    slots: int
    """Tasks that may run at once."""
    draft_effort: Effort
    """Of the stage below the target."""
    checks: tuple[str, ...]
    """What is run on a draft below the target, and on every merged tree."""
    target_effort: Effort
    """Of the target, which is trusted as far as its patch applies and stays in scope."""
    deadline_s: float
    """Seconds an executor may take for one attempt."""

    def cascade(
        self,
        route: Route,
        executors: Mapping[Tier, str],
        drafts: Sequence[Tier],
        hedge_s: float | None = None,
        asked: Sequence[str] = (),
    ) -> Cascade:
        """The stages for a route, given the executor of each tier and the tiers that draft.

        `asked` names the verifiers that ask models, as far as there are any.

        With `hedge_s` the target starts so many seconds after the last draft, beside it.

        A mechanical request stands alone: what keeps it from being done (a missing runner, a wrong
        path, a deadline) no model can mend. Raises PlanError when no executor can take the task.
        """
        stages = tuple(self._stages(route, executors, drafts, asked))
        if hedge_s is not None and len(stages) > 1:
            stages = (*stages[:-2], replace(stages[-2], hedge_s=hedge_s), stages[-1])
        if not stages:
            raise PlanError(
                f"no executor of tier {route.tier} or above is configured",
                hint="Name one in sef.toml: [executors.NAME] with use and tier.",
            )
        return Cascade(stages=stages, checks=self.checks)

    def _stages(
        self,
        route: Route,
        executors: Mapping[Tier, str],
        drafts: Sequence[Tier],
        asked: Sequence[str],
    ) -> Iterable[Stage]:
        if route.request is not None:
            yield Stage(
                executor=route.request.executor,
                tier=Tier.NONE,
                effort=Effort.LOW,
                verifiers=("trust",),
                deadline_s=self.deadline_s,
            )
            return
        yield from (self._draft(executors[tier], tier, route.kind, asked) for tier in drafts)
        if Tier.TARGET in executors:
            yield self._target(executors[Tier.TARGET])

    def _draft(self, executor: str, tier: Tier, kind: Kind, asked: Sequence[str]) -> Stage:
        return Stage(
            executor=executor,
            tier=tier,
            effort=self.draft_effort,
            verifiers=self.verifiers_of(kind, asked),
            deadline_s=self.deadline_s,
        )

    def verifiers_of(self, kind: Kind, asked: Sequence[str] = ()) -> tuple[str, ...]:
        """What judges a draft of that kind, in rising cost: reading, running, asking a model."""
        exact = EXACT.get(kind, ())
        judge = tuple(one for one in asked if one != FRESH or kind is Kind.IMPLEMENT)
        if not kind.writes:
            return ("applies", "scope", *exact, *judge)
        return ("applies", "scope", "integrity", *exact, "static", *self.checks, *judge)

    def _target(self, executor: str) -> Stage:
        return Stage(
            executor=executor,
            tier=Tier.TARGET,
            effort=self.target_effort,
            verifiers=("applies", "bounds", "trust"),
            deadline_s=self.deadline_s,
        )


FAST = Policy(
    name="fast",
    slots=2,
    draft_effort=Effort.LOW,
    checks=("tests",),
    target_effort=Effort.MEDIUM,
    deadline_s=300,
)
STANDARD = Policy(
    name="standard",
    slots=4,
    draft_effort=Effort.MEDIUM,
    checks=("lint", "tests"),
    target_effort=Effort.HIGH,
    deadline_s=900,
)
COMPLEX = Policy(
    name="complex",
    slots=10,
    draft_effort=Effort.HIGH,
    checks=("lint", "types", "tests"),
    target_effort=Effort.MAX,
    deadline_s=3600,
)
POLICIES: Mapping[str, Policy] = MappingProxyType(
    {policy.name: policy for policy in (FAST, STANDARD, COMPLEX)}
)
NO_WARM_UP = Rule(warm_up=0)
"""A draft that is not known to pay is made to learn from, for little, and not beside the target."""
AUTO = "auto"
"""Not a policy but the wish that each task's route picks one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Makes cascades from routes, by what past runs have taught."""

    policy: str
    """Name of a policy, or auto."""
    executors: Mapping[Tier, str]
    """Who serves each tier above 0."""
    known: Experience = field(default_factory=Experience)
    rule: Rule = NO_WARM_UP
    verify: float = 0.0
    """What a verdict costs, audits included, over the target's mean cost."""
    allowance_usd: float = 0.0
    """What drafts may lose, as expected, to learn from them before much was spent."""
    usd_per_hour: float = 0.0
    """What an hour of waiting is worth; above 0 the target may start beside a slow draft."""
    asked: tuple[str, ...] = ()
    """Verifiers that ask models, in the order they are asked."""
    wanting: tuple[str, ...] = ()
    """Executors that cannot be had, each with the way out."""

    def decide(self, routes: Iterable[tuple[Task, Route]]) -> tuple[Routed, ...]:
        """One cascade a task, or the obstacle to one. The purse for learning is shared by all."""
        purse, found = self._purse(), []
        for task, route in routes:
            choice = self._choice(route, purse)
            purse = replace(purse, explored=purse.explored + (choice.risk if choice else 0.0))
            found.append(self._routed(task, route, choice))
        return tuple(found)

    def _purse(self) -> Purse:
        """The purse of past runs, with what may be lost once however little was spent."""
        share = self.rule.exploring
        extra = self.allowance_usd / share if share else 0.0
        return replace(self.known.purse, spent=self.known.purse.spent + extra)

    def _choice(self, route: Route, purse: Purse) -> Choice | None:
        """What the never-lose gate says; None where there is nothing to choose."""
        if not self._drafting(route) or Tier.TARGET not in self.executors:
            return None
        stratum = stratum_of(route)
        if stopped := self.known.stopped(stratum):
            return Choice(mode=Mode.TARGET, stages=(), weighed=(), risk=0.0, reason=stopped)
        drafters = (Drafter(name=self.executors[t], tier=t) for t in self._drafting(route))
        return choose(
            Question(
                known=self.known.estimates,
                stratum=stratum,
                drafters=tuple(drafters),
                verify=self.verify,
                tasks=0,  # there is no warm-up
                purse=purse,
                rule=self.rule,
            )
        )

    def _unknown(self) -> tuple[str, ...]:
        """What the numbers rest on that nobody knows yet."""
        known = bool(self.known.estimates.targets)
        return () if known else ("the target's price is not known yet: taken as $1 a task",)

    def _hedge(self, route: Route, choice: Choice | None) -> Hedge | None:
        """When the target starts beside the last draft; None where waiting is worth nothing."""
        if not self.usd_per_hour or choice is None or not choice.stages:
            return None
        races = self.known.races.of(stratum_of(route), choice.stages[-1].executor)
        return hedge(races, self.usd_per_hour)

    def _drafting(self, route: Route) -> tuple[Tier, ...]:
        """Tiers that may draft: none below the route's. What has no verifier of its own, as a
        design, is done by the target without a draft."""
        if route.request is not None or not (route.kind.writes or route.kind in EXACT):
            return ()
        return tuple(t for t in sorted(self.executors) if route.tier <= t < Tier.TARGET)

    def _routed(self, task: Task, route: Route, choice: Choice | None) -> Routed:
        tiers = {name: tier for tier, name in self.executors.items()}
        # Without a target there is nothing that a draft could be weighed against.
        drafts = [tiers[one.executor] for one in choice.stages] if choice else None
        first = self._drafting(route)[:1] if drafts is None else drafts
        beside = self._hedge(route, choice)
        delay_s = beside.delay_s if beside and not math.isinf(beside.delay_s) else None
        try:
            picked = pick(self.policy, route)
            cascade = picked.cascade(route, self.executors, first, delay_s, self.asked)
            cascade = _bounded(cascade, choice.stages if choice else ())
        except PlanError as error:
            obstacle = "\n".join((error.args[0], *self.wanting)) if self.wanting else str(error)
            return Routed(task=task.id, route=route, cascade=None, obstacle=obstacle)
        return Routed(
            task=task.id,
            route=route,
            cascade=cascade,
            begins=str(choice.mode) if choice else "",
            weighed=(*_said(choice, beside), *self._unknown()) if choice else (),
            risk_usd=choice.risk if choice else 0.0,
        )


def _bounded(cascade: Cascade, weighed: Iterable[Gate]) -> Cascade:
    """The cascade whose drafts are stopped where their rest would cost more than it saves."""
    most = {
        one.executor: max(1, math.ceil(one.kill_after))
        for one in weighed
        if math.isfinite(one.kill_after)
    }
    stages = (replace(one, most_requests=most.get(one.executor)) for one in cascade.stages)
    return replace(cascade, stages=tuple(stages))


def _said(choice: Choice, beside: Hedge | None) -> tuple[str, ...]:
    rest = (one.reason for one in choice.weighed)
    hedged = (beside.reason,) if beside else ()
    return tuple(dict.fromkeys((choice.reason, *rest, *hedged)))


def pick(name: str, route: Route) -> Policy:
    """The policy of that name, or for `auto` the one that the route's triggers picked."""
    return POLICIES[route.policy if name == AUTO else name]
