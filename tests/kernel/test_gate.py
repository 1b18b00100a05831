"""The gate: drafts are made where they surely pay, in the order of what they bring."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sef.choice import Choice, Drafter, Mode, Purse, Question, choose
from sef.estimates import Acceptance, Estimate, Estimates, Observation
from sef.gate import Rule, gate, gives_up, kill_after
from sef.model import Tier
from sef.tally import LogNormal, Mean

STRATUM = "implement/2"


def estimate(
    c: float = 0.05, a: float = 0.6, kappa: float = 1.3, tasks: float = 200, **more: object
) -> Estimate:
    values: dict[str, object] = {
        "executor": "cheap",
        "tried": tasks,
        "acceptance": Acceptance(alpha=a * tasks, beta=(1 - a) * tasks),
        "cost": Mean(value=2 * c, error=0.01, weight=tasks),
        "target": Mean(value=2.0, error=0.05, weight=tasks),
        "kappa": Mean(value=kappa, error=0.05, weight=tasks),
        "calls": LogNormal(middle=3, spread=0.6, weight=tasks),
        "seconds": LogNormal(middle=3, spread=0.6, weight=tasks),
        "long": Acceptance(alpha=2, beta=8),
    }
    return Estimate(**(values | more))  # type: ignore[arg-type]


def taught(tasks: int, rate: float, cost: float, name: str = "cheap", seed: int = 1) -> Estimates:
    """After tasks on which draft and target worked; the target costs 1, hard tasks 1.2."""
    known, rng = Estimates(), random.Random(seed)
    for _ in range(tasks):
        known = known.plus(watched(rng.random() < rate, cost, name))
    return known


def watched(accepted: bool, cost: float, name: str = "cheap", **more: object) -> Observation:
    values: dict[str, object] = {
        "stratum": STRATUM,
        "executor": name,
        "tier": Tier.LIGHT,
        "accepted": accepted,
        "cost": cost,
        "calls": 20.0,
        "target_cost": 0.9 if accepted else 1.2,
        "shadow": True,
    }
    return Observation(**(values | more))  # type: ignore[arg-type]


def chosen(known: Estimates, *names: str, **more: object) -> Choice:
    drafters = tuple(Drafter(name=name, tier=Tier.LIGHT) for name in names or ("cheap",))
    values: dict[str, object] = {
        "known": known,
        "stratum": STRATUM,
        "drafters": drafters,
        "verify": 0.03,
        "tasks": 1000,
        "purse": Purse(),
        "rule": Rule(),
    }
    return choose(Question(**(values | more)))  # type: ignore[arg-type]


def test_the_saving_is_the_formula() -> None:
    """1 - c - v - (1 - a) * kappa: 1 - .05 - .03 - .4 * 1.3 = .40."""
    found = gate(estimate(), verify=0.03, rule=Rule())
    assert found.saving == pytest.approx(0.40)
    assert found.saving_low < 0.40 < found.saving + found.error
    assert found.pays


def test_a_dear_draft_does_not_pay_even_with_a_perfect_verifier() -> None:
    """At .77 of the target and 71 % right it loses 18 %: 1 - .77 - .03 - .29 * 1.31."""
    found = gate(estimate(c=0.77, a=0.71, kappa=1.31), verify=0.03, rule=Rule())
    assert found.saving == pytest.approx(-0.18, abs=0.005)
    assert not found.pays
    assert "would lose 18%" in found.reason


def test_after_a_rejection_only_the_redo_counts() -> None:
    """A further draft saves a * kappa - c - v: .3 * 1.3 - .08."""
    found = gate(estimate(a=0.3), verify=0.03, rule=Rule(), after_reject=True)
    assert found.saving == pytest.approx(0.31)


@given(
    c=st.floats(0.01, 1.2),
    a=st.floats(0.02, 0.98),
    kappa=st.floats(1.0, 2.0),
    tasks=st.floats(5, 500),
)
def test_what_pays_saves(c: float, a: float, kappa: float, tasks: float) -> None:
    """The lower value is below the expected one, so a draft that pays is expected to save."""
    found = gate(estimate(c, a, kappa, tasks), verify=0.03, rule=Rule(confidence=0.9))
    assert found.saving_low <= found.saving
    assert not found.pays or found.saving > 0


@given(st.floats(0.5, 0.95), st.floats(0.01, 0.04))
def test_more_confidence_is_more_careful(confidence: float, more: float) -> None:
    """The lower value falls as the confidence rises."""
    low = [
        gate(estimate(), verify=0.03, rule=Rule(confidence=level)).saving_low
        for level in (confidence, confidence + more)
    ]
    assert low[1] < low[0]


def test_a_draft_is_stopped_where_its_end_is_not_worth_it() -> None:
    """Dear and hopeless past nine tenths of its calls: stopped there; cheap or hopeful: never."""
    limit = math.exp(3 + 1.2815515655446004 * 0.6)
    hopeless = Acceptance(alpha=1, beta=99)
    assert kill_after(estimate(c=0.5, long=hopeless), 0.03) == pytest.approx(limit)
    assert math.isinf(kill_after(estimate(c=0.5, long=Acceptance(alpha=9, beta=1)), 0.03))
    assert math.isinf(kill_after(estimate(c=0.01), 0.03))


def test_giving_up_is_off_unless_asked_for() -> None:
    """With the default rule even the hopeless goes to the target."""
    assert not gives_up(0.0, Rule())
    assert gives_up(0.04, Rule(gives_up_below=0.05))


def test_a_good_draft_goes_first_and_a_bad_one_never() -> None:
    """After 200 tasks each: 60 % at .05 of the target is drafted, 40 % at .6 is not."""
    good, bad = chosen(taught(200, 0.6, 0.05)), chosen(taught(200, 0.4, 0.6))
    assert (good.mode, good.stages[0].executor) == (Mode.DRAFT, "cheap")
    assert (bad.mode, bad.stages) == (Mode.TARGET, ())
    assert "would lose" in bad.reason


def test_a_new_draft_warms_up_beside_the_target() -> None:
    """With nothing seen of it the target works as well, until its tasks have been enough."""
    assert chosen(Estimates(), tasks=0).mode is Mode.SHADOW
    assert chosen(taught(59, 0.5, 0.4), tasks=59).mode is Mode.SHADOW
    assert chosen(taught(59, 0.5, 0.4), tasks=60).mode is not Mode.SHADOW


def test_a_warm_up_ends_when_all_is_clear() -> None:
    """Twenty bad drafts at the target's own price are enough."""
    assert chosen(taught(20, 0.1, 1.0), tasks=20).mode is Mode.TARGET
    assert chosen(taught(20, 1.0, 0.01), tasks=20).mode is Mode.DRAFT


