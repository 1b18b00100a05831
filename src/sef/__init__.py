"""Task-level speculative execution for software engineering.

import asyncio, pathlib, sef

async def main() -> None:
    async with sef.open_engine(pathlib.Path(".")) as engine:
        facts = await engine.run(sef.Plan((sef.Task(id="t", text="run the tests"),)))
    print(sef.report(facts).status)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from sef.errors import ConfigError, DraftFailure, PlanError, RepositoryError, SefError
from sef.model import (
    Answer,
    Draft,
    Effort,
    Kind,
    Outcome,
    Patch,
    Proposal,
    Route,
    Task,
    Tier,
    Usage,
    Verdict,
)
from sef.plan import Plan
from sef.policy import Policy
from sef.protocols import Assignment, Case
from sef.story import outcomes

if TYPE_CHECKING:
    from sef.build import open_engine
    from sef.report import report

_SHELL = {"open_engine": "sef.build", "report": "sef.report"}

__all__ = [
    "Answer",
    "Assignment",
    "Case",
    "ConfigError",
    "Draft",
    "DraftFailure",
    "Effort",
    "Kind",
    "Outcome",
    "Patch",
    "Plan",
    "PlanError",
    "Policy",
    "Proposal",
    "RepositoryError",
    "Route",
    "SefError",
    "Task",
    "Tier",
    "Usage",
    "Verdict",
    "open_engine",
    "outcomes",
    "report",
]


def __getattr__(name: str) -> object:
    """The shell is imported when it is first used: the nouns stay light to import."""
    if name in _SHELL:
        return getattr(import_module(_SHELL[name]), name)
    raise AttributeError(f"module 'sef' has no attribute {name!r}")
