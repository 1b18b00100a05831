"""A change that somebody made: what is asked about it, and what the judge says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sef.model import Answer, Evidence, Kind, Patch, Tier, Verdict
from sef.submission import Submission

Source = Literal["given", "commits", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A change that is to be judged, and what it was made for."""

    submission: Submission
    task: str | None = None
    """What was asked for; None: what its commits say, as far as there are any."""
    kind: Kind | None = None
    """None: by the task, else document where nothing but documents changed, else implement."""
    paths: tuple[str, ...] = ()
    """Glob patterns of the files it may touch; empty: whatever its kind may write."""
    answer: Answer | None = None
    """What was said beside it, for kinds of work that change nothing."""
    tier: Tier = Tier.STANDARD
    """Of whoever made it: with its kind, where its verdict belongs in what is known."""
    quick: bool = False
    """Leaves out what runs the project's checks: no more than a first look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of a change."""

    verdict: Verdict
    """Its evidence is in the order it was found."""
    patch: Patch
    """What was judged: without a change where a patch did not apply."""
    head: str
    """What it was taken from, in words."""
    task: str
    source: Source
    """Where the task's text is from."""
    kind: Kind
    policy: str
    verifiers: tuple[str, ...]
    """All that the change had to get through; the first that does not accept ends it."""

    @property
    def status(self) -> Literal["accepted", "rejected", "undecided"]:
        """The verdict in a word; undecided: nothing was found against it, and too little for it."""
        if self.verdict.accepted:
            return "accepted"
        return "undecided" if self.verdict.undecided else "rejected"

    @property
    def worst_first(self) -> tuple[Evidence, ...]:
        """The evidence: what rejects, what is undecided, what holds; of each what settled it."""
        order, reason = {False: 0, None: 1, True: 2}, self.verdict.reason

        def rank(one: Evidence) -> tuple[int, bool]:
            return order[one.passed], one.detail not in reason

        return tuple(sorted(self.verdict.evidence, key=rank))
