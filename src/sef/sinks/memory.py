"""A sink that keeps what it is told."""

from __future__ import annotations

from sef.events import Fact


class Memory:
    """Keeps every fact, so that a run that was called off can still be reported."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def tell(self, fact: Fact) -> None:
        """Keeps the fact."""
        self.facts.append(fact)
