"""Where the executors are measured: a repository with forks, and models that are scripts."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from sef.executors.settings import ModelSettings
from sef.git import git_environment
from sef.model import Checkout, Effort, Kind, Proposal, Route, Task, Tier
from sef.protocols import Assignment
from sef.sandbox import SandboxSettings, confine
from sef.steps import unheard
from sef.testing.provider import Matcher, Request, Turn

KEY: Final = "sk-ant-key-of-a-benchmark"
KIND, TIER, EFFORT = Kind.IMPLEMENT, Tier.STANDARD, Effort.MEDIUM
THINKING_S: Final = 0.3
"""What the provider takes for each answer of a three-turn run."""
WRITTEN: Final = ("two.txt", "written by the model\n")
RESULT: Final = "It is written."
BEGAN: Final = "began"
_HANGS_S: Final = 120.0
_FORM: Final[Mapping[str, object]] = {
    "result": RESULT,
    "read": ["one.txt:1"],
    "changed": ["two.txt"],
    "checks": [],
    "doubts": [],
}
_WHO: Final = ("-c", "user.name=a", "-c", "user.email=a@localhost")


class Working(Protocol):
    """An executor."""

    async def execute(self, assignment: Assignment) -> Proposal:
        """Works on a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """An executor and the API that it speaks."""

    name: str
    provider: str = "anthropic"
    model: str = "claude-haiku-5-5"
    suffix: str = ""

    @property
    def claude(self) -> bool:
        """True for Claude Code."""
        return self.name == "claude"


WIRES: Final = (
    Wire(name="claude"),
    Wire(name="api-anthropic"),
    Wire(name="api-openai", provider="openai", model="gpt-6-luna", suffix="/v1"),
)
WIRE: Final = {one.name: one for one in WIRES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A repository, some forks of it, and the home of a user."""

    root: Path

    @property
    def main(self) -> Path:
        """The repository."""
        return self.root / "main"

    @property
    def home(self) -> Path:
        """The user's."""
        return self.root / "home"

    def fork(self, number: int = 0) -> Path:
        """One of the forks."""
        return self.root / "scratch" / f"fork-{number}"

    def variables(self, url: str) -> dict[str, str]:
        """The user's; every host but this one leads to the provider."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "HTTP_PROXY": url,
            "HTTPS_PROXY": url,
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def assignment(self, number: int = 0) -> Assignment:
        """A task in one of the forks."""
        path = self.fork(number)
        files = ("one.txt",)
        return Assignment(
            task=Task(id="t", text="Copy one.txt to two.txt."),
            route=Route(tier=TIER, kind=KIND, policy="fast", score=1.0, reason="a benchmark"),
            checkout=Checkout(path=path, commit="HEAD", users=False, files=files, base_files=files),
            effort=EFFORT,
            tier=TIER,
            report=unheard,
        )

    def executor(self, wire: Wire, url: str, *, waiting: int = 0) -> Any:
        """One that asks the provider at `url`; imports what it needs."""
        given = self.variables(url)
        settings = ModelSettings(
            executor=wire.name,
            model=wire.model,
            provider=wire.provider,
            base_url=url + wire.suffix,
            key=KEY,
        )
        if wire.claude:
            from sef.executors.claude import ClaudeExecutor

            return ClaudeExecutor(settings, variables=given, home=self.home, waiting=waiting)
        from sef.executors.api import ApiExecutor

        scratch = self.root / "scratch"
        sandbox = confine(SandboxSettings(), tree=self.main, scratch=scratch, variables=given)
        return ApiExecutor(settings, sandbox=sandbox, variables=given)

    def check(self, proposal: Proposal | None, number: int = 0) -> None:
        """The file was written and the work handed back; then the fork is as it was."""
        name, text = WRITTEN
        assert (self.fork(number) / name).read_text() == text
        assert proposal is None or proposal.answer.text.startswith(RESULT)
        (self.fork(number) / name).unlink()


def make_ground(root: Path, forks: int) -> Ground:
    """Makes it below a folder."""
    ground = Ground(root=root)
    ground.home.mkdir()
    ground.main.mkdir()
    (ground.main / "one.txt").write_text("written by hand\n")
    steps = [("init", "-q"), ("add", "-A"), (*_WHO, "commit", "-q", "-m", "start")]
    for number in range(forks):
        steps.append(("worktree", "add", "-q", "--detach", str(ground.fork(number))))
    for words in steps:
        subprocess.run(("git", *words), cwd=ground.main, env=git_environment(), check=True)
    return ground


def calls(wire: Wire, fork: Path) -> tuple[tuple[str, Mapping[str, object]], ...]:
    """The model's three calls in the executor's words: read, write, hand back."""
    name, text = WRITTEN
    if wire.claude:
        return (
            ("Read", {"file_path": str(fork / "one.txt")}),
            ("Write", {"file_path": str(fork / name), "content": text}),
            ("StructuredOutput", _FORM),
        )
    return (
        ("read_file", {"path": "one.txt"}),
        ("write_file", {"path": name, "content": text}),
        ("hand_back", _FORM),
    )


def three_turns(wire: Wire, fork: Path, thinking_s: float = THINKING_S) -> list[Turn]:
    """A run of three requests, each answered after that long, as often as it is begun."""
    return [
        Turn(calls=(call,), delay_s=thinking_s, when=_after(number), times=None)
        for number, call in enumerate(calls(wire, fork))
    ]


def hanging() -> list[Turn]:
    """A model that does not answer."""
    return [Turn(delay_s=_HANGS_S, times=None)]


def commanding(wire: Wire) -> list[Turn]:
    """A model that runs a command without end."""
    command = f"touch {BEGAN}; sleep {_HANGS_S:g}"
    tool = ("Bash", {"command": command, "description": "wait"})
    return [Turn(calls=(tool if wire.claude else ("run_command", {"command": command}),))]


def _after(answers: int) -> Matcher:
    """True for a request that follows that many answers."""

    def matches(request: Request) -> bool:
        said = sum(one.get("role") == "assistant" for one in request.messages)
        return said == answers

    return matches


def printed(values: Mapping[str, object]) -> None:
    """One JSON object on standard output."""
    print(json.dumps(values), flush=True)
