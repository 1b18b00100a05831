"""The seams on one screen. A new implementation is a new file in the folder of its seam."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sef.advice import Advice
from sef.events import Fact, Recorded
from sef.model import (
    Checkout,
    Draft,
    Effort,
    Evidence,
    Patch,
    Proposal,
    Route,
    Stage,
    Task,
    Tier,
    Verdict,
)
from sef.steps import Reporting, unheard


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What an executor is given."""

    task: Task
    route: Route
    checkout: Checkout
    """Where it works: a fork that it may write to, or the user's tree, which it only reads."""
    effort: Effort
    tier: Tier = Tier.NONE
    """Of the stage: the target may do anything, below it the route's kind says what is allowed."""
    findings: tuple[str, ...] = ()
    """What is handed over from earlier stages whose drafts were not accepted, oldest first."""
    rank: int = 0
    """Length of the longest chain of tasks that begins here: who waits goes by lane, then rank."""
    call: str = ""
    """Key of the call."""
    report: Reporting = unheard
    """Takes each step as it ends; also one that was cut off, so that its price is not lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a verifier is given."""

    task: Task
    route: Route
    draft: Draft
    checkout: Checkout
    """A fresh fork of the tree that is judged; never the folder that the executor worked in."""
    base: str
    """The commit that it must not be worse than."""
    evidence: tuple[Evidence, ...] = ()
    """What the verifiers before this one found."""
    desk: Desk | None = None
    """Where models may be asked; None: none may."""
    drafter: str = ""
    """Name of the executor that drafted; no model is told."""
    rank: int = 0
    """See `Assignment`: above 1 other tasks wait for this one."""
    earlier: tuple[Patch, ...] = ()
    """Drafts of the same task on the same base that were rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One stage of one task, to be run once: a second call with the same key changes nothing."""

    key: str
    """See `sef.keys.call_key`."""
    task: Task
    route: Route
    stage: Stage
    base: str
    """Commit to work on: values go by reference."""
    findings: tuple[str, ...] = ()
    rank: int = 0
    """See `Assignment`."""


Answering = Callable[[Proposal], Awaitable[None]]
"""Returns when the answer is durable."""


class Router(Protocol):
    """Says where a task should go first."""

    def route(self, task: Task) -> Route: ...


class Planner(Protocol):
    """Makes tasks from what a person said. Raises PlanError."""

    def plan(self, texts: Sequence[str]) -> tuple[Task, ...]: ...


class Executor(Protocol):
    """Works on one task in one checkout. Raises DraftFailure when it ends without a draft.

    Cancelled, it ends what it began within a tenth of a second, and reports what that cost.
    """

    async def execute(self, assignment: Assignment) -> Proposal: ...


class Pool(Protocol):
    """Where a stage runs. Raises DraftFailure when it ends without a draft."""

    async def draft(self, call: Call, answered: Answering, report: Reporting = unheard) -> Draft:
        """Runs the call; `answered` is awaited with the answer before anything else is done.

        `report` takes each step of the executor.
        """

    async def glance(self, call: Call) -> Patch | None:
        """What the call has written until now; None where it is not at work, or nowhere to see."""

    async def recover(self, call: Call, proposal: Proposal) -> Draft | None:
        """The draft of a call that was answered before an interruption; None when it is lost."""


class Desk(Protocol):
    """Books what verifiers ask of models about one draft, so that nothing is paid twice."""

    def known(self, key: str) -> Advice | None:
        """The advice on that question, where it was given before an interruption."""

    async def asks(self, verifier: str, executor: str, key: str, call: str) -> None:
        """Returns when the intent is durable; the model may then be asked."""

    async def told(self, key: str, advice: Advice) -> None:
        """Takes what came back, also a failure; it is durable when this returns."""


class Ledger(Protocol):
    """Keeps the facts of one run. Raises JournalError when it cannot."""

    def append(self, recorded: Recorded) -> None:
        """Takes the fact; it is durable after the next `settled`."""

    async def settled(self) -> None:
        """Returns when everything appended so far survives a power cut."""


class Verifier(Protocol):
    """Judges one draft. Whatever it raises counts as a rejection."""

    async def verify(self, case: Case) -> Verdict: ...


class Sink(Protocol):
    """Is told every fact. Whatever it raises is logged and cannot hurt the run."""

    def tell(self, fact: Fact) -> None: ...


class Clock(Protocol):
    """Time as a parameter, so that a test can own it. Seconds, monotonic."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...
