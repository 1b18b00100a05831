"""What it costs that the checks of a fork judge the fork.

    python -m benchmarks.environment --json --project ~/click --project ~/attrs

A project is a folder that is a git repository with a .venv that has the project (editable) and
pytest installed, and whose tests pass. Without one, preparation is measured on a small project
that is made for it.

    shadow_ms           preparing the environment of a fork {p50, p95}
    reinstall_s         the same where the fork is installed into it, p50
    hide_ms             how much longer a run takes when it cannot see the user's tree, p50; both
                        runs are held as sef.toml's defaults say
    sandbox_ms          how much longer a check takes to start in the sandbox than with
                        `mode = "off"`, from preparation to the end of a Python that does nothing,
                        the user's tree being visible in both, p50
    run_overhead_ratio  by project: tests in a fork, from preparation to proof, against the same
                        command by hand in a fresh work tree with a plain environment of its own
    reasons             why something is null
    details             the numbers behind these
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.by_hand import Timed, forget_bytecode, plain_environment, run_by_hand
from benchmarks.sample import make_sample
from sef.build import repository_config
from sef.checks import Check, CheckRunner, Overrides
from sef.environment import Environments, Unproved
from sef.environment.settings import Settings
from sef.model import Checkout
from sef.process import run_program
from sef.repository import find_repository
from sef.sandbox import Level, SandboxSettings, probe
from sef.workspace import Workspace

_WARM_UP = 2
_CHANGE = '\n[project.entry-points."sef.benchmark"]\nit = "os:path"\n'


@dataclass(slots=True)
class Result:
    """The numbers so far; what could not be measured has a reason."""

    shadow: list[float] = field(default_factory=list)
    reinstall: list[float] = field(default_factory=list)
    hide: list[float] = field(default_factory=list)
    sandbox: list[float] = field(default_factory=list)
    ratios: dict[str, float | None] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    details: dict[str, dict[str, object]] = field(default_factory=dict)

    def said(self) -> dict[str, object]:
        """As it is printed."""
        return {
            "shadow_ms": _quantiles(self.shadow),
            "reinstall_s": _median(self.reinstall),
            "hide_ms": _median(self.hide),
            "sandbox_ms": _median(self.sandbox),
            "run_overhead_ratio": self.ratios,
            "reasons": self.reasons,
            "details": {
                "reinstall_s": _quantiles(self.reinstall),
                "hide_ms": _quantiles(self.hide),
                "sandbox_ms": _quantiles(self.sandbox),
                **self.details,
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One project under measurement."""

    name: str
    tree: Path
    scratch: Path
    workspace: Workspace
    tests: str | None
    """The command that sef.toml names."""

    def environments(self, settings: Settings | None = None) -> Environments:
        """As a run has them."""
        return Environments(
            tree=self.tree,
            scratch=self.scratch,
            python=self.tree / ".venv/bin/python",
            variables=dict(os.environ),
            settings=settings or Settings(),
        )


async def measure(projects: Sequence[Path], *, times: int, runs: int) -> Result:
    """Everything, one project after the other."""
    result = Result()
    with tempfile.TemporaryDirectory(prefix="sef-benchmark-") as scratch:
        trees = projects or [await asyncio.to_thread(make_sample, Path(scratch, "sample"))]
        for number, tree in enumerate(trees):
            async with _opened(tree, Path(scratch, str(number))) as subject:
                await _measure_one(subject, result, times)
                if projects:
                    await _measure_runs(subject, result, runs)
    if not projects:
        result.reasons["run_overhead_ratio"] = "no project was named (--project)"
    return result


