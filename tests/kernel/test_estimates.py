"""Estimates: what observations say of drafts, and what is thought without any."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sef.estimates import Estimates, Observation, estimates
from sef.model import Tier
from sef.priors import PRIORS
from sef.tally import Moments


def seen(accepted: bool | None = True, **more: object) -> Observation:
    values: dict[str, object] = {
        "stratum": "implement/2",
        "executor": "cheap",
        "tier": Tier.LIGHT,
        "accepted": accepted,
        "cost": 0.1,
        "target_cost": 2.0,
        "shadow": True,
    }
    return Observation(**(values | more))  # type: ignore[arg-type]


def test_without_observations_the_prior_speaks() -> None:
    """Rate, cost over the target's and kappa of an unseen executor are those of its tier."""
    prior, found = PRIORS[Tier.LIGHT], Estimates().of("implement/2", "cheap", Tier.LIGHT)
    assert found.acceptance.mean == pytest.approx(prior.accepted)
    assert found.cost.value / found.target.value == pytest.approx(prior.cost_ratio)
    assert found.kappa.value == pytest.approx(prior.kappa)
    assert found.tried == 0
    assert math.isinf(found.calls.quantile(0.9))


def test_many_observations_outweigh_the_prior() -> None:
    """After 2,000 tasks the rate is the observed one, and so are cost, target and kappa."""
    many = [
        seen(number % 4 != 0, cost=0.3, target_cost=3.0 if number % 4 == 0 else 1.0)
        for number in range(2000)
    ]
    found = estimates(many).of("implement/2", "cheap", Tier.LIGHT)
    assert found.acceptance.mean == pytest.approx(0.75, abs=0.01)
    assert found.cost.value == pytest.approx(0.3, abs=0.01)
    assert found.target.value == pytest.approx(1.5, abs=0.01)
    assert found.kappa.value == pytest.approx(2.0, abs=0.1)


@given(st.lists(st.booleans(), max_size=60))
def test_a_rate_lies_between_the_prior_and_what_was_seen(verdicts: list[bool]) -> None:
    """Shrinkage never leaves the interval between the two, and one more accept never lowers it."""
    known = estimates(seen(verdict) for verdict in verdicts)
    prior = PRIORS[Tier.LIGHT].accepted
    rate = sum(verdicts) / len(verdicts) if verdicts else prior
    mean = known.of("implement/2", "cheap", Tier.LIGHT).acceptance.mean
    assert min(prior, rate) - 1e-9 <= mean <= max(prior, rate) + 1e-9
    assert known.plus(seen(True)).of("implement/2", "cheap", Tier.LIGHT).acceptance.mean > mean


def test_a_stratum_borrows_from_the_others() -> None:
    """An unseen stratum has the rate of the others; its own tasks then move it away."""
    known = estimates([seen(True, stratum="a") for _ in range(100)])
    fresh = known.of("b", "cheap", Tier.LIGHT).acceptance
    assert fresh.mean > 0.9
    for _ in range(60):
        known = known.plus(seen(False, stratum="b"))
    assert known.of("b", "cheap", Tier.LIGHT).acceptance.mean < 0.5
    assert known.of("a", "cheap", Tier.LIGHT).acceptance.mean > 0.7


def test_a_new_model_version_starts_from_the_prior() -> None:
    """Its predecessor's verdicts are void; the target's costs and other executors stay."""
    old = [seen(False, model="v1") for _ in range(50)]
    known = estimates([*old, seen(True, executor="other"), seen(True, model="v2")])
    found = known.of("implement/2", "cheap", Tier.LIGHT)
    assert found.tried == 1
    assert found.acceptance.mean > PRIORS[Tier.LIGHT].accepted
    assert known.of("implement/2", "other", Tier.LIGHT).tried == 1
    assert known.target("implement/2").weight == 52


def test_evidence_fades() -> None:
    """After one half-life 40 rejections weigh 20, in whichever order the facts arrive."""
    old = [seen(False, at=0.0) for _ in range(40)]
    new = seen(True, at=90.0)
    forward, backward = estimates([*old, new]), estimates([new, *old])
    for known in (forward, backward):
        found = known.of("implement/2", "cheap", Tier.LIGHT)
        assert found.tried == pytest.approx(21)
        assert found.target.weight == pytest.approx(21)


