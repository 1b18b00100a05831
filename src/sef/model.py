"""The nouns of sef: frozen values, no behaviour beyond what their fields imply.

A `Task` is routed (`Route`), the policy makes a `Cascade` of `Stage`s from the route, each
stage's executor makes a `Proposal` in a `Checkout`, git makes a `Draft` of it, verifiers give a
`Verdict`, and what is left at the end is an `Outcome`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum
from pathlib import Path

from sef.errors import PlanError


class Kind(StrEnum):
    """What a task asks for. How much model it needs is the `Tier`, another axis."""

    EXPLORE = "explore"
    VALIDATE = "validate"
    DOCUMENT = "document"
    IMPLEMENT = "implement"
    REVIEW = "review"
    DESIGN = "design"

    @property
    def writes(self) -> bool:
        """True where the result is a change of files rather than an answer."""
        return self in (Kind.DOCUMENT, Kind.IMPLEMENT)


class Tier(IntEnum):
    """How much model works on a task: none, two draft classes, the target."""

    NONE = 0
    LIGHT = 1
    STANDARD = 2
    TARGET = 3


class Effort(StrEnum):
    """How long a model may think before it answers."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    MAX = "max"


class Lane(IntEnum):
    """Who goes first when a slot is free: an urgent task before any other, whatever its rank."""

    URGENT = 0
    NORMAL = 1
    BACKGROUND = 2


