"""Audits are drawn with a known probability, and drawn the same way again."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sef.audit_sample import FLOOR, audit_propensity, audited, draw_of, least_propensity

taus = st.one_of(st.none(), st.floats(0, 1))


@given(st.floats(0, 1), taus, st.floats(0.01, 1))
def test_every_draft_may_be_audited(probability: float, tau: float | None, floor: float) -> None:
    """With at least the floor that is announced beforehand: a weight is bounded."""
    propensity = audit_propensity(probability, tau, floor)
    assert least_propensity(tau, floor) <= propensity <= 1


def test_what_is_not_accepted_is_always_seen() -> None:
    """The target does the task anyway."""
    assert audit_propensity(0.999, None) == 1
    assert audit_propensity(0.89, 0.9) == 1
    assert audit_propensity(0.9, 0.9) < 1


def test_audits_are_most_frequent_near_the_threshold() -> None:
    """There an outcome is least certain; the surest drafts are audited with the floor."""
    found = [audit_propensity(p, 0.8) for p in (0.8, 0.9, 0.97, 0.999, 1.0)]
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(0.4)
    assert found[-1] == FLOOR


@pytest.mark.parametrize(("probability", "floor"), [(-0.1, 0.05), (math.nan, 0.05), (0.5, 0.0)])
def test_no_propensity_of_what_is_no_probability(probability: float, floor: float) -> None:
    """A floor of zero would leave drafts that are never seen."""
    with pytest.raises(ValueError, match="propensity"):
        audit_propensity(probability, 0.9, floor)


def test_draws_are_uniform() -> None:
    """Kolmogorov and Smirnov's distance of 20,000 of them is below its 1 % point."""
    draws = sorted(draw_of(f"task-{number}") for number in range(20_000))
    far = max(abs(draw - rank / 20_000) for rank, draw in enumerate(draws))
    assert far < 1.63 / math.sqrt(20_000)


@given(st.text())
def test_a_draw_is_a_function_of_its_key(key: str) -> None:
    """In [0, 1), so that a propensity of 1 always audits and one of 0 never would."""
    assert draw_of(key) == draw_of(key)
    assert 0 <= draw_of(key) < 1
    assert audited(draw_of(key), 1.0)
    assert not audited(draw_of(key), 0.0)


def test_a_draw_does_not_change_between_versions() -> None:
    """Of SHA-256("abc"), ba7816bf 8f01cfea ..., the first 53 bits: a resumed run decides the same."""
    assert draw_of("abc") == (0xBA7816BF8F01CFEA >> 11) / 2**53


def test_a_key_may_hold_a_file_name_that_is_no_text() -> None:
    """Such names arrive with surrogates."""
    assert 0 <= draw_of("caf\udce9") < 1
