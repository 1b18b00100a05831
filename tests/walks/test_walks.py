"""The schedule keeps its rules on random walks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .setting import Cut
from .walk import again, smallest, walk


def _goes_well(seed: int, *, speculate: bool) -> None:
    gone = walk(seed, speculate=speculate)
    if gone.broken:
        pytest.fail(f"seed {seed}, the smallest walk that breaks it:\n{smallest(gone)}")


@pytest.mark.parametrize("speculate", [False, True])
@pytest.mark.parametrize("block", range(0, 200, 50))
def test_fixed_walks_break_no_rule(block: int, speculate: bool) -> None:
    """Every rule of the oracle holds after every fact, and every walk ends."""
    for seed in range(block, block + 50):
        _goes_well(seed, speculate=speculate)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**48 - 1), speculate=st.booleans())
def test_walks_break_no_rule(seed: int, speculate: bool) -> None:
    """Whatever is drafted, rejected, squashed, failed, called off, told twice or cut off."""
    _goes_well(seed, speculate=speculate)


@pytest.mark.parametrize("speculate", [False, True])
def test_a_walk_may_be_cut_off_after_every_fact(speculate: bool) -> None:
    """Wherever a run dies, its facts bring a new schedule to the same place."""
    for seed in range(12):
        gone = walk(seed, speculate=speculate)
        cut = [part for step in gone.steps for part in (step, Cut())]
        found = again(gone.setting, cut)
        assert found.broken is None, str(found)


def test_walks_go_everywhere() -> None:
    """The fixed walks hold every kind of step, cuts included, and big plans."""
    gone = [walk(seed, speculate=bool(seed % 2)) for seed in range(100)]
    kinds = {type(step).__name__ for one in gone for step in one.steps}
    wanted = "Accepted Blocked Cancelled Committed Cut Drafted Exhausted Failed Rejected Squashed"
    assert kinds == set(wanted.split())
    assert max(len(one.setting.tasks) for one in gone) > 30
    assert max(len(one.steps) for one in gone) > 150
