"""The figures of the verifier benchmark, on numbers that can be counted by hand."""

from __future__ import annotations

import pytest
from benchmarks.verifier.score import auc, ece, interval, share


def test_an_auc_counts_pairs_and_half_the_ties() -> None:
    """Of four pairs two are won, one is a tie and one is lost."""
    assert auc([0.9, 0.5], [0.5, 0.7]) == (2 + 0.5 + 0) / 4


def test_an_auc_of_equal_scores_is_a_half() -> None:
    """Who says the same of all drafts separates nothing."""
    assert auc([0.3] * 5, [0.3] * 7) == 0.5


def test_an_auc_without_one_side_is_unknown() -> None:
    """No pair, no number."""
    assert auc([], [0.1]) is None
    assert auc([0.1], []) is None


def test_calibration_is_the_distance_in_bins() -> None:
    """Ten drafts at .8 of which six are right, and ten at .2 of which two are."""
    high = [(0.8, number < 6) for number in range(10)]
    low = [(0.2, number < 2) for number in range(10)]
    assert ece(high + low, bins=2) == pytest.approx((10 * 0.2 + 0) / 20)


def test_drafts_of_one_probability_share_a_bin() -> None:
    """However they are ordered: parted by truth they would look badly calibrated."""
    rows = [(0.5, False)] * 10 + [(0.5, True)] * 10
    assert ece(rows) == 0


def test_a_share_of_nothing_is_unknown() -> None:
    """Nothing was counted."""
    assert share([]) is None
    assert share([True, False]) == 0.5


def test_an_interval_draws_whole_groups() -> None:
    """Two groups, each of one kind: their mean may be anything from 0 to 1."""
    found = interval([[1.0] * 50, [0.0] * 50], lambda rows: sum(rows) / len(rows))
    assert found == (0, 1)
