"""The claude executor with the real client: a repository, a fork of it, and a loopback provider."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from claude.client import FAKE_KEY, client
from sef.executors.claude import ClaudeExecutor
from sef.executors.settings import Limits, ModelSettings
from sef.model import Checkout, Effort, Kind, Proposal, Route, Task, Tier
from sef.protocols import Assignment
from sef.steps import ModelStep, Step, ToolStep
from sef.testing.provider import LoopbackProvider, Turn, Used

MODEL = "claude-haiku-5-5"
FORM: Mapping[str, object] = {
    "result": "It says alpha.",
    "read": ["one.txt:1"],
    "changed": [],
    "checks": ["true: exit code 0"],
    "doubts": [],
}


@dataclass(slots=True)
class World:
    """A repository with a fork, another fork, and a user's home with a secret in it."""

    root: Path
    main: Path
    fork: Path
    other: Path
    home: Path
    steps: list[Step] = field(default_factory=list)

    @property
    def models(self) -> list[ModelStep]:
        return [one for one in self.steps if isinstance(one, ModelStep)]

    @property
    def tools(self) -> list[ToolStep]:
        return [one for one in self.steps if isinstance(one, ToolStep)]

    async def report(self, step: Step) -> None:
        self.steps.append(step)

    def assignment(
        self,
        kind: Kind = Kind.IMPLEMENT,
        tier: Tier = Tier.STANDARD,
        *,
        text: str = "Say what is in one.txt.",
        effort: Effort = Effort.MEDIUM,
        users: bool = False,
    ) -> Assignment:
        route = Route(tier=tier, kind=kind, policy="fast", score=1.0, reason="a test")
        path = self.main if users else self.fork
        checkout = Checkout(path=path, commit="c", users=users, files=(), base_files=())
        return Assignment(
            task=Task(id="t", text=text),
            route=route,
            checkout=checkout,
            effort=effort,
            tier=tier,
            report=self.report,
        )


def git(root: Path, *args: str) -> str:
    named = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    own = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = subprocess.run(
        ("git", *named, *args), cwd=root, env=own, check=True, capture_output=True, text=True
    )
    return done.stdout


def make_world(root: Path) -> World:
    world = World(
        root=root,
        main=root / "main",
        fork=root / "scratch" / "fork",
        other=root / "scratch" / "other",
        home=root / "users-home",
    )
    (world.home / ".ssh").mkdir(parents=True)
    (world.home / ".ssh" / "id").write_text("SSH-SECRET")
    world.main.mkdir()
    (world.main / "one.txt").write_text("alpha\n")
    git(world.main, "init", "-q", "-b", "main")
    git(world.main, "add", "-A")
    git(world.main, "commit", "-q", "-m", "start")
    for path in (world.fork, world.other):
        git(world.main, "worktree", "add", "-q", "--detach", str(path))
    (world.other / "secret.txt").write_text("OTHER-SECRET")
    return world


def settings(url: str | None, *, key: str | None = FAKE_KEY, **more: object) -> ModelSettings:
    given: dict[str, object] = {"executor": "light", "model": MODEL, "base_url": url, "key": key}
    return ModelSettings(**(given | more))  # type: ignore[arg-type]


def variables(url: str, **more: str) -> dict[str, str]:
    """What the user's variables are taken to be; every other host leads to the provider."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HTTP_PROXY": url,
        "HTTPS_PROXY": url,
        "NO_PROXY": "127.0.0.1,localhost",
        **more,
    }


@asynccontextmanager
async def executing(
    world: World, url: str, *, waiting: int = 0, limits: Limits | None = None, **more: object
) -> AsyncIterator[ClaudeExecutor]:
    """An executor whose provider listens at `url`; its clients are gone afterwards."""
    client()
    asked = settings(url, limits=limits or Limits())
    given: dict[str, object] = {"variables": variables(url), "home": world.home, "waiting": waiting}
    executor = ClaudeExecutor(asked, **(given | more))  # type: ignore[arg-type]
    try:
        yield executor
    finally:
        await executor.close()


def done(text: str = "It says alpha.", used: Used | None = None) -> Turn:
    """The model hands back the form through the client's tool."""
    form = {**FORM, "result": text}
    return Turn(calls=(("StructuredOutput", form),), used=used or Used())


async def run(
    world: World, script: Iterable[Turn], assignment: Assignment | None = None, **more: object
) -> tuple[Proposal, LoopbackProvider]:
    """One call against a script; the proposal, and the provider with what it was asked."""
    with LoopbackProvider(script) as provider:
        async with executing(world, provider.url, **more) as executor:  # type: ignore[arg-type]
            proposal = await executor.execute(assignment or world.assignment())
    return proposal, provider
