"""How probable it is that an accepted draft is right, by what stood behind its verdict.

Drafts with the same evidence form a class: which verifiers were satisfied and which could not say
anything. The probability of a class is the share of its audited drafts that were no regression,
drawn to the prior as by a few tasks. So it is calibrated by its making, and coarse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from sef.model import Verdict

PRIOR: Final = 0.922
"""7.8 % of patches that count as right on SWE-bench Verified fail the developers' whole suite
(arXiv:2503.15223)."""
_WEIGHT: Final = 10.0
"""Audits that weigh as much as the prior."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """What audits have shown, by stratum and class of evidence."""

    seen: Mapping[tuple[str, str], tuple[int, int]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """Audited drafts whose audit could tell, and how many of them were right."""

    def of(self, stratum: str, verdict: Verdict) -> float:
        """The probability that a draft accepted on that evidence is right."""
        audits, right = self.seen.get((stratum, evidence_class(verdict)), (0, 0))
        return (_WEIGHT * PRIOR + right) / (_WEIGHT + audits)

    def without(self, stratum: str) -> Confidence:
        """Without what is known of a stratum: its drafts come from another model now."""
        kept = {key: value for key, value in self.seen.items() if key[0] != stratum}
        return replace(self, seen=MappingProxyType(kept))

    def plus(self, stratum: str, verdict: Verdict, *, right: bool) -> Confidence:
        """With one more audited draft."""
        key = (stratum, evidence_class(verdict))
        audits, held = self.seen.get(key, (0, 0))
        seen = MappingProxyType({**self.seen, key: (audits + 1, held + right)})
        return replace(self, seen=seen)


def evidence_class(verdict: Verdict) -> str:
    """The verifiers that were heard, each with its worst mark: + for yes, ? for no say."""
    marks: dict[str, str] = {}
    for one in verdict.evidence:
        mark = {True: "+", None: "?", False: "-"}[one.passed]
        marks[one.verifier] = max(marks.get(one.verifier, "+"), mark, key="+?-".index)
    return " ".join(f"{name}{mark}" for name, mark in sorted(marks.items()))
