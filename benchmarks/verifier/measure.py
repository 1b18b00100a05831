"""Every draft before the judge, and what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.verifier.cases import Commit, Sample, Sort, samples
from benchmarks.verifier.ground import Ground, drafted
from benchmarks.verifier.history import texts_of
from benchmarks.verifier.judge import Judged, Judging, Posed
from benchmarks.verifier.planted import documented, tampered
from benchmarks.verifier.truth import caught_by_halves

Tell = Callable[[str], None]
_PLANTED_ON: Final = 3
"""Commits that drafts are planted on: making them takes longer than judging them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One draft, the truth about it, and what was said."""

    sample: Sample
    consistent: bool
    """Whether the base's own tests hold for the right draft of its commit."""
    judged: Judged
    first: bool
    """True where the base was paid with it: its seconds do not count."""
    tests_s: float | None = None
    """Seconds of all tests on the same draft, run once by themselves; None: not timed."""
    halves: tuple[bool, bool] | None = None
    """Of an accepted mutant: whether each half of the hidden tests fails on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How many drafts are made beside those of the history."""

    whole: bool
    """With the drafts that bring their commit's tests."""
    tampering: int
    documents: int
    timed: int
    """Right drafts whose tests are timed."""
    seed: int
    jobs: int
    timeout_s: float
    halves: bool
    """With what half of the hidden tests would catch of the accepted mutants."""
    stages: tuple[str, ...]
    """Of the judge, those that are asked."""


async def measured(
    ground: Ground, commits: Sequence[Commit], wish: Wish, tell: Tell
) -> list[list[Row]]:
    """The rows of each commit."""
    free = asyncio.Semaphore(wish.jobs)

    async def one(number: int, commit: Commit) -> list[Row]:
        async with free:
            rows = await _of_commit(ground, commit, wish, number, len(commits))
            accepted = sum(row.judged.accepted for row in rows)
            tell(
                f"{number + 1}/{len(commits)} {commit.sha[:12]} {accepted} of {len(rows)} accepted"
            )
            return rows

    return await asyncio.gather(*(one(*pair) for pair in enumerate(commits)))


async def _of_commit(ground: Ground, commit: Commit, wish: Wish, number: int, of: int) -> list[Row]:
    workspace = await ground.at(commit.parent)
    judging = Judging(ground, workspace, wish.stages)
    rows: list[Row] = []
    for sample in await _drafts(ground, commit, wish, number, of):
        patch = await drafted(workspace, sample.base, sample.changes)
        judged = await judging.judge(Posed(sample=sample, patch=patch))
        tests_s = None
        # The timed run must be beside a verification that ran everything.
        if sample.sort is Sort.RIGHT and rows and number < wish.timed and judged.accepted:
            run = await ground.run_tests(workspace, patch.commit, timeout_s=wish.timeout_s)
            tests_s = run.seconds if run else None
        halves = None
        if wish.halves and sample.sort is Sort.MUTANT and judged.accepted:
            halves = await caught_by_halves(ground, commit, sample.changes, wish.timeout_s)
        rows.append(
            Row(
                sample=sample,
                consistent=commit.consistent,
                judged=judged,
                first=not rows,
                tests_s=tests_s,
                halves=halves,
            )
        )
    return rows


async def _drafts(
    ground: Ground, commit: Commit, wish: Wish, number: int, of: int
) -> tuple[Sample, ...]:
    own = tuple(one for one in samples(commit) if wish.whole or one.sort is not Sort.WHOLE)
    tampering, documents = _part(wish.tampering, number, of), _part(wish.documents, number, of)
    if not tampering and not documents:
        return own
    files = await texts_of(ground.git, commit.parent)
    seed = wish.seed + number
    planted = await asyncio.to_thread(tampered, commit, files, tampering, seed)
    edited = await asyncio.to_thread(documented, commit, files, documents, seed)
    return (*own, *planted, *edited)


def _part(total: int, number: int, of: int) -> int:
    """Of a total that is dealt out evenly to the first commits."""
    few = min(of, _PLANTED_ON)
    return total * (number + 1) // few - total * number // few if number < few else 0
