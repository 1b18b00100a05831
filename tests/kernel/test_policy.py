"""A policy makes a cascade from a route."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from sef.alarm import Shift, Watch
from sef.certificate import Trial
from sef.choice import Purse
from sef.errors import PlanError
from sef.estimates import Observation, estimates
from sef.events import Routed
from sef.experience import Experience, Standing
from sef.model import Cascade, Effort, Kind, Request, Route, Stage, Task, Tier
from sef.policy import AUTO, COMPLEX, POLICIES, STANDARD, Decider, pick

ALL = {Tier.LIGHT: "light", Tier.STANDARD: "standard", Tier.TARGET: "target"}


def route(tier: Tier, kind: Kind = Kind.IMPLEMENT, request: Request | None = None) -> Route:
    return Route(
        tier=tier, kind=kind, policy="standard", score=1, reason="because", request=request
    )


def names(cascade: Cascade | None) -> list[str]:
    return [stage.executor for stage in cascade.stages] if cascade else []


def decided(
    to: Route,
    executors: Mapping[Tier, str],
    known: Experience | None = None,
    policy: str = AUTO,
    **more: Any,
) -> Routed:
    known = known or Experience()
    decider = Decider(policy=policy, executors=executors, known=known, allowance_usd=1.0, **more)
    (routed,) = decider.decide([(Task(id="one", text="do it"), to)])
    return routed


def after(*seen: tuple[bool, float, float]) -> Experience:
    """Drafts of the light tier: accepted or not, what they cost, and what the target did."""
    observations = (
        Observation(
            stratum="implement/1", executor="light", tier=Tier.LIGHT,
            accepted=accepted, cost=cost, target_cost=target, shadow=True,
        )
        for accepted, cost, target in seen
    )  # fmt: skip
    return Experience(estimates=estimates(observations))


def test_a_draft_is_followed_by_the_target() -> None:
    """Rejected work goes straight to the target."""
    assert names(decided(route(Tier.LIGHT), ALL).cascade) == ["light", "target"]
    assert names(decided(route(Tier.TARGET), ALL).cascade) == ["target"]


def test_an_unserved_tier_is_served_by_the_next_one_up() -> None:
    """Never by one below."""
    served = {Tier.STANDARD: "standard", Tier.TARGET: "target"}
    assert names(decided(route(Tier.LIGHT), served).cascade) == ["standard", "target"]
    below = {Tier.LIGHT: "light", Tier.TARGET: "target"}
    assert names(decided(route(Tier.STANDARD), below).cascade) == ["target"]


def test_a_design_is_retained() -> None:
    """No verifier can judge it, so a draft could only be paid twice."""
    assert names(decided(route(Tier.LIGHT, Kind.DESIGN), ALL).cascade) == ["target"]


@pytest.mark.parametrize(
    ("kind", "verifiers"),
    [
        (Kind.EXPLORE, "applies scope citations judge"),
        (Kind.REVIEW, "applies scope citations judge"),
        (Kind.VALIDATE, "applies scope claims judge"),
        (Kind.DOCUMENT, "applies scope integrity documents static lint tests judge"),
        (Kind.IMPLEMENT, "applies scope integrity effect renames static lint tests fresh judge"),
    ],
)
def test_a_draft_is_read_then_run_then_asked_about(kind: Kind, verifiers: str) -> None:
    """In rising cost; tests that it never saw are written for what changes behaviour."""
    cascade = decided(route(Tier.LIGHT, kind), ALL, asked=("fresh", "judge")).cascade
    assert cascade is not None
    assert cascade.stages[0].verifiers == tuple(verifiers.split())
    assert cascade.stages[-1].verifiers == ("applies", "bounds", "trust")


def test_a_mechanical_request_stands_alone() -> None:
    """A model could not mend what keeps it from being done, and would be paid."""
    request = Request(executor="tests", what="run")
    tier0 = route(Tier.NONE, Kind.VALIDATE, request)
    assert names(decided(tier0, ALL).cascade) == ["tests"]
    assert names(decided(tier0, {}).cascade) == ["tests"]
    assert decided(tier0, ALL).begins == ""


def test_without_a_target_there_is_nothing_to_weigh_a_draft_against() -> None:
    """Then the cheapest executor that is thought to be enough works alone."""
    alone = {Tier.LIGHT: "light", Tier.STANDARD: "standard"}
    found = decided(route(Tier.LIGHT), alone, after(*[(False, 1.0, 1.0)] * 50))
    assert names(found.cascade) == ["light"]
    assert found.begins == ""


def test_drafts_that_lose_money_are_not_made() -> None:
    """The target works directly, and the numbers say why."""
    two = {Tier.LIGHT: "light", Tier.TARGET: "target"}
    found = decided(route(Tier.LIGHT), two, after(*[(False, 0.8, 1.0)] * 40))
    assert (found.begins, names(found.cascade)) == ("target", ["target"])
    assert "would lose" in found.weighed[0]
    found = decided(route(Tier.LIGHT), two, after(*[(True, 0.05, 1.0)] * 40))
    assert (found.begins, names(found.cascade)) == ("draft", ["light", "target"])


def test_what_a_verdict_costs_counts() -> None:
    """A cheap draft whose check costs as much as the target saves nothing."""
    assert decided(route(Tier.LIGHT), ALL, verify=3.0).begins == "target"


def test_the_purse_for_learning_is_shared_by_the_tasks_of_a_run() -> None:
    """Each draft that is made to learn takes from it what it may lose."""
    doubtful = after(*[(True, 0.5, 1.0)] * 4, *[(False, 0.5, 1.0)] * 6)
    known = replace(doubtful, purse=Purse(spent=100.0))
    decider = Decider(policy=AUTO, executors={Tier.LIGHT: "light", Tier.TARGET: "t"}, known=known)
    tasks = [(Task(id=f"t{n}", text="do"), route(Tier.LIGHT)) for n in range(60)]
    begun = [routed.begins for routed in decider.decide(tasks)]
    assert begun[0] == "explore"
    assert begun[-1] == "target"
    explored = sum(r.risk_usd for r in decider.decide(tasks))
    assert 0 < explored <= 0.02 * 100


def test_a_stratum_that_was_stopped_is_left_to_the_target() -> None:
    """The alarm's reason is the gate's."""
    shift = replace(Shift(), fired=True)
    standing = Standing(
        stratum="implement/1", trial=Trial(epsilon=0.02, delta=0.05),
        watch=Watch(epsilon=0.02, delta=0.05), shift=shift,
    )  # fmt: skip
    known = Experience(standings={"implement/1": standing})
    found = decided(route(Tier.LIGHT), ALL, known)
    assert names(found.cascade) == ["target"]
    assert "drafting is off" in found.weighed[0]
    assert decided(route(Tier.STANDARD), ALL, known).begins != "target"


def test_nobody_to_take_a_task_is_said_with_the_way_out() -> None:
    """The message names the tier and where executors are named."""
    found = decided(route(Tier.STANDARD), {Tier.LIGHT: "light"})
    assert found.cascade is None
    assert re.search(r"tier 2 or above[\s\S]*sef\.toml", found.obstacle)


def test_a_cascade_never_goes_down_a_tier() -> None:
    """A retry is not a downgrade, and an empty cascade is none."""

    def stage(tier: Tier) -> Stage:
        return Stage(executor="x", tier=tier, effort=Effort.LOW, verifiers=("trust",), deadline_s=1)

    with pytest.raises(PlanError, match="down a tier"):
        Cascade(stages=(stage(Tier.TARGET), stage(Tier.LIGHT)))
    with pytest.raises(PlanError, match="at least one"):
        Cascade(stages=())


def test_every_draft_below_the_target_must_pass_the_tests() -> None:
    """Whatever the policy; only the target is trusted."""
    for policy in POLICIES.values():
        draft, target = policy.cascade(route(Tier.LIGHT), ALL, [Tier.LIGHT]).stages
        assert draft.verifiers[:2] == ("applies", "scope")
        assert target.verifiers[:2] == ("applies", "bounds")
        assert "tests" in draft.verifiers
        assert "trust" not in draft.verifiers
        assert target.verifiers[-1] == "trust"


def test_auto_lets_the_route_pick() -> None:
    """A named policy overrides the route's."""
    assert pick(AUTO, route(Tier.LIGHT)) is STANDARD
    assert pick("complex", route(Tier.LIGHT)) is COMPLEX