@asynccontextmanager
async def _opened(tree: Path, scratch: Path) -> AsyncIterator[Subject]:
    repository = await find_repository(tree)
    await asyncio.to_thread(scratch.mkdir)
    run = f"benchmark-{os.getpid()}-{scratch.name}"
    workspace = Workspace(repository, run=run, scratch=scratch)
    config = repository_config(repository)
    await workspace.open()
    name, root = repository.root.name, repository.root
    try:
        yield Subject(
            name=name, tree=root, scratch=scratch, workspace=workspace, tests=config.checks.tests
        )
    finally:
        kept = await repository.git.ask("for-each-ref", "--format=%(refname)", f"refs/sef/{run}")
        for reference in kept.splitlines():
            await repository.git.ask("update-ref", "-d", reference)


async def _measure_one(subject: Subject, result: Result, times: int) -> None:
    async with subject.workspace.fork(subject.workspace.base) as fork:
        shadow = await _preparations(subject.environments(), fork.checkout, times)
        hide = await _hiding(subject, fork.checkout, times)
        sandbox = await _holding(subject, fork.checkout, times)
    reinstall = await _reinstallations(subject, result)
    result.shadow += shadow
    result.hide += hide
    result.sandbox += sandbox
    result.reinstall += reinstall
    result.details[subject.name] = {
        "shadow_ms": _quantiles(shadow),
        "hide_ms": _quantiles(hide),
        "sandbox_ms": _quantiles(sandbox),
        "sandbox": probe() or "none",
        "reinstall_s": _quantiles(reinstall),
    }
    if not hide:
        result.reasons["hide_ms"] = "bubblewrap does not work here"
    if not sandbox:
        result.reasons["sandbox_ms"] = "no sandbox works here"


async def _preparations(environments: Environments, fork: Checkout, times: int) -> list[float]:
    """Milliseconds; the user's interpreter was asked before."""
    taken = []
    for _ in range(_WARM_UP + times):
        began = time.perf_counter()
        environment = await environments.of_fork(fork)
        taken.append((time.perf_counter() - began) * 1000)
        environment.close()
    return taken[_WARM_UP:]


async def _hiding(subject: Subject, fork: Checkout, times: int) -> list[float]:
    """Milliseconds that hiding adds to a small program, from preparation to its end."""
    if probe() is not Level.BUBBLEWRAP:
        return []
    hidden = subject.environments(Settings(mode="hide"))
    visible = subject.environments(Settings(mode="open"))
    return await _added(hidden, visible, fork, times)


async def _holding(subject: Subject, fork: Checkout, times: int) -> list[float]:
    """Milliseconds that the sandbox adds to a small program, from preparation to its end."""
    if probe() is None:
        return []
    off = Settings(mode="open", sandbox=SandboxSettings(mode="off"))
    held = subject.environments(Settings(mode="open"))
    return await _added(held, subject.environments(off), fork, times)


async def _added(more: Environments, less: Environments, fork: Checkout, times: int) -> list[float]:
    """Milliseconds between the two, by turns."""
    added = []
    for _ in range(_WARM_UP + times):
        added.append(await _small(more, fork) - await _small(less, fork))
    return added[_WARM_UP:]


async def _small(environments: Environments, fork: Checkout) -> float:
    began = time.perf_counter()
    with await environments.of_fork(fork) as environment:
        argv = environment.wrap((str(environment.python), "-c", "pass"))
        await run_program(argv, cwd=fork.path, env=environment.variables)
        return (time.perf_counter() - began) * 1000


async def _reinstallations(subject: Subject, result: Result) -> list[float]:
    """Seconds, for a draft that touches pyproject.toml."""
    async with subject.workspace.fork(subject.workspace.base) as fork:
        with (fork.checkout.path / "pyproject.toml").open("a") as file:
            file.write(_CHANGE)
        patch = await subject.workspace.capture(fork)
    environments = subject.environments()
    async with subject.workspace.fork(patch.commit) as fork:
        try:
            with await environments.of_fork(fork.checkout) as environment:
                installed = _has_metadata(environment.folder)
            taken = await _preparations(environments, fork.checkout, 5)
        except Unproved as unproved:
            result.reasons[f"reinstall_s of {subject.name}"] = unproved.proof.reason
            return []
    if not installed:
        result.reasons[f"reinstall_s of {subject.name}"] = "it is not installed: nothing to renew"
        return []
    return [one / 1000 for one in taken]


