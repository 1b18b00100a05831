"""Glances: a draft is looked at while it is still being written, to stop a hopeless one early.

What is half written is often wrong, so one glance settles nothing: the draft is given up where the
same verifier rejects it each time, glance after glance.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from sef.model import Verdict
from sef.steps import Step, ToolStep

GLANCED: Final = frozenset({"applies", "scope", "integrity", "static"})
"""Verifiers that only read, and that a draft does not first have to be whole for."""
EVERY: Final = 3
"""Writing steps between two glances."""
ENOUGH: Final = 3
"""Glances in a row that say the same."""
Look = Callable[[], Awaitable[Verdict | None]]
"""The verdict on the draft as it is now; None where it cannot be looked at."""


class Glances:
    """Counts the writing steps of one draft, and what glances at it said."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._writes = 0
        self._said: list[str] = []

    async def hopeless(self, step: Step) -> str:
        """Why the draft is given up after that step; empty where it may go on."""
        if not (isinstance(step, ToolStep) and step.writes and not step.failed):
            return ""
        self._writes += 1
        if self._writes % EVERY:
            return ""
        verdict = await self._look()
        if verdict is None or verdict.accepted or verdict.undecided:
            self._said.clear()
            return ""
        who = verdict.evidence[-1].verifier if verdict.evidence else ""
        if self._said and self._said[-1] != who:
            self._said.clear()
        self._said.append(who)
        return verdict.reason if len(self._said) >= ENOUGH else ""
