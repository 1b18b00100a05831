"""Task-level speculative execution for software engineering.

import asyncio, pathlib, sef

async def main() -> None:
    async with sef.open_engine(pathlib.Path(".")) as engine:
        facts = await engine.run(sef.Plan((sef.Task(id="t", text="run the tests"),)))
    print(sef.report(facts).status)
"""

# Names are imported when they are first used: a command that is called off while it starts must
# not be in the middle of an import here, and `import sef` must cost nothing.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from sef.build import open_engine, open_interrupted
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
    from sef.report import report
    from sef.story import outcomes

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
    "open_interrupted",
    "outcomes",
    "report",
]

_HOMES = {
    "build": ("open_engine", "open_interrupted"),
    "errors": ("ConfigError", "DraftFailure", "PlanError", "RepositoryError", "SefError"),
    "plan": ("Plan",),
    "policy": ("Policy",),
    "protocols": ("Assignment", "Case"),
    "report": ("report",),
    "story": ("outcomes",),
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'sef' has no attribute {name!r}")
    from importlib import import_module

    home = next((home for home, names in _HOMES.items() if name in names), "model")
    return getattr(import_module(f"sef.{home}"), name)
