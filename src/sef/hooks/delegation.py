"""A delegation in Claude Code: what it was, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sef.build import Judgement
from sef.hooks.delegating import EXECUTORS
from sef.hooks.gating import Memory
from sef.model import Effort, Evidence, Kind, Tier
from sef.repository import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """One delegation as its end tells it, with the record of its start."""

    record: Mapping[str, Any]
    executor: str
    task: str
    call: str
    """Claude Code's name of the tool use."""
    effort: Effort
    report: str
    seconds: float
    """From its start to its end."""
    transcript: Path
    state: str
    repository: Repository
    memory: Memory

    @property
    def kind(self) -> Kind:
        """The kind of work: each executor has one."""
        return Kind(self.executor.removeprefix("sef-"))

    @property
    def tier(self) -> Tier:
        """That of the executor."""
        return Tier(EXECUTORS[self.executor]["tier"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a delegation came to."""

    accepted: bool
    reason: str
    judged: Judgement | None = None
    """The verdict on the draft itself; None where it ended without one."""
    evidence: tuple[Evidence, ...] = ()
    """Of the draft, or of the merged tree where that was judged again."""
    paths: tuple[str, ...] = ()
    """What was merged into the user's files."""
    blobs: Mapping[str, str] = field(default_factory=dict)
    """git's names of what was merged, by path."""
    kept: str = ""
    """File of the patch, where it is kept though it was not accepted."""
