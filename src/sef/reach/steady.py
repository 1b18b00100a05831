"""Tests that end differently on the same tree: which they are, and what they may decide."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from sef.checks.check import CheckRun

FLAKY: Final = "flaky"
SIGNS: Final = MappingProxyType(
    {
        FLAKY: "A test ended differently on the same tree; it decides nothing.",
        "unsteady": "A test fails among the others and passes alone, again and again.",
    }
)
"""Slug -> what it means."""
AT_MOST: Final = 5
"""New failures beyond which chance is no explanation."""
Side = Literal["draft", "base"]
Again = Callable[[Side, tuple[str, ...]], Awaitable[CheckRun | None]]
"""Runs tests alone, or all of them for an empty tuple; None where that cannot be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of new failures when they were run once more."""

    flaky: frozenset[str] = frozenset()
    """Ended differently on one tree: not to be held against the draft."""
    red: frozenset[str] = frozenset()
    """Still to be held against it."""
    unsteady: frozenset[str] = frozenset()
    """Those of `red` that pass alone: they fail because of what runs before them."""
    among: CheckRun | None = None
    """All tests once more on the draft, where that was asked and came to its end."""


def suspects(run: CheckRun, base: CheckRun | None) -> tuple[str, ...]:
    """Tests that fail on the draft and not on its base, where chance may be the reason.

    None at all where there are more than 5 of them, where a failure has no name, or where one of
    the runs did not come to its end.
    """
    if base is None or run.counts is None or base.counts is None:
        return ()
    if run.unnamed or run.stopped or run.timed_out or base.timed_out:
        return ()
    new = sorted(run.failing - base.failing)
    return tuple(new) if len(new) <= AT_MOST else ()


async def settle(names: Collection[str], again: Again) -> Settled:
    """Runs each of these once more, alone, on both sides; what passes alone, among all of them.

    A draft that makes tests disturb one another would be excused if it were only asked alone, so
    that what passes alone must also pass among the others before chance is believed.
    """
    asked = tuple(sorted(names))
    if not asked:
        return Settled()
    alone = await again("draft", asked)
    if alone is None or not _ended(alone):
        return Settled(red=frozenset(asked))
    passed = frozenset(asked) - alone.failing
    failed = frozenset(asked) & alone.failing
    at_base = await _failing_at_base(tuple(sorted(failed)), again)
    among = await again("draft", ()) if passed else None
    among = among if among is not None and _ended(among) else None
    excused = passed - among.failing if among is not None else frozenset[str]()
    return Settled(
        flaky=excused | at_base,
        red=frozenset(asked) - excused - at_base,
        unsteady=passed - excused,
        among=among,
    )


async def _failing_at_base(names: tuple[str, ...], again: Again) -> frozenset[str]:
    """Those that fail on the base, too, where they had passed before.

    A test that needs others before it fails alone at all times, which is no chance: what fails
    alone must also fail among the others.
    """
    alone = await again("base", names) if names else None
    if alone is None or not _ended(alone) or not alone.failing.intersection(names):
        return frozenset()
    among = await again("base", ())
    if among is None or not _ended(among):
        return frozenset()
    return frozenset(names) & alone.failing & among.failing


def _ended(run: CheckRun) -> bool:
    """True where every test that was asked for has a result."""
    return (
        run.exit_code in (0, 1)
        and run.counts is not None
        and run.counts.ran > 0
        and not (run.unnamed or run.timed_out or run.stopped)
        and run.proof.proved
    )
