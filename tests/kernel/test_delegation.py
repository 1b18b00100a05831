"""The cost of handing work over, against figures by hand and the published break-even table."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sef.delegation import (
    NEVER_BELOW,
    Handover,
    StepPrices,
    Work,
    break_even_acceptance,
    break_even_steps,
    child_cost,
    delegated_cost,
    expected_cost,
    handover_cost,
    inline_cost,
    pays,
    steps_to_recover,
    switch_cost,
)

OPUS = StepPrices(read=Decimal("0.5"), write=Decimal("6.25"), output=Decimal(25))
SONNET = StepPrices(read=Decimal("0.3"), write=Decimal("3.75"), output=Decimal(15))
HAIKU = StepPrices(read=Decimal("0.1"), write=Decimal("1.25"), output=Decimal(5))


def test_inline_cost_by_hand() -> None:
    """Two steps in 10,000 tokens, 1,000 more each, 100 out, 3 later steps, at 1, 2 and 10 dollars.

    Read 11,000 + 12,000 = 23,000; written 2,000 at 2; out 200 at 10; read later 3 * 2,000.
    """
    work = Work(steps=2, context=10_000, growth=1_000, output=100, later=3)
    prices = StepPrices(read=Decimal(1), write=Decimal(2), output=Decimal(10))
    assert inline_cost(work, prices) == Decimal(23_000 + 4_000 + 2_000 + 6_000) / 1_000_000


def test_delegated_cost_by_hand() -> None:
    """The child's 3 steps, the parent's two, the report, the check, and a tenth done again."""
    work = Work(steps=2, context=10_000, growth=1_000, output=100, later=3)
    prices = StepPrices(read=Decimal(1), write=Decimal(2), output=Decimal(10))
    handover = Handover(
        base=5_000,
        brief=100,
        report=500,
        check=Decimal("0.001"),
        inflation=Decimal("1.5"),
        acceptance=Decimal("0.9"),
    )
    # 5,000 at 2; read 6,000 + 7,000 + 8,000; written 3,000 at 2; out 300 at 10
    assert (
        child_cost(work, prices, handover) == Decimal(10_000 + 21_000 + 6_000 + 3_000) / 1_000_000
    )
    # 100 at 10; twice 10,000 read; 500 written at 2 and read three times
    assert (
        handover_cost(work, prices, handover) == Decimal(1_000 + 20_000 + 1_000 + 1_500) / 1_000_000
    )
    assert delegated_cost(work, prices, prices, handover) == Decimal("0.0400") + Decimal(
        "0.0235"
    ) + Decimal("0.001") + Decimal("0.1") * Decimal("0.035")


@pytest.mark.parametrize(
    ("steps", "child", "inflation", "low", "high"),
    [
        (2, HAIKU, "1.5", 1.11, 1.13), (2, SONNET, "1.4", 1.6, 1.9),
        (5, HAIKU, "1.5", 0.61, 0.66), (5, SONNET, "1.4", 0.87, 1.16),
        (15, HAIKU, "1.5", 0.38, 0.45), (15, SONNET, "1.4", 0.62, 0.89),
        (40, HAIKU, "1.5", 0.34, 0.44), (40, SONNET, "1.4", 0.62, 0.90),
    ],
)  # fmt: skip
def test_the_break_even_table(
    steps: int, child: StepPrices, inflation: str, low: float, high: float
) -> None:
    """Delegated over inline for contexts of 20,000 and 150,000 tokens, at Opus 4.5's prices.

    The published figures say nothing of the brief and of broken steps: hence the 0.07.
    """
    handover = Handover(inflation=Decimal(inflation))
    for context in (20_000, 150_000):
        work = Work(steps=steps, context=context)
        ratio = delegated_cost(work, OPUS, child, handover) / inline_cost(work, OPUS)
        assert low - 0.07 <= ratio <= high + 0.07


def test_below_five_steps_nothing_is_handed_over() -> None:
    """Not even where the model says that it would be cheaper."""
    free = StepPrices(read=Decimal(0), write=Decimal(0), output=Decimal(0))
    work = Work(steps=NEVER_BELOW - 1, context=200_000)
    handover = Handover(check=Decimal(0), acceptance=Decimal(1))
    assert delegated_cost(work, OPUS, free, handover) < inline_cost(work, OPUS)
    assert not pays(work, OPUS, free, handover)


def test_break_even_is_where_it_begins_to_pay() -> None:
    """One step fewer does not pay; a dearer child never does."""
    work = Work(steps=1, context=20_000)
    handover = Handover(inflation=Decimal("1.4"))
    steps = break_even_steps(work, OPUS, SONNET, handover)
    assert steps is not None
    assert steps > NEVER_BELOW
    assert pays(Work(steps=steps, context=20_000), OPUS, SONNET, handover)
    assert not pays(Work(steps=steps - 1, context=20_000), OPUS, SONNET, handover)
    assert break_even_steps(work, HAIKU, OPUS, handover) is None


def test_switching_models_writes_the_context_anew() -> None:
    """Opus to Sonnet: 3.75 a token once, 0.20 saved a step: 19 steps; to Haiku 1.25 and 0.40: 4."""
    assert steps_to_recover(OPUS, SONNET) == 19
    assert steps_to_recover(OPUS, HAIKU) == 4
    assert steps_to_recover(HAIKU, OPUS) is None
    assert switch_cost(100_000, SONNET) == Decimal("0.345")


def test_acceptance_that_breaks_even() -> None:
    """A draft at 0.77 with a check at 0.03 and 1.35 afterwards has to be accepted in 85 of 100."""
    needed = break_even_acceptance(
        draft=Decimal("0.77"), check=Decimal("0.03"), again=Decimal("1.35")
    )
    assert round(needed, 3) == Decimal("0.852")
    cost = expected_cost(
        draft=Decimal("0.77"), check=Decimal("0.03"), acceptance=needed, again=Decimal("1.35")
    )
    assert round(cost, 20) == 1


@given(steps=st.integers(1, 200), context=st.integers(0, 500_000), acceptance=st.integers(0, 99))
def test_more_acceptance_never_costs_more(steps: int, context: int, acceptance: int) -> None:
    """The expected cost falls as more results are used."""
    work = Work(steps=steps, context=context)
    less = Handover(acceptance=Decimal(acceptance) / 100)
    more = Handover(acceptance=Decimal(acceptance + 1) / 100)
    assert delegated_cost(work, OPUS, HAIKU, more) < delegated_cost(work, OPUS, HAIKU, less)
