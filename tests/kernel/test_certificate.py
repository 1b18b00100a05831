"""What is certified is true, but for the promised share of cases."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sef.certificate import (
    GRID,
    STAKES,
    Judged,
    Trial,
    accepts,
    certify,
    clopper_pearson,
    fixed_sequence,
)
from sef.errors import UsageError

FINE = Judged(probability=1.0, audited=True, floor=1.0)
LOST = Judged(probability=1.0, audited=True, regression=True, floor=1.0)
# A quarter of the drafts score high and are audited seldom, the rest always; W = 1 / 0.25 = 4.
HIGH, LOW = 0.25, 0.75


def cases(lost_high: float, lost_low: float) -> Iterator[tuple[float, Judged]]:
    """Every way in which one task can go, with its probability."""
    for share, probability, lost, propensity in (
        (HIGH, 0.95, lost_high, 0.25),
        (LOW, 0.90, lost_low, 1.0),
    ):
        for regression, seen in product((True, False), repeat=2):
            chance = share * (lost if regression else 1 - lost)
            chance *= propensity if seen else 1 - propensity
            if chance:
                yield (
                    chance,
                    Judged(
                        probability=probability,
                        audited=seen,
                        regression=regression if seen else False,
                        propensity=propensity,
                        floor=0.25,
                    ),
                )


def mean_wealth(epsilon: float, tasks: int, outcomes: list[tuple[float, Judged]]) -> float:
    total = 0.0
    for path in product(outcomes, repeat=tasks):
        trial = Trial(epsilon=epsilon, delta=1e-9, grid=(0.9,)).after(*(one for _, one in path))
        chance = math.prod(chance for chance, _ in path)
        total += chance * math.exp(trial.log_wealth(0.9, epsilon))
    return total


def proved_share(trial: Trial, tasks: int, outcomes: list[tuple[float, Judged]]) -> float:
    """The exact probability of a proof within that many tasks, with a look after each."""
    if trial.proved:
        return 1.0
    if not tasks:
        return 0.0
    return sum(
        chance * proved_share(trial.after(one), tasks - 1, outcomes) for chance, one in outcomes
    )


@given(st.integers(1, 40), st.floats(0, 1), st.sampled_from((0.8, 0.9, 0.95, 0.99)))
def test_the_exact_interval_covers(tried: int, share: float, confidence: float) -> None:
    """Whatever the true share, at least `confidence` of the draws have it in their interval."""
    covered = 0.0
    for hits in range(tried + 1):
        low, high = clopper_pearson(hits, tried, confidence)
        if low <= share <= high:
            covered += math.comb(tried, hits) * share**hits * (1 - share) ** (tried - hits)
    assert covered >= confidence - 1e-9


def test_the_exact_interval_has_known_values() -> None:
    """149 audits without a regression bound the rate by 2 % at 95 % (one-sided), 148 do not."""
    assert clopper_pearson(0, 149, 0.90)[1] <= 0.02 < clopper_pearson(0, 148, 0.90)[1]
    assert clopper_pearson(5, 10) == pytest.approx((0.18708603, 0.81291397), abs=1e-6)
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    assert clopper_pearson(7, 7)[1] == 1.0


@pytest.mark.parametrize(("hits", "tried", "confidence"), [(-1, 3, 0.9), (4, 3, 0.9), (1, 3, 1.0)])
def test_no_interval_of_what_is_no_share(hits: int, tried: int, confidence: float) -> None:
    """More hits than tries, or certainty, is an error."""
    with pytest.raises(ValueError, match="no share"):
        clopper_pearson(hits, tried, confidence)


def test_without_a_certificate_only_exact_evidence_accepts() -> None:
    """However sure the verifier is; with one, its threshold is included; no number is no yes."""
    assert not accepts(1.0, None)
    assert accepts(0.0, None, exact=True)
    assert accepts(0.9, 0.9)
    assert not accepts(0.899, 0.9)
    assert accepts(0.1, 0.9, exact=True)
    assert not accepts(math.nan, 0.9)


@given(st.lists(st.booleans()))
def test_the_sequence_ends_at_the_first_that_is_not_proved(proved: list[bool]) -> None:
    """What comes after it does not count."""
    number = fixed_sequence(proved)
    assert all(proved[:number])
    assert number == len(proved) or not proved[number]


@pytest.mark.parametrize(("high", "low"), [(0.8, 0.0), (0.2, 0.2), (0.0, 4 / 15)])
def test_the_mean_wealth_is_one_at_the_boundary(high: float, low: float) -> None:
    """Exactly, over every way in which 4 unequally audited tasks can go, wherever the losses are."""
    outcomes = list(cases(high, low))
    rate = HIGH * high + LOW * low
    assert rate == pytest.approx(0.2)
    assert mean_wealth(rate, 4, outcomes) == pytest.approx(1)
    # A smaller tolerated rate: the true one is above it, and betting against that loses.
    assert mean_wealth(rate / 2, 4, outcomes) < 0.95
    assert mean_wealth(rate * 1.5, 4, outcomes) > 1.02


def test_weights_clipped_or_left_out_break_the_bet() -> None:
    """The same sum tells: with losses where audits are rare, each of these mutants gains money."""
    outcomes = list(cases(0.8, 0.0))
    unweighted = [(chance, replace(one, propensity=1.0, floor=1.0)) for chance, one in outcomes]
    clipped = [
        (chance, replace(one, propensity=max(one.propensity, 0.5))) for chance, one in outcomes
    ]
    assert mean_wealth(0.2, 4, unweighted) > 1.05
    assert mean_wealth(0.2, 4, clipped) > 1.01


def test_a_false_proof_is_as_rare_as_promised() -> None:
    """With a look after each of 9 tasks: at most delta, exactly computed, and not never."""
    rate, delta = 0.45, 0.1
    outcomes = [(rate, LOST), (1 - rate, FINE)]
    share = proved_share(Trial(epsilon=rate, delta=delta, grid=(0.9,)), 9, outcomes)
    assert 0.02 < share <= delta
    # The same looks with the test for one look only would not hold the level.
    naive = peeking_share(rate, delta, 9)
    assert naive > delta


def peeking_share(rate: float, delta: float, tasks: int, seen: int = 0, found: int = 0) -> float:
    if seen and clopper_pearson(found, seen, 1 - 2 * delta)[1] <= rate:
        return 1.0
    if seen == tasks:
        return 0.0
    return rate * peeking_share(rate, delta, tasks, seen + 1, found + 1) + (
        1 - rate
    ) * peeking_share(rate, delta, tasks, seen + 1, found)


def test_a_false_proof_is_rare_with_unequal_audits() -> None:
    """At most delta within 5 tasks; taking what was seen for all there is breaks the level."""
    outcomes = list(cases(0.95, 0.15))
    rate, delta = HIGH * 0.95 + LOW * 0.15, 0.25
    trial = Trial(epsilon=rate, delta=delta, grid=(0.9,))
    assert proved_share(trial, 5, outcomes) <= delta
    mutant = [(chance, replace(one, propensity=1.0, floor=1.0)) for chance, one in outcomes]
    assert proved_share(trial, 5, mutant) > delta


def test_the_stakes_are_fixed_shares() -> None:
    """Weights that sum to more than 1 would begin with more than was put in."""
    assert math.fsum(weight for _, weight in STAKES) == pytest.approx(1)
    assert all(0 < share <= 1 for share, _ in STAKES)


@pytest.mark.parametrize(("regressions", "least", "most"), [(0, 149, 190), (1, 236, 320)])
def test_how_many_audits_a_proof_takes(regressions: int, least: int, most: int) -> None:
    """At 2 % and 95 %: never fewer than the exact test of fixed size needs, and at most 4 in 10 more."""
    trial = Trial(epsilon=0.02, delta=0.05, grid=(0.9,)).after(*[LOST] * regressions)
    while not trial.proved:
        trial = trial.after(FINE)
    assert least <= trial.tasks <= most


def test_a_rejected_draft_counts_without_an_audit_of_what_was_accepted() -> None:
    """It cannot be a regression at a stricter threshold, whatever became of it."""
    rejected = Judged(probability=0.3, audited=True, regression=True, floor=1.0)
    trial = Trial(epsilon=0.02, delta=0.05, grid=(0.9,)).after(*[rejected] * 190)
    assert trial.tau == 0.9
    assert trial.audits == (0,)


def test_a_floor_that_depends_on_the_verdict_breaks_the_level() -> None:
    """Rejected drafts of a time with a floor of 0.25 count with that floor, or they prove too much."""
    rate, delta = 0.5, 0.3
    accepted = Judged(probability=0.95, audited=True, regression=True, propensity=0.25, floor=0.25)
    unseen = replace(accepted, audited=False, regression=False)
    rejected = Judged(probability=0.0, audited=True, floor=0.25)
    outcomes = [(rate / 4, accepted), (rate * 3 / 4, unseen), (1 - rate, rejected)]
    trial = Trial(epsilon=rate, delta=delta, grid=(0.9,))
    assert proved_share(trial, 6, outcomes) <= delta
    outcomes[2] = (1 - rate, replace(rejected, floor=1.0))
    assert proved_share(trial, 6, outcomes) > delta


def test_the_floor_is_the_safe_one_unless_said_otherwise() -> None:
    """A rejected draft of which nothing more is said proves a twentieth of a shadow task."""
    trial = Trial(epsilon=0.02, delta=0.05)
    assert not trial.after(*[Judged(probability=0.0, audited=True)] * 2900).proved


def test_what_is_not_audited_proves_little() -> None:
    """Tasks that might have been audited with 0.05 count a twentieth of those that were with 1."""
    unseen = Judged(probability=1.0, audited=False, propensity=0.05, floor=0.05)
    trial = Trial(epsilon=0.02, delta=0.05, grid=(0.9,)).after(*[unseen] * 2900)
    assert not trial.proved
    assert trial.after(*[unseen] * 900).proved


def test_an_undecided_audit_is_a_regression() -> None:
    """Else losing the inconvenient ones would prove anything."""
    undecided = replace(FINE, regression=None)
    assert undecided.loss(0.9) == 1
    assert replace(undecided, audited=False).loss(0.9) == 0


def test_a_loss_counts_at_the_thresholds_that_accepted_it() -> None:
    """Divided by the probability with which it was found."""
    found = Judged(probability=0.9, audited=True, regression=True, propensity=0.2, floor=0.05)
    assert found.loss(0.9) == found.loss(0.5) == 5
    assert found.loss(0.95) == 0


def test_the_strict_end_is_certified_where_the_loose_is_not() -> None:
    """Regressions at low probabilities leave the thresholds above them proved."""
    weak = Judged(probability=0.72, audited=True, regression=True, floor=1.0)
    told = certify(
        [*[FINE] * 150, *[weak] * 9, *[FINE] * 200], stratum="s", epsilon=0.02, delta=0.05
    )
    assert told.tau == 0.8
    assert told.regressions == 0
    assert told.audited == 350
    assert told.interval[1] <= 0.02
    assert "0.8 and above" in told.reason


def test_nothing_proved_is_said_in_words() -> None:
    """With the bound that was reached."""
    told = certify([FINE] * 100, stratum="implement/1", epsilon=0.02, delta=0.05)
    assert told.tau is None
    assert told.tasks == told.audited == 100
    assert told.interval[0] == 0
    assert 0.02 < told.interval[1] < 0.05
    assert told.reason.startswith("not proved")
    empty = certify([], stratum="s", epsilon=0.02, delta=0.05)
    assert empty.interval == (0, 1)


def test_a_proof_is_not_taken_back() -> None:
    """Later losses are the alarm's business: the bound held at any time, so it holds at that one."""
    trial = Trial(epsilon=0.02, delta=0.05).after(*[FINE] * 200)
    assert trial.tau == GRID[-1]
    assert trial.after(*[LOST] * 50).tau == GRID[-1]


