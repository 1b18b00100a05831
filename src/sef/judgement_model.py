"""The JSON object of a judgement, as types.

docs/reference/verify-json.md describes every field; `schema` goes up when one changes its meaning.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from sef.model import Kind
from sef.report_model import Money


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChangeTold(_Told):
    """One path that the change touches."""

    path: Annotated[str, SkipValidation]
    """Exact: what is no Unicode in it stays as lone surrogates."""
    status: str
    binary: bool


class EvidenceTold(_Told):
    """One thing that was found."""

    verifier: str
    passed: bool | None
    """null: it could not be decided."""
    detail: str
    sign: str


class TaskTold(_Told):
    """What the change was held against."""

    text: str
    source: Literal["given", "commits", "none"]
    kind: Kind


class JudgementTold(_Told):
    """What became of a change."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    verdict: Literal["accepted", "rejected", "undecided"]
    reason: str
    probability: float | None
    seconds: float
    cost_usd: Money
    base: str
    head: str
    commit: str
    changes: tuple[ChangeTold, ...]
    task: TaskTold
    policy: str
    verifiers: tuple[str, ...]
    evidence: tuple[EvidenceTold, ...]
    """What rejects first, then what is undecided, then what holds."""

    def json_text(self) -> str:
        """The object as indented JSON in ASCII."""
        return json.dumps(self.model_dump(by_alias=True), indent=2)
