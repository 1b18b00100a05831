"""All checks, in the order in which they are told."""

from __future__ import annotations

from sef.claude_doctor import alive, conflicts, installed, used, versions
from sef.claude_doctor.rows import Row
from sef.claude_doctor.snapshot import Snapshot

_PARTS = (versions.rows, installed.rows, alive.rows, conflicts.rows, used.rows)


def judged(seen: Snapshot) -> tuple[Row, ...]:
    """A row for each check."""
    return tuple(one for part in _PARTS for one in part(seen))