judgements = st.lists(
    st.builds(
        lambda p, seen, lost, propensity, shadow: Judged(
            probability=p,
            audited=seen or shadow,
            regression=lost and (seen or shadow),
            propensity=1.0 if shadow else propensity,
            floor=1.0 if shadow else 0.05,
        ),
        st.floats(0, 1),
        st.booleans(),
        st.booleans(),
        st.floats(0.05, 1),
        st.booleans(),
    ),
    max_size=60,
)


@given(judgements, st.floats(0.01, 0.6), st.floats(0.05, 0.5))
@settings(deadline=None)
def test_a_stricter_threshold_has_no_less_wealth(
    judged: list[Judged], epsilon: float, delta: float
) -> None:
    """Its regressions are some of the looser one's; and the bound agrees with the proof."""
    trial = Trial(epsilon=epsilon, delta=delta).after(*judged)
    wealth = [trial.log_wealth(tau, epsilon) for tau in GRID]
    assert wealth == sorted(wealth, reverse=True)
    assert trial.proved == sum(one >= -math.log(delta) for one in wealth)
    for tau, one in zip(GRID, wealth, strict=True):
        low, high = trial.interval(tau)
        assert 0 <= low <= high <= 1
        if abs(one + math.log(delta)) > 1e-6:
            assert (high <= epsilon) == (one >= -math.log(delta))


