"""What the journal's past runs teach: the policy its estimates, the router its examples."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from sef.attempts import courses
from sef.events import RunStarted
from sef.experience import Experience, Past, Promise, experience
from sef.journal import Journal
from sef.model import Tier
from sef.protocols import Router
from sef.routers import ROUTERS
from sef.routers.learned import ENOUGH, Example

NEWEST = 5_000
"""Facts that a run reads before it begins: that takes about as long as a few starts of git."""
ALL = 10_000_000
"""Facts that calibrating reads: a proof may rest on thousands of tasks."""


def past_runs(journal: Journal, most: int = NEWEST) -> tuple[Past, ...]:
    """The newest runs of the journal, oldest first. Raises JournalError."""
    return journal.past(most)


def learned(journal: Journal, runs: Iterable[Past], promise: Promise) -> Experience:
    """What the runs teach the policy, with what a person put in force. Raises JournalError."""
    return experience(runs, promise, journal.calibrations())


def router(runs: Iterable[Past], executors: Collection[str]) -> Router:
    """The router that fits what is known: the rules alone until there are enough outcomes."""
    examples = tuple(_examples(runs))
    if len(examples) < ENOUGH:
        return ROUTERS["rules"]()
    return ROUTERS["learned"](examples, executors=executors)


def _examples(runs: Iterable[Past]) -> Iterator[Example]:
    """What the first draft of each task was worth."""
    for run in runs:
        texts = {t.id: t.text for f in run.facts if isinstance(f, RunStarted) for t in f.tasks}
        for course in courses(run.facts):
            first = course.attempts[0]
            if first.tier < Tier.TARGET and first.accepted is not None and course.task in texts:
                yield Example(
                    text=texts[course.task],
                    tier=first.tier,
                    accepted=first.accepted,
                    executor=first.executor,
                )
