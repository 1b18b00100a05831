"""The policy: from a route to a cascade.

fast, standard and complex are three values of one type; there is no pipeline class. The named
verifiers run in order and all must accept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sef.errors import PlanError
from sef.events import Routed
from sef.model import Cascade, Effort, Route, Stage, Tier


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

    def cascade(self, route: Route, executors: Mapping[Tier, str]) -> Cascade:
        """The stages for a route, given the name of the executor that serves each tier.

        A mechanical request stands alone: what keeps it from being done (a missing runner, a wrong
        path, a deadline) no model can mend. A tier that nobody serves is served by the next one
        above. Work whose result no verifier here can judge (answers, designs) is retained: the
        target does it without a draft.
        Raises PlanError when no executor can take the task.
        """
        stages = tuple(self._stages(route, executors))
        if not stages:
            raise PlanError(
                f"no executor of tier {route.tier} or above is configured",
                hint="Name one in sef.toml: [executors.NAME] with use and tier.",
            )
        return Cascade(stages=stages, checks=self.checks)

    def _stages(self, route: Route, executors: Mapping[Tier, str]) -> Iterable[Stage]:
        if route.request is not None:
            yield Stage(
                executor=route.request.executor,
                tier=Tier.NONE,
                effort=Effort.LOW,
                verifiers=("trust",),
                deadline_s=self.deadline_s,
            )
            return
        for tier in sorted(executors):
            if route.tier <= tier < Tier.TARGET and route.kind.writes:
                yield self._draft(executors[tier], tier)
                break
        if Tier.TARGET in executors:
            yield self._target(executors[Tier.TARGET])

    def _draft(self, executor: str, tier: Tier) -> Stage:
        return Stage(
            executor=executor,
            tier=tier,
            effort=self.draft_effort,
            verifiers=("applies", "scope", *self.checks),
            deadline_s=self.deadline_s,
        )

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
AUTO = "auto"
"""Not a policy but the wish that each task's route picks one."""


def cascade_for(task: str, route: Route, policy: str, executors: Mapping[Tier, str]) -> Routed:
    """The fact of a task's cascade, or of the obstacle to one."""
    try:
        cascade = pick(policy, route).cascade(route, executors)
    except PlanError as error:
        return Routed(task=task, route=route, cascade=None, obstacle=str(error))
    return Routed(task=task, route=route, cascade=cascade)


def pick(name: str, route: Route) -> Policy:
    """The policy of that name, or for `auto` the one that the route's triggers picked."""
    return POLICIES[route.policy if name == AUTO else name]
