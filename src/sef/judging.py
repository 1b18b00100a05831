"""Judging one tree: verifiers in rising cost, until the verdict is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from sef.certificate import accepts
from sef.desk import TaskDesk
from sef.errors import JournalError
from sef.experience import Experience, stratum_of
from sef.fusion import ACCEPT, SETTLED
from sef.model import Draft, Evidence, Patch, Route, Task, Verdict
from sef.policy import FRESH
from sef.protocols import Case, Clock, Verifier
from sef.reasons import reason_of, with_gaps
from sef.workspace import Workspace

RUN: Final = frozenset({"lint", "types", "tests"})
"""Verifiers that run the project's checks: needless where the code is proved to be the base's."""
ASKED: Final = frozenset({"fresh", "judge"})
"""Verifiers that ask a model."""
TELLING: Final = frozenset({"documents", "citations", "claims", "tests", *ASKED})
"""Verifiers whose words tell why a draft was accepted."""
JUDGE: Final = "judge"
"""The one that is needless where the others say enough."""
SAME_CODE: Final = "code-same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Runs the verifiers of a run."""

    workspace: Workspace
    verifiers: Mapping[str, Verifier]
    clock: Clock
    known: Experience = field(default_factory=Experience)
    """What past runs say about drafts with the same evidence."""
    settled: float = SETTLED
    """Probability from which on the judge is not asked."""

    async def judge(
        self,
        task: Task,
        route: Route,
        draft: Draft,
        *,
        commit: str,
        base: str,
        verifiers: tuple[str, ...],
        desk: TaskDesk | None = None,
        drafter: str = "",
        rank: int = 0,
        earlier: tuple[Patch, ...] = (),
    ) -> Verdict:
        """Runs the named verifiers on a fresh fork of `commit` until one does not accept.

        `base` is the commit that the tree must not be worse than; `drafter` made it, and the
        drafts before it that were rejected are the `earlier` ones. Models are asked by way of
        `desk` alone. Raises JournalError where what is asked of them cannot be booked.
        """
        started = self.clock.now()
        evidence: tuple[Evidence, ...] = ()
        verdict = Verdict(accepted=False, undecided=True, reason="no verifier was asked")
        told: tuple[str, ...] = ()
        async with self.workspace.fork(commit) as fork:
            case = Case(
                task=task,
                route=route,
                draft=draft,
                checkout=fork.checkout,
                base=base,
                desk=desk,
                drafter=drafter,
                rank=rank,
                earlier=earlier,
            )
            for name in verifiers:
                case = replace(case, evidence=evidence)
                if self._needless(name, case):
                    continue
                verdict = await _verdict(name, self.verifiers[name], case)
                evidence = (*evidence, *verdict.evidence)
                if not verdict.accepted:
                    break
                if name in TELLING and any(one.passed for one in verdict.evidence):
                    told = (*told, verdict.reason)
        if verdict.accepted and told:
            verdict = replace(verdict, reason="; ".join(told))
        return Verdict(
            accepted=verdict.accepted,
            undecided=verdict.undecided,
            reason=with_gaps(verdict, evidence),
            evidence=evidence,
            seconds=self.clock.now() - started,
            cost_usd=desk.cost_usd if desk else Decimal(0),
        )

    def weighed(self, route: Route, verdict: Verdict) -> Verdict:
        """The verdict with its probability; too low a one does not accept.

        It must reach what is certified for the stratum, or `ACCEPT` where nothing is.
        """
        stratum = stratum_of(route)
        probability = self.known.fusion.of(stratum, verdict.evidence)
        certified = self.known.thresholds.get(stratum)
        tau = ACCEPT if certified is None else max(ACCEPT, certified)
        weighed = replace(verdict, probability=probability)
        if not verdict.accepted or accepts(probability, tau):
            return weighed
        named = "is needed" if certified is None else f"is certified for {stratum}"
        return replace(
            weighed,
            accepted=False,
            undecided=True,
            doubted=True,
            reason=f"right with probability {probability:.3f}, below the {tau:g} that {named}:"
            f" {verdict.reason}",
        )

    def _needless(self, name: str, case: Case) -> bool:
        """True where the verdict is settled without that verifier."""
        if name in RUN or name == FRESH:
            return proves_same_code(case.evidence)
        if name == JUDGE:
            probability = self.known.fusion.of(stratum_of(case.route), case.evidence)
            return probability >= self.settled
        return False


def proves_same_code(evidence: Sequence[Evidence]) -> bool:
    """True where the draft's code is the base's, and nothing raised a doubt about it."""
    same = any(one.sign == SAME_CODE and one.passed for one in evidence)
    return same and all(one.passed for one in evidence)


async def _verdict(name: str, verifier: Verifier, case: Case) -> Verdict:
    try:
        return await verifier.verify(case)
    except JournalError:
        raise
    except Exception as error:  # doubt rejects: a verifier that breaks has not accepted
        reason = f"{name} could not decide: {reason_of(error)}"
        evidence = (Evidence(verifier=name, passed=None, detail=reason),)
        return Verdict(accepted=False, undecided=True, reason=reason, evidence=evidence)