def test_exploring_is_paid_from_a_small_purse() -> None:
    """A draft of doubtful worth is tried while the expected loss fits the share, then no more."""
    known = taught(60, 0.55, 0.5, seed=2)
    doubtful = chosen(known, purse=Purse(spent=1000.0)).stages
    assert chosen(known, purse=Purse(spent=1000.0)).mode is Mode.EXPLORE
    assert not doubtful[0].pays
    assert chosen(known, purse=Purse(spent=1000.0, explored=5.0)).mode is Mode.TARGET
    assert chosen(known, purse=Purse()).mode is Mode.TARGET
    assert chosen(known, purse=Purse(spent=1000.0)).risk > 0


def test_exploring_never_takes_more_than_its_share() -> None:
    """Over a thousand tasks the charged risk stays below the rule's share of what was spent."""
    known, purse, rule = taught(60, 0.55, 0.5, seed=2), Purse(), Rule(exploring=0.02)
    tried = 0
    for _ in range(1000):
        found = chosen(known, purse=purse, rule=rule)
        tried += found.mode is Mode.EXPLORE
        purse = Purse(spent=purse.spent + 1.0, explored=purse.explored + found.risk)
    assert tried > 0
    assert purse.explored <= rule.exploring * purse.spent


def pair(first: float, second: float, after: float) -> Estimates:
    """Two drafts, with rates at large, and the rate of the second after the first's rejection."""
    known, rng = Estimates(), random.Random(5)
    for number in range(300):
        known = known.plus(watched(rng.random() < first, 0.04, "first"))
        known = known.plus(watched(rng.random() < second, 0.05, "second", shadow=False))
        late = watched(number < 300 * after, 0.05, "second", rejected=("first",), shadow=False)
        known = known.plus(late)
    return known


def test_drafts_go_in_the_order_of_what_they_bring() -> None:
    """a / (c + v): 60 % for .07 before 61 % for .08; the second follows as it still pays."""
    found = chosen(pair(0.6, 0.61, 0.3), "second", "first")
    assert [one.executor for one in found.stages] == ["first", "second"]


def test_a_second_draft_that_no_longer_pays_is_left_out() -> None:
    """At 1 % after a rejection, .01 * 1.2 is less than its price."""
    found = chosen(pair(0.6, 0.61, 0.01), "first", "second")
    assert [one.executor for one in found.stages] == ["first"]


def test_no_more_drafts_than_the_rule_allows() -> None:
    """With one draft allowed there is one."""
    found = chosen(pair(0.6, 0.61, 0.3), "first", "second", rule=Rule(most_drafts=1))
    assert len(found.stages) == 1


def test_no_draft_is_followed_by_one_of_a_lower_tier() -> None:
    """After a standard draft a light one is a downgrade, whatever it would bring."""
    known = pair(0.9, 0.61, 0.3)
    drafters = (
        Drafter(name="first", tier=Tier.STANDARD),
        Drafter(name="second", tier=Tier.LIGHT),
    )
    found = chosen(known, drafters=drafters)
    assert [one.executor for one in found.stages] == ["first"]


def test_nobody_to_draft_means_the_target() -> None:
    """With no drafter the target works."""
    assert chosen(Estimates(), drafters=()).mode is Mode.TARGET
