"""What a killed Claude Code leaves in git's folder is removed, and git's own lock is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sef.cleanup import _remove_traces

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # a real repository


@pytest.mark.parametrize(
    ("mode", "text", "stays"), [(0o444, "", False), (0o644, "", True), (0o444, "x", True)]
)
def test_only_the_empty_file_that_nobody_may_write_to_goes(
    repository: Make, mode: int, text: str, stays: bool
) -> None:
    """git's own lock can be written to, or has something in it."""
    git = repository({"a": ""}) / ".git"
    lock = git / "config.lock"
    lock.write_text(text)
    lock.chmod(mode)
    _remove_traces(git)
    assert lock.exists() is stays
