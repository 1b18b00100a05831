"""Drafts of one run, judged by the same verifier, with what was run for it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from conftest import git
from sef.build import check_runner
from sef.checks import Check, CheckRun, CheckRunner
from sef.config import ChecksConfig, Config
from sef.environment.settings import Settings
from sef.model import Answer, Checkout, Draft, Kind, Route, Task, Tier, Usage, Verdict
from sef.protocols import Case
from sef.reach import Bases, Reach
from sef.repository import find_repository
from sef.sandbox import SandboxSettings
from sef.verifiers.checks import Checks
from sef.workspace import Workspace

Edit = Callable[[Path], object]
TASK = Task(id="t", text="Add a multiply function to calc/ops.py")
_ROUTE = Route(tier=Tier.LIGHT, kind=Kind.IMPLEMENT, policy="fast", score=1, reason="")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What became of the drafts."""

    verdicts: tuple[Verdict, ...]
    runs: tuple[tuple[str, str], ...]
    """For each command that was run: draft or base, and the command."""
    seconds: tuple[float, ...]
    """Of each verdict."""

    @property
    def verdict(self) -> Verdict:
        """Of the only draft."""
        (only,) = self.verdicts
        return only

    def signs(self, number: int = 0) -> dict[str, str]:
        """The details of a verdict's evidence by sign."""
        return {one.sign: one.detail for one in self.verdicts[number].evidence}


class _Noted(CheckRunner):
    """Writes down what it was asked to run."""

    noted: list[tuple[str, str]] = []  # noqa: RUF012

    async def run(self, check: Check, checkout: Checkout, *, only: str | None = None) -> CheckRun:
        self.noted.append((checkout.commit, check.command))
        return await super().run(check, checkout, only=only)


def writes(files: dict[str, str | bytes | None]) -> Edit:
    """An edit that writes these files; None deletes."""

    def edit(root: Path) -> None:
        for path, content in files.items():
            target = root / path
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    return edit


def judged(
    root: Path,
    tmp_path: Path,
    *edits: Edit,
    task: Task = TASK,
    checks: ChecksConfig | None = None,
    long_s: float = 10.0,
    first: float = 0.25,
    processes: int = 4096,
    twice: bool = False,
    unheld: bool = False,
) -> Judged:
    """The verdicts on drafts of the user's tree, one after another; with `twice`, the second base
    is another commit of the same tree; `unheld` has no sandbox."""

    async def go() -> Judged:
        repository = await find_repository(root)
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        workspace = Workspace(repository, run="r1", scratch=scratch)
        await workspace.open()
        config = Config(
            python=Path(sys.executable),
            checks=checks or ChecksConfig(timeout_s=60),
            environment=Settings(sandbox=SandboxSettings(mode="off" if unheld else "required")),
        )
        made = check_runner(repository, config, scratch)
        runner = _Noted(**{one.name: getattr(made, one.name) for one in fields(made)})
        runner = replace(runner, processes=processes)
        runner.noted.clear()
        reach = Reach(repository.git, tree=root)
        verifier = Checks(
            "tests", runner, workspace, bases=Bases(), reach=reach, long_s=long_s, first=first
        )
        verdicts, seconds, bases = [], [], {workspace.base}
        base = workspace.base
        for edit in edits:
            started = time.monotonic()
            verdicts.append(await _verdict(verifier, workspace, base, edit, task))
            seconds.append(time.monotonic() - started)
            if twice:
                tree = f"{workspace.base}^{{tree}}"
                words = ("commit-tree", tree, "-p", base, "-m", "again")
                base = (await asyncio.to_thread(git, root, *words)).strip()
                bases.add(base)
        runs = tuple(("base" if one in bases else "draft", what) for one, what in runner.noted)
        return Judged(verdicts=tuple(verdicts), runs=runs, seconds=tuple(seconds))

    return asyncio.run(go())


async def _verdict(
    verifier: Checks, workspace: Workspace, base: str, edit: Edit, task: Task
) -> Verdict:
    async with workspace.fork(base) as fork:
        await asyncio.to_thread(edit, fork.checkout.path)
        patch = await workspace.capture(fork)
    draft = Draft(answer=Answer(text=""), patch=patch, usage=Usage(cost_usd=None))
    async with workspace.fork(patch.commit) as fork:
        case = Case(task=task, route=_ROUTE, draft=draft, checkout=fork.checkout, base=base)
        return await verifier.verify(case)


def several(*edits: Edit) -> Edit:
    """One edit made of several."""

    def edit(root: Path) -> None:
        for one in edits:
            one(root)

    return edit


__all__: Sequence[str] = ("TASK", "Edit", "Judged", "judged", "several", "writes")
