"""The world that these tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_doctor.planted import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A home and a project; the records of hooks outside of repositories lie in that home, too."""
    made = World(tmp_path)
    monkeypatch.setenv("HOME", str(made.home))
    return made
