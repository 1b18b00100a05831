"""The half of the commits that is for fitting calibrates what is said of the other. Pure.

Mutants are as many as are made of a commit, so how many drafts are wrong would say nothing. Right
drafts are counted so often that they are the share of `sef.weights.DRAFT`, as among drafts of
models; where probabilities are held against truths, the same is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.verifier.cases import Sort
from benchmarks.verifier.measure import Row
from sef.fusion import ACCEPT, Curve, fitted, score
from sef.model import Evidence
from sef.weights import DRAFT


def curve_of(groups: Sequence[Sequence[Row]]) -> Curve:
    """The calibration that audits of all these drafts would have led to.

    Audits look at accepted drafts alone, and so does this.
    """
    rows = [row for group in groups for row in group if row.judged.accepted]
    scored = [(_score(row), row.sample.right) for row in balanced(rows)]
    return fitted(scored)


def calibrated(groups: Sequence[Sequence[Row]], curve: Curve) -> list[list[Row]]:
    """The rows with probabilities by that curve; what falls below `ACCEPT` is not accepted."""
    return [[_calibrated(row, curve) for row in group] for group in groups]


def balanced(rows: Sequence[Row]) -> list[Row]:
    """Rows of the history, right ones repeated to their share among drafts of models."""
    right = [row for row in rows if row.sample.sort is Sort.RIGHT]
    wrong = [row for row in rows if row.sample.sort is Sort.MUTANT]
    if not right or not wrong:
        return [*right, *wrong]
    times = max(1, round(len(wrong) * DRAFT / (1 - DRAFT) / len(right)))
    return [*(right * times), *wrong]


def _calibrated(row: Row, curve: Curve) -> Row:
    probability = curve.of(_score(row))
    accepted = row.judged.accepted and probability >= ACCEPT
    return replace(row, judged=replace(row.judged, probability=probability, accepted=accepted))


def _score(row: Row) -> float:
    signs = row.judged.signs
    return score(Evidence(verifier="", passed=said, detail="", sign=sign) for sign, said in signs)
