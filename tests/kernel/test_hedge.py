"""The hedge: an earlier target costs money and saves time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sef.hedge import Race, hedge


def race(accepted: bool, draft_s: float = 60.0) -> Race:
    return Race(
        draft_s=draft_s, draft_cost=0.05, target_s=120.0, target_cost=1.0, accepted=accepted
    )


RACES = (race(True), race(True, 30), race(True, 90), race(False))


def test_waiting_that_is_worth_nothing_is_never_shortened() -> None:
    """At 0 dollars an hour, and without a race, the target waits for the verdict."""
    assert math.isinf(hedge(RACES).delay_s)
    assert math.isinf(hedge((), 100).delay_s)
    assert "waits for the verdict" in hedge(RACES).reason


def test_waiting_that_is_worth_much_starts_the_target_at_once() -> None:
    """At 10,000 dollars an hour the sixty seconds before a rejection are saved."""
    found = hedge(RACES, 10_000)
    assert found.delay_s == 0
    assert found.latency_s == (60 + 30 + 90 + 120) / 4
    assert found.cost == pytest.approx((0.05 * 4 + 1 + (60 + 30 + 90) / 120) / 4)


def test_a_stopped_target_costs_its_share() -> None:
    """Started after 30 s and stopped at 60 s it ran a quarter of its 120 s."""
    assert race(True).cost(30) == pytest.approx(0.05 + 0.25)
    assert race(True).cost(math.inf) == pytest.approx(0.05)
    assert race(False).cost(30) == pytest.approx(1.05)


def test_a_rejection_starts_the_target_at_the_latest() -> None:
    """With no hedge the times add up; with one of 30 s the target began then."""
    assert race(False).latency_s(math.inf) == 180
    assert race(False).latency_s(30) == 150
    assert race(True).latency_s(0) == 60


@given(st.floats(0, 1e4), st.floats(0, 1e4))
def test_a_dearer_hour_never_waits_longer(one: float, other: float) -> None:
    """Latency falls, and cost rises, with the price of time."""
    cheap, dear = (hedge(RACES, price) for price in sorted((one, other)))
    assert dear.latency_s <= cheap.latency_s + 1e-9
    assert dear.cost >= cheap.cost - 1e-9


@pytest.mark.parametrize("price", [-1.0, math.nan, math.inf])
def test_a_price_is_a_number(price: float) -> None:
    """Negative, NaN and infinite prices are refused."""
    with pytest.raises(ValueError, match="an hour is worth"):
        hedge(RACES, price)
