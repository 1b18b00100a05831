"""Trust: what the target did is accepted as it is."""

from __future__ import annotations

from sef.model import Evidence, Verdict
from sef.protocols import Case


class Trust:
    """Accepts. It stands where there is nobody better to ask."""

    async def verify(self, case: Case) -> Verdict:
        """Accepts without looking."""
        tier = case.route.tier.name.lower()
        detail = "the target is trusted" if case.route.request is None else f"tier {tier}: computed"
        evidence = Evidence(verifier="trust", passed=True, detail=detail)
        return Verdict(accepted=True, reason=detail, evidence=(evidence,))
