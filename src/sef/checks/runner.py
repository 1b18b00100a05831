"""Running a check in a tree, and saying what came of it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sef.checks.check import PYTHON, Check, CheckRun, Overrides, Report
from sef.checks.commands import REPORT, arguments
from sef.checks.detect import SIZE_LIMIT, detect, wanted
from sef.checks.jail import located, read_bounded, read_inside
from sef.checks.report_pytest import XML_LIMIT
from sef.checks.reports import read_report
from sef.environment import Environment, Environments, Proof, Unproved
from sef.errors import UsageError
from sef.model import Checkout
from sef.process import Finished, run_program
from sef.text import plain

_OUTPUT_LIMIT = 64 * 1024 * 1024
_TAIL = 4_000
_REASONS = 50
_FOREIGN: Final = ("npm", "cargo", "go")
_BY_PATH: Final = ("ruff", "flake8", "mypy", "pyright")
_READS_NO_IMPORTS: Final = ("ruff", "flake8")


@dataclass(frozen=True, slots=True)
class CheckRunner:
    """Finds and runs the checks of a tree: in place for the user's, witnessed in a fork."""

    environments: Environments
    scratch: Path
    """Folder for report files; each run has its own below it and removes it."""
    timeout_s: float
    """Seconds a check may take."""
    overrides: Overrides = Overrides()  # noqa: RUF009 (it is frozen)
    """Command lines by the name of the check, from sef.toml."""

    async def detect(self, checkout: Checkout) -> tuple[Check, ...]:
        """The checks of the tree. Raises ConfigError when an override is not a plain command."""
        texts = await asyncio.to_thread(_texts, checkout)
        return detect(checkout.files, texts, self.overrides)

    async def run(self, check: Check, checkout: Checkout, *, only: str | None = None) -> CheckRun:
        """Runs the check to its end or its deadline; a red result is a result.

        `only` is a path in the tree, with `::` and a test's name after it if need be. Raises
        UsageError when it leads out of the tree, is missing, or is more than the runner takes.
        Nothing is run where a fork could not be proved to be what is judged.
        """
        if only is not None:
            only = _inside(only, checkout)
        if not checkout.users and check.runner in _FOREIGN:
            doubt = _undecided(f"no proof yet that {check.runner} judges the fork")
            return _not_run(check, doubt)
        try:
            environment = await self._environment(check, checkout)
        except Unproved as unproved:
            return _not_run(check, unproved.proof)
        try:
            async with self._folder() as folder:
                return await self._run(check, checkout, environment, folder, only)
        finally:
            await asyncio.to_thread(environment.close)

    async def _environment(self, check: Check, checkout: Checkout) -> Environment:
        if checkout.users or check.runner in _READS_NO_IMPORTS:
            return await self.environments.of_user()
        return await self.environments.of_fork(checkout)

    @asynccontextmanager
    async def _folder(self) -> AsyncIterator[Path]:
        self.scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="check-", dir=self.scratch))
        try:
            yield folder
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _run(
        self,
        check: Check,
        checkout: Checkout,
        environment: Environment,
        folder: Path,
        only: str | None,
    ) -> CheckRun:
        asked = arguments(check, scratch=folder, only=only, files=checkout.files)
        if asked is None:
            raise UsageError(
                f"{check.runner} cannot be asked for {only} alone",
                hint="Ask for all tests, or set a command for tests in sef.toml.",
            )
        program = _program(asked[0], environment, checkout)
        argv = (program, *(word.replace(PYTHON, str(environment.python)) for word in asked[1:]))
        started = time.monotonic()
        try:
            finished = await run_program(
                argv,
                cwd=checkout.path,
                env=environment.variables,
                timeout_s=self.timeout_s,
                output_limit=_OUTPUT_LIMIT,
            )
        except (FileNotFoundError, PermissionError):
            return _missing(check, checkout, environment)
        seconds = time.monotonic() - started
        if _module_missing(check, finished):
            return _missing(check, checkout, environment)
        xml = await asyncio.to_thread(read_bounded, folder / REPORT, XML_LIMIT)
        run = await asyncio.to_thread(_result, check, finished, xml, seconds)
        return replace(run, proof=await _proof(check, checkout, environment, finished.pid))


