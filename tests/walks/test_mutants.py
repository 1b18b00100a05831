"""The walks are worth something: they catch schedules with a seeded bug."""

from __future__ import annotations

import pytest

from sef.schedule import Schedule

from .hunt import hunt
from .mutants import MUTANTS
from .walk import again, smallest

# The most walks that any mutant may take; half of them speculate.
WALKS = 150


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_mutant_is_caught(mutant: type[Schedule]) -> None:
    """The rule meant for it is broken soon, by steps that the schedule itself takes well."""
    caught = hunt(mutant, WALKS)
    assert caught is not None, f"{mutant.__name__} survived {WALKS} walks: {mutant.__doc__}"
    broken = caught.walk.broken
    print(f"{mutant.__name__}: walk {caught.walks}, {broken}")  # noqa: T201 - shown by -rP
    assert broken is not None
    assert broken.rule is MUTANTS[mutant]
    assert again(caught.walk.setting, caught.walk.steps).broken is None


def test_the_schedule_itself_is_not_caught() -> None:
    """What catches the mutants lets the schedule pass."""
    caught = hunt(Schedule, WALKS)
    assert caught is None, str(caught and smallest(caught.walk))