class Resource(StrEnum):
    """What a running task mainly uses; each resource has slots of its own."""

    AGENT = "agent"
    """Waits for a model most of the time."""
    CPU = "cpu"
    """Keeps a core busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work, as its author said it."""

    id: str
    """Unique within the plan: letters, digits, `-`, `_`, `.`."""
    text: str
    """The request in the author's words."""
    needs: tuple[str, ...] = ()
    """Ids of the tasks whose committed results this one builds on."""
    kind: Kind | None = None
    """Set when the author says what kind of work it is; otherwise the router decides."""
    paths: tuple[str, ...] = ()
    """Glob patterns of the files it may write; empty: whatever its kind may write."""
    lane: Lane = Lane.NORMAL
    """Which tasks go before it when slots are scarce."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A wholly understood mechanical request: a tier 0 executor and its arguments."""

    executor: str
    """Name of the tier 0 executor."""
    what: str
    """The operation, in that executor's words."""
    subject: str = ""
    """What it is done to: a name, a pattern, a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a task goes first, and why."""

    tier: Tier
    """The cheapest tier that is thought to be enough."""
    kind: Kind
    """The kind of work."""
    policy: str
    """Name of the policy that the seed's triggers pick: fast, standard or complex."""
    score: float
    """Confidence in the tier, 0 to 1; a threshold is the policy's business."""
    reason: str
    """One line a person can read."""
    request: Request | None = None
    """Present exactly when the tier is 0."""
    needs_context: bool = False
    """True where the text cannot be judged without what was said before it; it is retained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of a cascade."""

    executor: str
    """Name of the executor that drafts."""
    tier: Tier
    """Its tier."""
    effort: Effort
    """How hard it is asked to think."""
    verifiers: tuple[str, ...]
    """Names of the verifiers that must all accept, in the order they run."""
    deadline_s: float
    """Seconds the executor may take."""
    hedge_s: float | None = None
    """Seconds after which the next stage starts beside this one; None: only after it."""
    most_requests: int | None = None
    """Requests after which the rest of a draft costs more than it may save; None: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """The stages a task goes through until one draft is accepted.

    Raises PlanError when there is no stage or when a later stage has a lower tier: a retry is
    never a downgrade.
    """

    stages: tuple[Stage, ...]
    """In the order they are tried."""
    checks: tuple[str, ...] = ()
    """Names of the verifiers that a merged tree must pass."""

    def __post_init__(self) -> None:
        tiers = [stage.tier for stage in self.stages]
        if not tiers:
            raise PlanError("a cascade needs at least one stage")
        if tiers != sorted(tiers):
            raise PlanError(f"a cascade may not go down a tier on a retry: {tiers}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an attempt used up. Money is apart from tokens: None means unknown, never free."""

    cost_usd: Decimal | None
    """US dollars."""
    seconds: float = 0.0
    """Wall-clock time of the executor."""
    model: str | None = None
    """The model that was billed; None where none was."""
    input_tokens: int = 0
    """Prompt tokens that no cache served."""
    output_tokens: int = 0
    """Generated tokens."""
    cache_read_tokens: int = 0
    """Prompt tokens that the provider's cache served."""
    cache_write_tokens: int = 0
    """Prompt tokens written to the provider's cache."""
    requests: int = 0
    """Requests to a model."""
    plan: bool = False
    """True where a subscription covers it: `cost_usd` is then the list price, which nobody pays."""
    quota: float | None = None
    """Share of the subscription's window that is used up, as the provider said; None: unsaid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Results of a test run as its runner reports them."""

    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    xfailed: int = 0
    xpassed: int = 0
    deselected: int = 0

    @property
    def ran(self) -> int:
        """Tests that gave a result (skipped and deselected ones gave none)."""
        return self.passed + self.failed + self.errors + self.xfailed + self.xpassed

    @property
    def red(self) -> bool:
        """True when a test failed or could not be run."""
        return bool(self.failed or self.errors)

    def __str__(self) -> str:
        said = [f"{getattr(self, name)} {name}" for name in self.__slots__ if getattr(self, name)]
        return re.sub(r"\b1 errors", "1 error", ", ".join(said)) or "no tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A place in the tree that answers a search."""

    path: str
    """Relative to the root of the tree, with forward slashes."""
    line: int
    """Counted from 1; 0 means the file as a whole."""
    text: str
    """The line, without its end; empty for a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an executor says, and the structure behind it where there is one."""

    text: str
    """For the person who asked."""
    counts: Counts | None = None
    """Of a test run."""
    exit_code: int | None = None
    """Of the command that was run on request."""
    matches: tuple[Match, ...] = ()
    """Of a search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What an executor hands back. Its changes are not part of it: git is asked for those."""

    answer: Answer
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One path that a patch touches."""

    path: str
    """Relative to the root of the tree."""
    status: str
    """git's letter: A added, M modified, D deleted, T type changed."""
    mode: str
    """git's file mode after the change ("000000" when deleted)."""
    binary: bool = False
    """True where git sees no text in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """The difference between two commits, held by git and referred to by name."""

    base: str
    """Commit the work started from."""
    commit: str
    """Commit that holds the work; equal to `base` when nothing changed."""
    changes: tuple[Change, ...] = ()
    """One entry a path, sorted by path."""

    @property
    def empty(self) -> bool:
        """True when no file changed."""
        return not self.changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A finished attempt, not yet judged."""

    answer: Answer
    patch: Patch
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing a verifier found."""

    verifier: str
    """Name of the verifier that found it."""
    passed: bool | None
    """None where it could not be decided."""
    detail: str
    """In words."""
    sign: str = ""
    """Slug of what it is a sign of, which the fusion weighs; empty: it has no weight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement on a draft. Doubt rejects: what is undecided is not accepted."""

    accepted: bool
    """True only when every verifier accepted."""
    reason: str
    """One line: what settled it."""
    undecided: bool = False
    """True when it was rejected because nothing could be proved."""
    evidence: tuple[Evidence, ...] = ()
    """In the order it was found."""
    seconds: float = 0.0
    """Wall-clock time of the verification."""
    probability: float | None = None
    """That the draft is right, as its evidence is weighed; None where it was not."""
    doubted: bool = False
    """True where every verifier accepted and the probability alone was too low."""
    cost_usd: Decimal | None = Decimal(0)
    """US dollars of the models that were asked for it; None is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A folder that holds one tree: the user's own, or a fork of it."""

    path: Path
    """Absolute."""
    commit: str
    """The commit it was made from; for the user's tree, its snapshot."""
    users: bool
    """True for the user's own tree, where nothing may be left behind."""
    files: tuple[str, ...]
    """Paths of the files in `commit`, sorted."""
    base_files: tuple[str, ...]
    """Paths of the files in the snapshot of the user's tree, sorted."""
    changed: tuple[str, ...] = ()
    """Paths in which `commit` differs from that snapshot, sorted."""


class Status(StrEnum):
    """How a task ended."""

    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One executor's try at one task, with what became of it."""

    executor: str
    tier: Tier
    model: str | None
    """The billed model, None where none was."""
    accepted: bool | None
    """None when there was no draft to judge."""
    reason: str
    cost_usd: Decimal | None
    """None is unknown."""
    seconds: float
    squashed: bool = False
    """True when the draft was accepted and then undone because it did not merge."""
    usage: Usage | None = None
    """All that it used up."""
    requested: str | None = None
    """The model that was asked for, where another one was billed."""
    verdict: Verdict | None = None
    """None where there was no draft to judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a task."""

    task: Task
    status: Status
    route: Route | None
    """None when the task never started."""
    attempts: tuple[Attempt, ...]
    """In the order they were made, over all epochs."""
    answer: Answer | None
    """Of the accepted draft."""
    commit: str | None
    """On the run's branch; None when there was nothing to commit."""
    reason: str
    """Why it ended as it did."""
