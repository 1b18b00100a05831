"""What the benchmark of environments says of the sandbox."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks import environment
from sef.sandbox import probe


@pytest.mark.slow
def test_what_the_sandbox_costs_is_measured_or_its_absence_said() -> None:
    """The median over several starts, the level beside it; without a sandbox null and why."""
    result = asyncio.run(environment.measure([], times=3, runs=1))
    said = result.said()
    if probe() is None:
        assert said["sandbox_ms"] is None
        assert result.reasons["sandbox_ms"] == "no sandbox works here"
        return
    assert isinstance(said["sandbox_ms"], float)
    assert said["sandbox_ms"] == pytest.approx(sorted(result.sandbox)[1], abs=0.001)
    assert result.details["sample"]["sandbox"] == probe()
