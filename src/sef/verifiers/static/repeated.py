"""A draft that says the same as one that was rejected."""

from __future__ import annotations

import asyncio

from sef.git import Git
from sef.model import Evidence
from sef.protocols import Case
from sef.verifiers.static.similar import ALIKE, SAME_PATCH, similarity


async def repeated(git: Git, case: Case) -> tuple[Evidence, ...]:
    """Evidence where the draft is nearly one of the earlier ones; none where it is not."""
    if not case.earlier or case.draft.patch.empty:
        return ()
    patch = case.draft.patch
    mine = await git.diff(patch.base, patch.commit)
    for earlier in case.earlier:
        if earlier.empty:
            continue
        before = await git.diff(earlier.base, earlier.commit)
        alike = await asyncio.to_thread(similarity, mine, before)
        if alike >= ALIKE:
            detail = f"the draft is {alike:.0%} like an earlier one that was rejected"
            return (Evidence(verifier="static", passed=None, detail=detail, sign=SAME_PATCH),)
    return ()