def _texts(checkout: Checkout) -> dict[str, str]:
    texts = {}
    for path in wanted(checkout.files):
        if (data := read_inside(checkout.path, path, SIZE_LIMIT)) is not None:
            texts[path] = data.decode("utf-8", "replace").removeprefix("\ufeff")
    return texts


def _inside(only: str, checkout: Checkout) -> str:
    """`only` with its path made relative to the root of the tree."""
    path, colons, node = only.partition("::")
    real = located(checkout.path, path) if path and "\0" not in only else None
    if real is None or Path(path).is_absolute():
        raise UsageError(
            f"{plain(only, 200)!r} is not in the tree of {checkout.path.name}",
            hint="Name a file or a folder relative to the root of the repository.",
        )
    return os.path.normpath(path) + colons + node


def _program(word: str, environment: Environment, checkout: Checkout) -> str:
    """Beside the interpreter first: that is what an activated environment would give."""
    if word == PYTHON:
        return str(environment.python)
    if "/" in word:
        return str(checkout.path / word)
    beside = environment.python.parent / word
    if beside.is_file():
        return str(beside)
    return shutil.which(word, path=environment.variables.get("PATH", os.defpath)) or str(beside)


def _module_missing(check: Check, finished: Finished) -> bool:
    if not check.python or finished.exit_code != 1 or finished.stdout:
        return False
    said = finished.stderr.decode("utf-8", "replace").strip()
    return bool(re.fullmatch(rf".*: No module named '?{re.escape(check.runner)}'?", said))


def _result(check: Check, finished: Finished, xml: bytes | None, seconds: float) -> CheckRun:
    output = _output(check, finished)
    report = Report() if finished.timed_out else read_report(check.runner, output, xml)
    return CheckRun(
        check=check,
        exit_code=finished.exit_code,
        counts=report.counts,
        failing=frozenset(failure.id for failure in report.failures),
        failures=report.failures[:_REASONS],
        summary=_summary(check, finished, report, seconds),
        output_tail=plain(output[-2 * _TAIL :], 2 * _TAIL)[-_TAIL:],
        proof=_in_place(),
        seconds=seconds,
        timed_out=finished.timed_out,
    )


def _output(check: Check, finished: Finished) -> str:
    """Both streams, the one that ends with the result at the end."""
    streams = (finished.stderr, finished.stdout)
    ordered = reversed(streams) if check.runner == "unittest" else streams
    return "\n".join(stream.decode("utf-8", "replace") for stream in ordered)


def _summary(check: Check, finished: Finished, report: Report, seconds: float) -> str:
    how = f"({check.runner}, {check.command})"
    if finished.timed_out:
        return f"stopped at its deadline after {seconds:.1f} s {how}"
    said = f"exit code {finished.exit_code}" if report.counts is None else str(report.counts)
    return f"{said} in {seconds:.1f} s {how}"


async def _proof(check: Check, checkout: Checkout, environment: Environment, pid: int) -> Proof:
    if checkout.users:
        return _in_place()
    if check.runner in _BY_PATH:
        reason = f"{check.runner} reads the files of the fork by their paths"
        return Proof(proved=True, level="by path", reason=reason)
    return await asyncio.to_thread(environment.prove, pid if check.python else None)


def _in_place() -> Proof:
    return Proof(proved=True, level="own tree", reason="run in the user's own tree")


def _undecided(reason: str) -> Proof:
    return Proof(proved=False, level="undecided", reason=reason)


def _not_run(check: Check, proof: Proof, summary: str | None = None) -> CheckRun:
    return CheckRun(
        check=check,
        exit_code=None,
        counts=None,
        failing=frozenset(),
        failures=(),
        summary=summary or f"{check.runner} was not run: {proof.reason}",
        output_tail="",
        proof=proof,
        seconds=0.0,
        timed_out=False,
    )


def _missing(check: Check, checkout: Checkout, environment: Environment) -> CheckRun:
    """Nothing was judged, so in a fork nothing is proved either."""
    if check.python:
        cause = f"{environment.python} has no {check.runner}"
        way_out = f"install it there ({environment.python} -m pip install {check.runner})"
    else:
        cause = f"{check.argv[0]} was found neither beside {environment.python} nor on PATH"
        way_out = "install it"
    reason = f"{cause}; {way_out} or set a command for {check.name} in sef.toml"
    proof = _in_place() if checkout.users else _undecided(reason)
    return _not_run(check, proof, reason)
