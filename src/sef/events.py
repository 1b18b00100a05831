"""Facts (past participles) tell what happened.

They go from the shell into the schedule and to the sinks. Every number that sef prints is a fold
over facts.
"""

from __future__ import annotations

from dataclasses import dataclass

from sef.advice import Advised, Consulted
from sef.model import Cascade, Draft, Patch, Proposal, Route, Task, Tier, Usage, Verdict
from sef.steps import FellBack, ModelCalled, ToolCalled


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run began on a snapshot of the user's tree."""

    run: str
    base: str
    dirty: bool
    """True when the snapshot holds uncommitted or untracked work."""
    tasks: tuple[Task, ...]
    slots: int
    """Tasks that may run at once."""
    audit: float = 0.0
    """The least probability with which an accepted draft is audited; 0: none is."""
    sandbox: str = ""
    """What stands around whatever runs in a tree that a draft wrote."""
    found: str = ""
    """The models that were found, where no configuration names any."""
    host: str = ""
    """Who had the work done and holds its result, where that was not sef; empty: it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """The policy made a cascade from a task's route."""

    task: str
    route: Route
    cascade: Cascade | None
    """None where no executor can take the task."""
    obstacle: str = ""
    """Why there is no cascade."""
    begins: str = ""
    """What the never-lose gate said: draft, explore or target; empty where it was not asked."""
    weighed: tuple[str, ...] = ()
    """Why, and each draft that was thought of with its numbers, in words."""
    risk_usd: float = 0.0
    """US dollars that the drafts are expected to lose, where they are made to learn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """An executor is about to be given the task: durable before it is, so that a paid call that
    was cut off can be told from one that never began."""

    task: str
    epoch: int
    stage: int
    """Which stage of the cascade, from 0."""
    executor: str
    tier: Tier
    base: str
    """Commit it works on."""
    call: str
    """Key of the call: run, task, epoch, stage and what is asked, hashed."""
    handover: str = ""
    """What it was given of the drafts before it: warm, cold (nothing), or empty (none were)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A paid call came back: durable at once, while its work still lies in its fork."""

    task: str
    epoch: int
    call: str
    proposal: Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """An executor's work was taken from its fork: durable before anybody sees it."""

    task: str
    epoch: int
    executor: str
    tier: Tier
    draft: Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An executor ended without a draft; the task is deferred to the next stage."""

    task: str
    epoch: int
    executor: str
    tier: Tier
    reason: str
    usage: Usage
    partial: Patch | None = None
    """What it had written until then, handed over as a finding; None: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A draft was judged and not accepted; the task is deferred to the next stage."""

    task: str
    epoch: int
    executor: str
    tier: Tier
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A draft was judged and accepted; it waits for its turn to commit."""

    task: str
    epoch: int
    executor: str
    tier: Tier
    draft: Draft
    verdict: Verdict
    verifiers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """It was drawn whether an accepted draft is audited: durable before the audit is paid."""

    task: str
    epoch: int
    probability: float
    """That the draft is right, as it was thought when it was accepted."""
    propensity: float
    """The probability with which it was to be audited."""
    floor: float
    """The least propensity that any draft could have had then."""
    drawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditBegan:
    """The target is about to be asked: durable before it is."""

    task: str
    epoch: int
    executor: str
    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """The target did the task again beside an accepted draft, and the two were compared."""

    task: str
    epoch: int
    regression: bool | None
    """True: the draft is wrong where the target is right. None: it could not be told."""
    reason: str
    usage: Usage
    """Of the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A person put what audits have proved in force for a stratum."""

    stratum: str
    tau: float | None
    """Drafts below this probability are not accepted; None: executable evidence alone decides."""
    reason: str
    models: str = ""
    """Of the drafts that it rests on: drafts of others are not under it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhausted:
    """Every stage of a task's cascade was tried and none gave an accepted draft."""

    task: str
    epoch: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """An accepted draft became part of the run's result."""

    task: str
    epoch: int
    commit: str | None
    """None where there was nothing to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Squashed:
    """An accepted draft did not merge; the task starts again on the new tip."""

    task: str
    epoch: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A task will not start because one that it needs failed."""

    task: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The person who asked called one task, or the whole run, off before it was done."""

    task: str | None = None
    """None for the whole run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A run that was cut off goes on."""

    run: str
    in_flight: tuple[str, ...]
    """Keys of the calls under way when it was cut off: possibly paid twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The run's result was merged into the user's tree."""

    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """Nothing is left to do."""

    run: str
    seconds: float
    """Wall-clock time of the run."""
    branch: str | None
    """None where no task wrote anything."""


TaskFact = (
    Dispatched
    | ModelCalled
    | ToolCalled
    | FellBack
    | Answered
    | Drafted
    | Failed
    | Rejected
    | Accepted
    | Exhausted
    | Committed
    | Squashed
    | Blocked
    | Consulted
    | Advised
    | Sampled
    | AuditBegan
    | Audited
)
Fact = RunStarted | Routed | TaskFact | Cancelled | Resumed | Applied | RunFinished | Calibrated


def is_paid(fact: TaskFact) -> bool:
    """True for the beginning and the end of what costs money: both must be durable at once."""
    if isinstance(fact, Dispatched | Drafted | Failed):
        return fact.tier > Tier.NONE
    return isinstance(fact, Answered | AuditBegan | Audited | Consulted | Advised)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A fact with its time."""

    fact: Fact
    seconds: float
    """Since the run began, by a clock that never goes back; the time between a cut-off and the
    resumption is left out."""
