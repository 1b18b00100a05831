"""Which walk catches a mutant."""

from __future__ import annotations

from dataclasses import dataclass

from sef.schedule import Schedule

from .walk import Walk, smallest, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """How a mutant was caught."""

    walks: int
    """Walks it took, the one that caught it included."""
    walk: Walk


def hunt(machine: type[Schedule], most: int = 400) -> Caught | None:
    """Walks until one breaks a rule; None when none of that many does."""
    for number in range(most):
        found = walk(number // 2, speculate=bool(number % 2), machine=machine)
        if found.broken:
            return Caught(walks=number + 1, walk=found)
    return None


def table(caught: dict[type[Schedule], Caught | None]) -> str:
    """The mutants, the rule that caught each, and after how many walks."""
    lines = [f"{'mutant':<26} | {'caught by':<67} | walk | steps"]
    for mutant, how in caught.items():
        rule = str(how.walk.broken.rule) if how and how.walk.broken else "SURVIVED"
        walks = how.walks if how else "-"
        steps = len(smallest(how.walk, mutant).steps) if how else "-"
        lines.append(f"{mutant.__name__:<26} | {rule:<67} | {walks:>4} | {steps:>5}")
    return "\n".join(lines)
