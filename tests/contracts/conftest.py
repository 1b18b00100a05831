"""The executors one after the other, and at the end how many faults each met."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from contracts.staff import CLAUDE, STAFF, Staff
from contracts.world import World, make_world

_ROWS = [
    pytest.param(one, id=one.name, marks=pytest.mark.slow if one is CLAUDE else ()) for one in STAFF
]


@pytest.fixture(params=_ROWS)
def staff(request: pytest.FixtureRequest) -> Staff:
    """Each executor of the table; skipped with the reason where it cannot be had."""
    row: Staff = request.param
    if row.missing:
        pytest.skip(row.missing)
    if row.use == "api":
        # Takes seconds, once a process: no test of times is to pay for it.
        import_module("sef.executors.api.conversation")
    return row


@pytest.fixture
def asking(staff: Staff) -> Staff:
    """Each executor that asks a model."""
    if not staff.asks:
        pytest.skip("the scripted executor asks no model and has no tools")
    return staff


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "w")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    met: Counter[str] = Counter()
    for kind in ("passed", "failed"):
        for report in terminalreporter.stats.get(kind, ()):
            met.update(value for name, value in report.user_properties if name == "faults met by")
    if met:
        each = ", ".join(f"{name} {count}" for name, count in sorted(met.items()))
        terminalreporter.write_line(f"faults tried: {met.total()} ({each})")