def test_a_second_draft_is_judged_by_what_it_did_after_a_rejection() -> None:
    """Its rate after another's rejection is apart from its rate at large."""
    known = Estimates()
    for _ in range(40):
        known = known.plus(seen(True, executor="second"))
        known = known.plus(seen(False, executor="second", rejected=("first",), shadow=False))
    at_large = known.of("implement/2", "second", Tier.LIGHT)
    after = known.of("implement/2", "second", Tier.LIGHT, ("first",))
    assert at_large.acceptance.mean > 0.85
    assert after.acceptance.mean < 0.1
    assert at_large.tried == 40


def test_a_second_draft_is_thought_worse_before_it_was_seen() -> None:
    """Without a task on which both worked, the rate after a rejection is about half."""
    known = estimates([seen(True) for _ in range(500)])
    after = known.of("implement/2", "cheap", Tier.LIGHT, ("other",)).acceptance.mean
    assert after == pytest.approx(PRIORS[Tier.LIGHT].again, abs=0.02)


def test_only_unchosen_tasks_tell_what_the_target_costs() -> None:
    """What it costs after a rejection is about hard tasks: it goes to kappa, not to the mean."""
    known = estimates([seen(None, executor="", target_cost=1.0) for _ in range(50)])
    for _ in range(200):
        known = known.plus(seen(False, target_cost=4.0, shadow=False))
    found = known.of("implement/2", "cheap", Tier.LIGHT)
    assert found.target.value == pytest.approx(1.0)
    assert found.kappa.value > 3


def test_unknown_amounts_add_nothing() -> None:
    """None is not zero: neither costs nor calls nor verdicts change."""
    known = estimates([seen(True, cost=0.5, calls=10.0) for _ in range(20)])
    before = known.of("implement/2", "cheap", Tier.LIGHT)
    nothing = seen(None, cost=None, calls=None, target_cost=None)
    after = known.plus(nothing).of("implement/2", "cheap", Tier.LIGHT)
    assert (after.cost, after.calls, after.acceptance) == (
        before.cost,
        before.calls,
        before.acceptance,
    )


def test_calls_and_seconds_have_quantiles() -> None:
    """The ninetieth percentile of log-normal calls is found within 10 % from 1,000 drafts."""
    rng = random.Random(3)
    many = [
        seen(True, calls=rng.lognormvariate(3, 0.6), seconds=rng.lognormvariate(4, 0.2))
        for _ in range(1000)
    ]
    found = estimates(many).of("implement/2", "cheap", Tier.LIGHT)
    assert found.calls.quantile(0.9) == pytest.approx(math.exp(3 + 1.2816 * 0.6), rel=0.1)
    assert found.seconds.quantile(0.5) == pytest.approx(math.exp(4), rel=0.05)


def test_stopped_drafts_do_not_lower_the_limit() -> None:
    """Drafts stopped at the ninetieth percentile keep that percentile where it was, nearly."""
    rng = random.Random(4)
    known = estimates(seen(True, calls=rng.lognormvariate(3, 0.6)) for _ in range(300))
    before = known.of("implement/2", "cheap", Tier.LIGHT).calls.quantile(0.9)
    for _ in range(1000):
        limit = known.of("implement/2", "cheap", Tier.LIGHT).calls.quantile(0.9)
        calls = rng.lognormvariate(3, 0.6)
        known = known.plus(seen(True, calls=min(calls, limit), killed=calls > limit))
    after = known.of("implement/2", "cheap", Tier.LIGHT).calls.quantile(0.9)
    assert after == pytest.approx(before, rel=0.12)


def test_few_costs_are_not_believed() -> None:
    """Two equal costs have no spread, yet the error of their mean is not zero."""
    two = Moments().plus(1.0, 0.0, 90.0).plus(1.0, 0.0, 90.0)
    assert two.shrunk(1.0, 0.0).error > 0.3
    many = two
    for _ in range(98):
        many = many.plus(1.0, 0.0, 90.0)
    assert many.shrunk(1.0, 0.0).error == pytest.approx(0, abs=1e-9)