def _has_metadata(folder: Path | None) -> bool:
    return folder is not None and any(folder.glob("lib/*/site-packages/*.dist-info"))


async def _measure_runs(subject: Subject, result: Result, runs: int) -> None:
    """By turns in the fork and by hand, so that a machine that slows down hurts both."""
    base = subject.workspace.base
    runner = CheckRunner(
        environments=subject.environments(),
        scratch=subject.scratch / "checks",
        timeout_s=3600,
        overrides=Overrides(tests=subject.tests),
    )
    async with subject.workspace.fork(base) as fork, subject.workspace.fork(base) as other:
        python = await asyncio.to_thread(plain_environment, subject.tree, other.checkout.path)
        check = next(c for c in await runner.detect(fork.checkout) if c.name == "tests")
        ours, commands, hand, warm = [], [], [], []
        for number in range(runs + 1):
            whole, command = await _in_fork(runner, check, fork.checkout)
            forget_bytecode(other.checkout)
            place = subject.scratch / "hand"
            fresh = run_by_hand(check, other.checkout, python, place / f"{number}")
            again = run_by_hand(check, other.checkout, python, place / f"{number}-again")
            _compare(subject.name, [whole, fresh, again])
            ours.append(whole.seconds)
            commands.append(command)
            hand.append(fresh.seconds)
            warm.append(again.seconds)
    result.ratios[subject.name] = _ratio(ours, hand)
    result.details[subject.name] |= {
        "counts": str(whole.counts),
        "in_fork_s": _median(ours[1:]),
        "by_hand_s": _median(hand[1:]),
        "by_hand_again_s": _median(warm[1:]),
        "command_ratio": _ratio(commands, hand),
        "ratio_to_by_hand_again": _ratio(ours, warm),
    }


async def _in_fork(runner: CheckRunner, check: Check, fork: Checkout) -> tuple[Timed, float]:
    began = time.perf_counter()
    run = await runner.run(check, fork)
    seconds = time.perf_counter() - began
    if not run.proof.proved:
        raise SystemExit(f"not proved: {run.proof.reason}")
    return Timed(seconds=seconds, exit_code=run.exit_code, counts=run.counts), run.seconds


def _compare(name: str, timed: Iterable[Timed]) -> None:
    """Times of runs that did not do the same say nothing."""
    said = {(one.exit_code, str(one.counts)) for one in timed}
    if len(said) != 1 or next(iter(said))[0] != 0:
        raise SystemExit(f"{name}: the runs did not succeed alike: {sorted(said, key=str)}")


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Of the medians; the first run of each warms the machine and is left out."""
    return round(statistics.median(ours[1:]) / statistics.median(theirs[1:]), 4)


def _median(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 3) if values else None


def _quantiles(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    ordered = sorted(values)
    last = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {"p50": round(statistics.median(ordered), 3), "p95": round(last, 3)}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.environment", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    parser.add_argument("--project", action="append", type=Path, default=[], metavar="PATH")
    parser.add_argument("--times", type=int, default=30, help="preparations of each kind")
    parser.add_argument("--runs", type=int, default=5, help="test runs on each side")
    asked = parser.parse_args()
    projects = [path.resolve() for path in asked.project]
    for path in projects:
        if not (path / ".venv/bin/python").exists():
            parser.error(f"{path} has no .venv")
    said = asyncio.run(measure(projects, times=asked.times, runs=asked.runs)).said()
    if asked.json:
        sys.stdout.write(json.dumps(said, indent=2) + "\n")
        return
    for name, value in said.items():
        sys.stdout.write(f"{name:<20}{value}\n")


if __name__ == "__main__":
    main()
