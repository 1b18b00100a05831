"""A policy makes a cascade from a route."""

from __future__ import annotations

import pytest

from sef.errors import PlanError
from sef.model import Cascade, Effort, Kind, Request, Route, Stage, Tier
from sef.policy import AUTO, COMPLEX, FAST, POLICIES, STANDARD, pick

ALL = {Tier.LIGHT: "light", Tier.STANDARD: "standard", Tier.TARGET: "target"}


def route(tier: Tier, kind: Kind = Kind.IMPLEMENT, request: Request | None = None) -> Route:
    return Route(
        tier=tier, kind=kind, policy="standard", score=1, reason="because", request=request
    )


def names(cascade: Cascade) -> list[str]:
    return [stage.executor for stage in cascade.stages]


def test_a_draft_is_followed_by_the_target() -> None:
    """Rejected work goes straight to the target."""
    assert names(STANDARD.cascade(route(Tier.LIGHT), ALL)) == ["light", "target"]
    assert names(STANDARD.cascade(route(Tier.TARGET), ALL)) == ["target"]


def test_an_unserved_tier_is_served_by_the_next_one_up() -> None:
    """Never by one below."""
    served = {Tier.STANDARD: "standard", Tier.TARGET: "target"}
    assert names(FAST.cascade(route(Tier.LIGHT), served)) == ["standard", "target"]
    assert names(FAST.cascade(route(Tier.STANDARD), {Tier.LIGHT: "l", Tier.TARGET: "t"})) == ["t"]


@pytest.mark.parametrize("kind", [Kind.EXPLORE, Kind.VALIDATE, Kind.REVIEW, Kind.DESIGN])
def test_answers_are_retained(kind: Kind) -> None:
    """No verifier can judge them, so a draft could only be paid twice."""
    assert names(STANDARD.cascade(route(Tier.LIGHT, kind), ALL)) == ["target"]


def test_a_mechanical_request_stands_alone() -> None:
    """A model could not mend what keeps it from being done, and would be paid."""
    request = Request(executor="tests", what="run")
    tier0 = route(Tier.NONE, Kind.VALIDATE, request)
    assert names(FAST.cascade(tier0, ALL)) == ["tests"]
    assert names(FAST.cascade(tier0, {})) == ["tests"]


def test_nobody_to_take_a_task_is_said_with_the_way_out() -> None:
    """The message names the tier and where executors are named."""
    with pytest.raises(PlanError, match=r"tier 2 or above[\s\S]*sef\.toml"):
        STANDARD.cascade(route(Tier.STANDARD), {Tier.LIGHT: "light"})


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
        draft, target = policy.cascade(route(Tier.LIGHT), ALL).stages
        assert draft.verifiers[:2] == ("applies", "scope")
        assert target.verifiers[:2] == ("applies", "bounds")
        assert "tests" in draft.verifiers
        assert "trust" not in draft.verifiers
        assert target.verifiers[-1] == "trust"


def test_auto_lets_the_route_pick() -> None:
    """A named policy overrides the route's."""
    assert pick(AUTO, route(Tier.LIGHT)) is STANDARD
    assert pick("complex", route(Tier.LIGHT)) is COMPLEX
