"""What the tests of the api executor share: a fork, a provider on loopback, a jail, one run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from conftest import git
from sef.executors.settings import Limits, ModelSettings
from sef.model import Checkout, Effort, Kind, Proposal, Route, Task, Tier
from sef.prices import PriceTable, Rates
from sef.protocols import Assignment
from sef.sandbox import Level, Sandbox, SandboxSettings, confine, probe
from sef.steps import ModelStep, Step, ToolStep
from sef.testing.provider import LoopbackProvider, Turn

for _needed in ("pydantic_ai", "pydantic_ai_harness", "anthropic", "openai"):
    pytest.importorskip(_needed, reason=f"the extra api is not installed: {_needed} is missing")

MODEL = "claude-haiku-5-5"
WIRES = ("anthropic", "openai")
KEY = "sk-canary-0123456789"
FORM: Mapping[str, object] = {
    "result": "Done.",
    "read": ["a.py:1"],
    "changed": [],
    "checks": [],
    "doubts": [],
}
DONE = Turn(calls=(("hand_back", FORM),))
OWN = Rates(
    input=Decimal(1),
    output=Decimal(10),
    cache_read=Decimal("0.1"),
    cache_write_5m=Decimal("1.25"),
    cache_write_1h=Decimal(2),
)


@dataclass
class Run:
    """What one run left."""

    proposal: Proposal
    steps: list[Step]

    @property
    def models(self) -> list[ModelStep]:
        return [one for one in self.steps if isinstance(one, ModelStep)]

    @property
    def tools(self) -> list[ToolStep]:
        return [one for one in self.steps if isinstance(one, ToolStep)]


@dataclass
class Bench:
    """A repository with one fork, and the way to run the executor in it."""

    main: Path
    fork: Path
    steps: list[Step] = field(default_factory=list)
    jail: Sandbox = field(default_factory=lambda: Sandbox(level=Level.OFF))
    variables: Mapping[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(Path.home())}
    )

    def jailed(self) -> Bench:
        """Has commands run in the sandbox that works here; skips where none does."""
        if probe() is None:
            pytest.skip("no sandbox works here")
        self.jail = confine(
            SandboxSettings(), tree=self.main, scratch=self.fork.parent, variables=os.environ
        )
        return self

    def settings(self, provider: LoopbackProvider, wire: str, **changed: object) -> ModelSettings:
        """`wire` is the provider's name: openai is asked at /v1, as its clients do."""
        url = provider.url + ("/v1" if wire not in ("anthropic", "ollama") else "")
        said: dict = {
            "executor": "drafts",
            "model": MODEL,
            "provider": wire,
            "base_url": url,
            "key": KEY,
            "limits": Limits(),
            "prices": PriceTable({MODEL: OWN}),
        }
        return ModelSettings(**{**said, **changed})

    def assignment(
        self,
        kind: Kind = Kind.IMPLEMENT,
        tier: Tier = Tier.STANDARD,
        text: str = "Do it.",
        effort: Effort = Effort.LOW,
    ) -> Assignment:
        async def report(step: Step) -> None:
            self.steps.append(step)

        route = Route(tier=tier, kind=kind, policy="fast", score=1.0, reason="a test")
        checkout = Checkout(
            path=self.fork, commit="HEAD", users=False, files=("a.py",), base_files=("a.py",)
        )
        return Assignment(
            task=Task(id="t", text=text),
            route=route,
            checkout=checkout,
            effort=effort,
            tier=tier,
            report=report,
        )

    async def run(
        self,
        provider: LoopbackProvider,
        wire: str = "anthropic",
        *,
        assignment: Assignment | None = None,
        asking: object = None,
        **changed: object,
    ) -> Run:
        from sef.executors.api import ApiExecutor, at_once

        executor = ApiExecutor(
            self.settings(provider, wire, **changed),
            sandbox=self.jail,
            variables=self.variables,
            asking=asking or at_once,
        )
        proposal = await executor.execute(assignment or self.assignment())
        return Run(proposal=proposal, steps=self.steps)


def made(repository: Callable[[dict[str, str]], Path], tmp_path: Path) -> Bench:
    """A bench with a fork of a small repository."""
    main = repository({"a.py": "x = 1\n", "pkg/b.py": "from a import x\n"})
    fork = tmp_path / "forks" / "one"
    fork.parent.mkdir()
    git(main, "worktree", "add", "-q", "--detach", str(fork))
    return Bench(main=main, fork=fork)


def results(provider: LoopbackProvider, request: int = -1) -> str:
    """The text of the last message of a request: what tools answered."""
    return provider.requests[request].last