def test_the_interval_covers() -> None:
    """Exactly, over 8 unequally audited tasks: each bound misses with at most delta."""
    outcomes = list(cases(0.5, 0.1))
    rate, delta = HIGH * 0.5 + LOW * 0.1, 0.3
    above = below = 0.0
    for path in product(outcomes, repeat=4):
        trial = Trial(epsilon=0.5, delta=delta, grid=(0.9,)).after(*(one for _, one in path))
        chance = math.prod(chance for chance, _ in path)
        low, high = trial.interval(0.9)
        above += chance * (low > rate)
        below += chance * (high < rate)
    assert above <= delta
    assert below <= delta
    assert above > 0


@pytest.mark.parametrize(
    "wrong",
    [{"epsilon": 0.0}, {"epsilon": 1.0}, {"delta": math.nan}, {"grid": ()}, {"grid": (0.5, 0.9)}],
)
def test_a_promise_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    """Rates of nothing or of everything, and grids that do not go from strict to loose."""
    with pytest.raises(UsageError):
        Trial(**{"epsilon": 0.02, "delta": 0.05, **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"probability": 1.1},
        {"probability": math.nan},
        {"propensity": 0.0, "floor": 0.0},
        {"propensity": 0.1},
    ],
)
def test_a_judgement_that_is_none_is_refused(wrong: dict[str, float]) -> None:
    """A probability outside [0, 1]; a propensity of zero, or below its floor."""
    with pytest.raises(ValueError, match=r"probability|propensity"):
        replace(FINE, **wrong)  # type: ignore[arg-type]
