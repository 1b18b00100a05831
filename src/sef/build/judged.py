"""A judgement as programs get it."""

from __future__ import annotations

from sef.build.judgement import Judgement
from sef.judgement_model import ChangeTold, EvidenceTold, JudgementTold, TaskTold
from sef.text import plain


def judgement_told(found: Judgement) -> JudgementTold:
    """The object that `sef verify --json` prints."""
    verdict = found.verdict
    return JudgementTold(
        verdict=found.status,
        reason=plain(verdict.reason),
        probability=verdict.probability,
        seconds=round(verdict.seconds, 3),
        cost_usd=verdict.cost_usd,
        base=found.patch.base,
        head=plain(found.head),
        commit=found.patch.commit,
        changes=tuple(
            ChangeTold(path=one.path, status=one.status, binary=one.binary)
            for one in found.patch.changes
        ),
        task=TaskTold(text=plain(found.task), source=found.source, kind=found.kind),
        policy=found.policy,
        verifiers=found.verifiers,
        evidence=tuple(
            EvidenceTold(
                verifier=one.verifier, passed=one.passed, detail=plain(one.detail), sign=one.sign
            )
            for one in found.worst_first
        ),
    )
