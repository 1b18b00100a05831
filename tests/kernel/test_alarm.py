"""Drafting stops when it must, and hardly ever else."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sef.alarm import Shift, Watch, change_factor, stop_reason


def watched(*losses: float, epsilon: float = 0.2, clip: float = 20.0) -> Watch:
    watch = Watch(epsilon=epsilon, delta=0.05, clip=clip)
    for loss in losses:
        watch = watch.after(loss)
    return watch


def mean_value(cases: list[tuple[float, float]], tasks: int, clip: float = 20.0) -> float:
    return sum(
        math.prod(chance for chance, _ in path)
        * watched(*(loss for _, loss in path), clip=clip).value
        for path in product(cases, repeat=tasks)
    )


def test_the_watch_is_a_fair_bet_at_the_promise() -> None:
    """Its mean over every way in which 6 tasks can go is 1 where the rate is epsilon, less below."""
    # Losses of weight 4 and 1: 0.03 * 4 + 0.08 * 1 = 0.2.
    assert mean_value([(0.03, 4.0), (0.08, 1.0), (0.89, 0.0)], 6) == pytest.approx(1)
    assert mean_value([(0.02, 4.0), (0.05, 1.0), (0.93, 0.0)], 6) < 1
    assert mean_value([(0.06, 4.0), (0.16, 1.0), (0.78, 0.0)], 6) > 1


def test_clipping_errs_on_the_side_of_no_alarm() -> None:
    """A clipped weight makes the mean smaller."""
    assert mean_value([(0.05, 4.0), (0.95, 0.0)], 5, clip=2.0) < 1


def test_the_watch_fires_seldom_under_the_promise() -> None:
    """With a look after each of 12 tasks, exactly: at most delta; above the promise, more often."""

    def fired(rate: float, tasks: int, watch: Watch) -> float:
        if watch.fired or not tasks:
            return float(watch.fired)
        hit, miss = watch.after(1.0), watch.after(0.0)
        return rate * fired(rate, tasks - 1, hit) + (1 - rate) * fired(rate, tasks - 1, miss)

    start = Watch(epsilon=0.05, delta=0.3, clip=1.0)
    assert 0 < fired(0.05, 12, start) <= 0.3
    assert fired(0.6, 12, start) > 0.6


def test_a_late_rise_is_found_soon() -> None:
    """2,000 good tasks do not use up what the watch can say."""
    watch = watched(*[0.0] * 2000, epsilon=0.02)
    assert not watch.fired
    assert watch.value < 1
    for _ in range(8):
        watch = watch.after(10.0)
    assert watch.fired


@given(st.lists(st.floats(0, 30), max_size=40), st.floats(0.01, 0.5))
def test_the_watch_fires_at_one_over_delta(losses: list[float], delta: float) -> None:
    """When its value first reaches that, no sooner and no later."""
    watch, highest = Watch(epsilon=0.1, delta=delta), 1.0
    for loss in losses:
        watch = watch.after(loss)
        highest = max(highest, watch.value)
        assert watch.fired == (highest >= 1 / delta)


def test_the_watch_stays_fired() -> None:
    """Good tasks afterwards do not turn drafting on again."""
    watch = watched(*[5.0] * 12, epsilon=0.02)
    assert watch.fired
    for _ in range(500):
        watch = watch.after(0.0)
    assert watch.fired


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(1, 10))
def test_the_factor_is_fair_for_any_doubts(doubts: list[float], times: float) -> None:
    """Its mean is 1 where their mean is the usual one, and no single one is negative."""
    usual = min(max(sum(doubts) / len(doubts), 0.01), 0.9)
    factors = [change_factor(doubt, usual, times) for doubt in doubts]
    assert min(factors) >= 0
    if usual == sum(doubts) / len(doubts):
        assert sum(factors) / len(factors) == pytest.approx(1)
    if times * usual <= 0.95:
        assert change_factor(1.0, usual, times) == pytest.approx(times)


def test_the_statistic_counts_tasks_on_average() -> None:
    """Its mean over every way in which 8 tasks can go is 8: hence the run length."""
    usual = 0.25
    start = Shift(run_length=math.inf, allowed=1.0, usual=(10**9, usual * 10**9))
    total = 0.0
    for path in product((0.0, 1.0), repeat=8):
        shift = start
        for doubt in path:
            shift = shift.after(doubt)
        hits = sum(path)
        total += shift.statistic * usual**hits * (1 - usual) ** (8 - hits)
    assert total == pytest.approx(8, rel=1e-6)


def test_nothing_is_said_before_the_usual_is_known() -> None:
    """Not even of certain failure: it may be the usual."""
    shift = Shift(learn=150)
    for _ in range(150):
        shift = shift.after(1.0)
    assert shift.statistic == 0
    assert not shift.fired


def test_the_latest_tasks_are_not_the_usual_yet() -> None:
    """A change does not hide itself at once."""
    shift = Shift()
    for _ in range(200):
        shift = shift.after(0.1)
    for _ in range(49):
        shift = shift.after(0.9)
    assert shift.mean == pytest.approx(0.1, abs=0.01)
    assert shift.after(0.9).mean > 0.2


def test_a_draft_that_got_worse_is_stopped() -> None:
    """One doubt in ten becomes three in ten: within 40 tasks, for good."""
    shift = Shift()
    for task in range(600):
        shift = shift.after(float(task % 10 == 0))
    assert not shift.fired
    for task in range(40):
        shift = shift.after(float(task % 10 in (0, 3, 6)))
    assert shift.fired
    for _ in range(200):
        shift = shift.after(0.0)
    assert shift.fired


@pytest.mark.parametrize("doubt", [-0.1, 1.1, math.nan])
def test_a_doubt_that_is_none_is_refused(doubt: float) -> None:
    """It would turn the bet round."""
    with pytest.raises(ValueError, match="doubt"):
        Shift().after(doubt)


def test_a_stop_says_why() -> None:
    """Which stratum, which alarm, which promise; nothing while drafting goes on."""
    calm, alarmed = Watch(epsilon=0.02, delta=0.05), Watch(epsilon=0.02, delta=0.05, fired=True)
    assert stop_reason("implement/1", calm, Shift()) == ""
    assert "regressions above 2.00%" in stop_reason("implement/1", alarmed, Shift())
    said = stop_reason("implement/1", calm, Shift(fired=True))
    assert said.startswith("implement/1: drafting is off")


def test_doubts_that_are_always_the_same_are_no_change() -> None:
    """However small or large, and however long."""
    for doubt in (0.0, 0.08, 0.4):
        shift = Shift()
        for _ in range(5000):
            shift = shift.after(doubt)
        assert not shift.fired, doubt
