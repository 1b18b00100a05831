"""Collecting cases: from the cache where they are known, else by running."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.verifier.cases import Commit, Skipped
from benchmarks.verifier.ground import Ground
from benchmarks.verifier.history import Candidate, candidates
from benchmarks.verifier.store import Store
from benchmarks.verifier.truth import Limits, proved
from sef.errors import SefError

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which part of a history is looked at."""

    start: str
    """The newest commit."""
    commits: int
    """Commits that touch code and tests, at most."""


@dataclass(slots=True)
class Collected:
    """What a history gave."""

    commits: list[Commit] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    """How many commits could not be used, by reason."""


async def collected(
    ground: Ground, store: Store, span: Span, limits: Limits, *, jobs: int, tell: Tell
) -> Collected:
    """The usable commits of a span, newest first, each with its drafts."""
    free = asyncio.Semaphore(jobs)

    async def one(number: int, candidate: Candidate | Skipped) -> Commit | Skipped:
        if isinstance(candidate, Skipped):
            return candidate
        async with free:
            found = await _known_or_proved(ground, store, candidate, limits)
            tell(f"{number}/{span.commits} {_said(found)}")
            return found

    rows = [row async for row in candidates(ground.git, span.start, span.commits)]
    said = await asyncio.gather(*(one(number, row) for number, row in enumerate(rows, 1)))
    result = Collected()
    seen: set[str] = set()
    for found in said:
        if isinstance(found, Skipped):
            result.skipped[found.reason] += 1
        elif (same := repr(sorted(found.code.items(), key=str))) in seen:
            result.skipped["the same change as another commit's"] += 1
        else:
            seen.add(same)
            result.commits.append(found)
    return result


async def _known_or_proved(
    ground: Ground, store: Store, candidate: Candidate, limits: Limits
) -> Commit | Skipped:
    known = store.read(candidate.sha, seed=limits.seed, mutants=limits.mutants)
    if known is not None:
        return known
    try:
        found = await proved(ground, candidate, limits)
    except SefError as error:
        found = Skipped(sha=candidate.sha, reason="it could not be run", detail=str(error)[:400])
    store.write(found, seed=limits.seed, mutants=limits.mutants)
    return found


def _said(found: Commit | Skipped) -> str:
    if isinstance(found, Skipped):
        return f"{found.sha[:12]} left out: {found.reason} ({found.detail[:100]})"
    killable = sum(one.killable for one in found.mutants)
    mutants = f"{len(found.mutants)} of {found.tried} faults are mutants, {killable} killable"
    return f"{found.sha[:12]} {found.hidden} hidden tests, {mutants}"
