"""Calibration: what past runs say about drafting, stratum by stratum, and what would change.

A fold over the journal like everything else: `calibration` proposes, `calibrated` are the facts
that put the proposal in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sef.attempts import Course, courses
from sef.certificate import clopper_pearson
from sef.events import Audited, Calibrated, RunStarted, Sampled
from sef.experience import Experience, Past, Standing, stratum_of
from sef.model import Tier

_LATEST = 50
"""Tasks that are held against those before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One stratum."""

    standing: Standing
    tau: float | None
    """In force now; None: executable evidence alone decides."""
    proved: float | None
    """What audits have proved."""
    below: int
    """Of the accepted drafts, those that the proved threshold would not have accepted."""

    @property
    def changes(self) -> bool:
        """True where `--apply` would put another threshold in force."""
        return self.tau != self.proved

    @property
    def change(self) -> str:
        """What would change, and why, in words."""
        if self.standing.stopped:
            return self.standing.stopped
        if not self.changes:
            return "nothing would change"
        if self.proved is None:
            return f"the threshold {self.tau:g} is proved no longer and would be taken back"
        return (
            f"drafts below probability {self.proved:g} would be rejected:"
            f" {self.below} of {self.standing.accepted} so far"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A rate over all tasks, held against itself: an alarm on change, not a goal."""

    name: str
    hits: int
    tried: int
    earlier: tuple[float, float]
    """95 % interval of the rate before the latest tasks (Clopper and Pearson)."""
    latest: tuple[float, float]
    """Of the latest tasks."""

    @property
    def value(self) -> float | None:
        """The rate; None where nothing was tried."""
        return self.hits / self.tried if self.tried else None

    @property
    def changed(self) -> bool:
        """True where the two intervals have nothing in common."""
        return self.latest[0] > self.earlier[1] or self.latest[1] < self.earlier[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What `sef calibrate` tells."""

    lines: tuple[Line, ...]
    delegation: Share
    """Tasks first given to a draft, of those that a model worked on, or that a host kept."""
    rejection: Share
    """Rejected drafts, of those that were judged."""


def calibration(runs: Sequence[Past], known: Experience) -> Calibration:
    """Folds the runs, oldest first, whose `known` experience is given."""
    told = [course for run in runs for course in courses(run.facts)]
    lines = tuple(
        _line(standing, known.thresholds.get(stratum), told)
        for stratum, standing in sorted(known.standings.items())
        if standing.drafts
    )
    return Calibration(
        lines=lines,
        delegation=_share("delegation", (one for run in runs for one in _handed_out(run))),
        rejection=_share("rejection", _rejections(told)),
    )


def calibrated(found: Calibration) -> tuple[Calibrated, ...]:
    """The facts that put in force what is proved."""
    return tuple(
        Calibrated(
            stratum=line.standing.stratum,
            tau=line.proved,
            reason=line.standing.certificate.reason,
            models=line.standing.drafters,
        )
        for line in found.lines
        if line.changes
    )


def unaudited(runs: Iterable[Past]) -> tuple[str, ...]:
    """The runs of a host in which a draft was drawn for an audit that nobody has made yet."""
    found = []
    for run in runs:
        named = [one.run for one in run.facts if isinstance(one, RunStarted) and one.host]
        drawn = any(isinstance(one, Sampled) and one.drawn for one in run.facts)
        if drawn and not any(isinstance(one, Audited) for one in run.facts):
            found += named
    return tuple(found)


def _line(standing: Standing, tau: float | None, told: Iterable[Course]) -> Line:
    proved = standing.certificate.tau
    mine = [one for one in told if one.sample and stratum_of(one.route) == standing.stratum]
    below = [one for one in mine if proved and one.sample and one.sample.probability < proved]
    return Line(standing=standing, tau=tau, proved=proved, below=len(below))


def _handed_out(run: Past) -> Iterator[bool]:
    told = courses(run.facts)
    for course in told:
        yield any(one.tier < Tier.TARGET for one in course.attempts)
    if not told and any(isinstance(one, RunStarted) and one.host for one in run.facts):
        # The gate left the task to the host's own model, whose work is not seen.
        yield False


def _rejections(told: Iterable[Course]) -> Iterable[bool]:
    for course in told:
        for one in course.attempts:
            if one.tier < Tier.TARGET and one.accepted is not None:
                yield not one.accepted


def _share(name: str, hits: Iterable[bool]) -> Share:
    seen = list(hits)
    earlier, latest = seen[:-_LATEST], seen[-_LATEST:]
    return Share(
        name=name,
        hits=sum(seen),
        tried=len(seen),
        earlier=clopper_pearson(sum(earlier), len(earlier)),
        latest=clopper_pearson(sum(latest), len(latest)),
    )
