"""Judging one tree: verifiers in order, until one does not accept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sef.certificate import accepts
from sef.experience import Experience, stratum_of
from sef.model import Draft, Evidence, Route, Task, Verdict
from sef.protocols import Case, Clock, Verifier
from sef.reasons import reason_of, with_gaps
from sef.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Runs the verifiers of a run."""

    workspace: Workspace
    verifiers: Mapping[str, Verifier]
    clock: Clock
    known: Experience = field(default_factory=Experience)
    """What past runs say about drafts with the same evidence."""

    async def judge(
        self,
        task: Task,
        route: Route,
        draft: Draft,
        *,
        commit: str,
        base: str,
        verifiers: tuple[str, ...],
    ) -> Verdict:
        """Runs the named verifiers on a fresh fork of `commit` until one does not accept.

        `base` is the commit that the tree must not be worse than.
        """
        started = self.clock.now()
        evidence: tuple[Evidence, ...] = ()
        verdict = Verdict(accepted=False, undecided=True, reason="no verifier was asked")
        async with self.workspace.fork(commit) as fork:
            case = Case(task=task, route=route, draft=draft, checkout=fork.checkout, base=base)
            for name in verifiers:
                verdict = await _verdict(name, self.verifiers[name], case)
                evidence = (*evidence, *verdict.evidence)
                if not verdict.accepted:
                    break
        return Verdict(
            accepted=verdict.accepted,
            undecided=verdict.undecided,
            reason=with_gaps(verdict, evidence),
            evidence=evidence,
            seconds=self.clock.now() - started,
        )

    def weighed(self, route: Route, verdict: Verdict) -> Verdict:
        """The verdict with its probability, which must reach what is certified, where anything is.

        Before that, evidence of what was run accepts by itself.
        """
        if not verdict.accepted:
            return verdict
        stratum = stratum_of(route)
        probability = self.known.confidence.of(stratum, verdict)
        tau = self.known.thresholds.get(stratum)
        if accepts(probability, tau, exact=tau is None):
            return replace(verdict, probability=probability)
        return replace(
            verdict,
            accepted=False,
            undecided=True,
            probability=probability,
            reason=f"right with probability {probability:.3f}, below the {tau:g} that is certified"
            f" for {stratum}: {verdict.reason}",
        )


async def _verdict(name: str, verifier: Verifier, case: Case) -> Verdict:
    try:
        return await verifier.verify(case)
    except Exception as error:  # doubt rejects: a verifier that breaks has not accepted
        reason = f"{name} could not decide: {reason_of(error)}"
        evidence = (Evidence(verifier=name, passed=None, detail=reason),)
        return Verdict(accepted=False, undecided=True, reason=reason, evidence=evidence)
