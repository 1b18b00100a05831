"""The JSON object of a run, as types.

docs/reference/run-json.md describes every field; `schema` goes up when one changes its meaning.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, SkipValidation

from sef.model import Kind, Status

Money = Annotated[
    Decimal | None,
    PlainSerializer(
        lambda value: None if value is None else float(value), return_type=float | None
    ),
]
"""US dollars; null is unknown."""


class _Reported(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CountsReport(_Reported):
    """Results of a test run."""

    passed: int
    failed: int
    errors: int
    skipped: int
    xfailed: int
    xpassed: int
    deselected: int


class MatchReport(_Reported):
    """A place in the tree."""

    path: Annotated[str, SkipValidation]
    """Exact: what is no Unicode in it stays as lone surrogates."""
    line: int
    text: str


class AttemptReport(_Reported):
    """One executor's try."""

    executor: str
    model: str | None
    requested: str | None
    """The model that was asked for, where another one was billed."""
    accepted: bool | None
    reason: str
    cost_usd: Money
    seconds: float
    tier: int
    squashed: bool
    requests: int
    plan: bool
    """True where a subscription covers it: the price is the list's, and nobody pays it."""
    tokens: int
    """Of every class."""
    quota: float | None
    """Share of the subscription's window that was used up at its end; null: unsaid."""
    verification_usd: Money = None
    """Of the models that verifiers asked about its draft; null also where nothing was judged."""
    probability: float | None = None
    """That its draft is right, as the evidence was weighed; null where it was not."""


class AuditReport(_Reported):
    """The target's second look at an accepted draft."""

    regression: bool | None
    """null: it could not be told, or the audit was cut off."""
    reason: str
    cost_usd: Money


class TaskReport(_Reported):
    """What became of one task."""

    id: str
    text: str
    tier: int | None
    kind: Kind | None
    status: Literal["planned"] | Status
    executor: str | None
    attempts: tuple[AttemptReport, ...]
    audit: AuditReport | None
    answer: str | None
    commit: str | None
    reason: str
    counts: CountsReport | None
    exit_code: int | None
    matches: tuple[MatchReport, ...]


class RunReport(_Reported):
    """What became of a run."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    run: str
    status: Literal["planned", "ok", "partial", "failed", "cancelled"]
    base: str | None
    dirty: bool | None
    branch: str | None
    applied: bool
    apply_error: str | None
    seconds: float
    tasks: tuple[TaskReport, ...]
    cut_off_calls: int = 0
    """Calls under way when the run was killed: what they paid untold is not in the cost."""
    cost_usd: Money
    baseline_usd: Money
    saved_usd: Money
    saved_is: Literal["measured", "estimated", "unknown"]

    def json_text(self) -> str:
        """The object as indented JSON in ASCII."""
        return json.dumps(self.model_dump(by_alias=True), indent=2)

    @property
    def red(self) -> bool:
        """True when a command that was run on request did not succeed."""
        return any(task.exit_code for task in self.tasks)
