"""Who is measured: the one file to change when drafts are judged in another way.

sef's verifiers in the order of the standard policy, without a model. A verdict's probability is
that of `sef.judging.Judge.weighed`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from benchmarks.verifier.cases import Sample, Sort
from benchmarks.verifier.ground import Ground
from sef.build import WallClock, verifiers
from sef.judging import Judge
from sef.model import Answer, Draft, Kind, Patch, Route, Task, Tier, Usage, Verdict
from sef.policy import STANDARD
from sef.protocols import Case, Verifier
from sef.workspace import Workspace

STAGES: Final = (
    "applies", "scope", "integrity", "documents", "effect", "renames", "static", "lint", "tests",
)  # fmt: skip
"""In the order they run, as far as the kind of work has them."""
INTEGRITY: Final = frozenset({"scope", "integrity"})
"""The stages whose rejection of a right draft is a false alarm."""
_UNDECIDED = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one stage said of a draft."""

    stage: str
    passed: bool | None
    """None where it could not decide."""
    probability: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was said of a draft."""

    probability: float
    """That it is right."""
    accepted: bool
    """At the threshold that ships."""
    signs: tuple[tuple[str, bool | None], ...]
    """Every piece of evidence: its sign (of what has none, the verifier's name), and whether it
    passed."""
    seconds: float
    """Wall-clock time of the verification."""
    stages: tuple[Seen, ...]
    """Those that ran."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """One draft to be judged."""

    sample: Sample
    patch: Patch


class Judging:
    """Judges the drafts of one base commit; what the base costs is paid with the first."""

    def __init__(
        self, ground: Ground, workspace: Workspace, stages: tuple[str, ...] = STAGES
    ) -> None:
        self._workspace = workspace
        self._stages = stages
        self._verifiers = verifiers(ground.runner, workspace, ground.repository)

    async def judge(self, posed: Posed) -> Judged:
        """The verdict on one draft."""
        task, route, draft = asked(posed)
        own = [one for one in STANDARD.verifiers_of(route.kind) if one in self._stages]
        watched = {name: _Watched(name, self._verifiers[name]) for name in own}
        judge = Judge(workspace=self._workspace, verifiers=watched, clock=WallClock())
        verdict = await judge.judge(
            task,
            route,
            draft,
            commit=posed.patch.commit,
            base=posed.patch.base,
            verifiers=tuple(own),
        )
        verdict = judge.weighed(route, verdict)
        return Judged(
            probability=verdict.probability or 0.0,
            accepted=verdict.accepted,
            signs=tuple((one.sign or one.verifier, one.passed) for one in verdict.evidence),
            seconds=verdict.seconds,
            stages=tuple(seen for one in watched.values() for seen in one.seen),
            reason=verdict.reason,
        )


def asked(posed: Posed) -> tuple[Task, Route, Draft]:
    """The draft as an executor would have made it, and what it was asked for."""
    sample = posed.sample
    kind = Kind.DOCUMENT if sample.sort is Sort.DOCUMENT else Kind.IMPLEMENT
    task = Task(id="task", text=sample.text, kind=kind)
    route = Route(tier=Tier.LIGHT, kind=kind, policy="standard", score=1.0, reason="benchmark")
    usage = Usage(cost_usd=Decimal(0))
    return task, route, Draft(answer=Answer(text=""), patch=posed.patch, usage=usage)


@dataclass(slots=True)
class _Watched:
    """A verifier, and what it said."""

    name: str
    inner: Verifier
    seen: list[Seen] = field(default_factory=list)

    async def verify(self, case: Case) -> Verdict:
        began = time.perf_counter()
        verdict = await self.inner.verify(case)
        self.seen.append(
            Seen(
                stage=self.name,
                passed=None if verdict.undecided else verdict.accepted,
                probability=_UNDECIDED if verdict.undecided else float(verdict.accepted),
                seconds=time.perf_counter() - began,
            )
        )
        return verdict
