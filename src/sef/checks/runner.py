"""Running a check in a tree, and saying what came of it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from sef.checks.check import PYTHON, Check, CheckRun, Overrides, Report
from sef.checks.commands import REPORT, arguments
from sef.checks.detect import SIZE_LIMIT, detect, wanted
from sef.checks.jail import located, read_bounded, read_inside
from sef.checks.memory import limits
from sef.checks.places import Places
from sef.checks.refused import refused
from sef.checks.report_pytest import XML_LIMIT
from sef.checks.reports import read_report
from sef.checks.tools import READS_NO_IMPORTS, is_launched
from sef.checks.unrun import in_place, missing_tool, not_run, undecided
from sef.checks.watch import PROCESSES, watching
from sef.environment import Environment, Environments, Proof, Unproved
from sef.environment.foreign import FOREIGN, ForeignEnvironments
from sef.environment.foreign_environment import ForeignEnvironment
from sef.errors import UsageError
from sef.model import Checkout
from sef.process import Finished, run_program
from sef.text import plain

_OUTPUT_LIMIT = 64 * 1024 * 1024
_TAIL = 4_000
_REASONS = 50
_Any = Environment | ForeignEnvironment


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
    tree: Path | None = None
    """The user's tree, so that a command's paths into it can be led into a fork; None: unknown."""
    foreign: ForeignEnvironments | None = None
    """Environments of forks for projects in other languages; None leaves those undecided."""
    memory_mb: int | None = None
    """MiB that each process of a command may take in a fork; None: no limit."""
    processes: int = PROCESSES
    """How many processes and threads a command in a fork may have at once."""

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
        try:
            environment = await self._environment(check, checkout)
        except Unproved as unproved:
            return not_run(check, unproved.proof)
        try:
            async with self._folder() as folder:
                return await self._run(check, checkout, environment, folder, only)
        except Unproved as unproved:  # the command would install packages
            return not_run(check, unproved.proof)
        finally:
            await asyncio.to_thread(environment.close)

    async def _environment(self, check: Check, checkout: Checkout) -> _Any:
        reads_files = check.runner in READS_NO_IMPORTS and not is_launched(check.argv)
        if checkout.users:
            return await self.environments.of_user()
        if reads_files:
            return await self.environments.of_files(checkout)
        if check.runner not in FOREIGN:
            return await self.environments.of_fork(checkout)
        if self.foreign is None:
            raise Unproved(undecided(f"no proof yet that {check.runner} judges the fork"))
        return await self.foreign.of_fork(check.runner, checkout)

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
        environment: _Any,
        folder: Path,
        only: str | None,
    ) -> CheckRun:
        fork = not checkout.users
        asked = arguments(check, scratch=folder, only=only, files=checkout.files, fork=fork)
        if asked is None:
            raise UsageError(
                f"{check.runner} cannot be asked for {only} alone",
                hint="Ask for all tests, or set a command for tests in sef.toml.",
            )
        places = await self._places(checkout, environment)
        asked = places.led(asked) if places else asked
        program = _program(asked[0], environment, checkout)
        argv = (program, *(word.replace(PYTHON, str(environment.python)) for word in asked[1:]))
        capped = limits(argv, self.memory_mb if fork else None, variables=environment.variables)
        network = not checkout.users and await asyncio.to_thread(self._network, check)
        started = time.monotonic()
        standing_in = places.standing_in() if places and not check.python else nullcontext()
        try:
            with standing_in:
                finished = await run_program(
                    environment.wrap(capped, (folder,), network=network),
                    cwd=checkout.path,
                    env=environment.variables,
                    timeout_s=self.timeout_s,
                    output_limit=_OUTPUT_LIMIT,
                    watch=watching(self.processes) if fork else None,
                )
        except (FileNotFoundError, PermissionError):
            return missing_tool(check, checkout, environment)
        seconds = time.monotonic() - started
        if _module_missing(check, finished):
            return missing_tool(check, checkout, environment)
        xml = await asyncio.to_thread(read_bounded, folder / REPORT, XML_LIMIT)
        run = await asyncio.to_thread(_result, check, finished, xml, seconds, fork)
        if fork:
            said = await asyncio.to_thread(_refused, _output(check, finished), checkout, folder)
            run = replace(run, refused=said)
        return replace(run, proof=await _proof(check, checkout, environment, finished.pid))

    def _network(self, check: Check) -> bool:
        """True where sef.toml lets the command, as it is named there, use the network."""
        return self.environments.permits([word.replace(PYTHON, "python") for word in check.argv])

    async def _places(self, checkout: Checkout, environment: _Any) -> Places | None:
        if isinstance(environment, ForeignEnvironment) or checkout.users or self.tree is None:
            return None
        return Places(
            tree=self.tree,
            fork=checkout.path,
            programs=(await self.environments.interpreter()).parent,
            instead=environment.python.parent,
        )


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


def _program(word: str, environment: _Any, checkout: Checkout) -> str:
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
    module = re.escape(check.runner.replace("-", "_"))
    return bool(re.fullmatch(rf".*: No module named '?{module}'?", said))


def _result(
    check: Check, finished: Finished, xml: bytes | None, seconds: float, fork: bool
) -> CheckRun:
    output = _output(check, finished)
    cut = finished.timed_out or finished.stopped
    report = Report() if cut else read_report(check.runner, output, xml, fork=fork)
    return CheckRun(
        check=check,
        exit_code=finished.exit_code,
        counts=report.counts,
        failing=frozenset(failure.id for failure in report.failures),
        failures=report.failures[:_REASONS],
        summary=_summary(check, finished, report, seconds),
        output_tail=plain(output[-2 * _TAIL :], 2 * _TAIL)[-_TAIL:],
        proof=in_place(),
        seconds=seconds,
        timed_out=finished.timed_out,
        unnamed=report.unnamed,
        stopped=finished.stopped or report.stopped,
        note=report.note,
        passing=report.passing,
        left_out=report.left_out,
    )


def _output(check: Check, finished: Finished) -> str:
    """Both streams, the one that ends with the result at the end."""
    streams = (finished.stderr, finished.stdout)
    ordered = reversed(streams) if check.runner == "unittest" else streams
    return "\n".join(stream.decode("utf-8", "replace") for stream in ordered)


def _refused(output: str, checkout: Checkout, folder: Path) -> str:
    fork = checkout.path
    return refused(output, (str(fork), os.path.realpath(fork), str(folder), "/dev"))


def _summary(check: Check, finished: Finished, report: Report, seconds: float) -> str:
    how = f"({check.runner}, {check.command})"
    if finished.timed_out:
        return f"stopped at its deadline after {seconds:.1f} s {how}"
    said = f"exit code {finished.exit_code}" if report.counts is None else str(report.counts)
    return f"{said} in {seconds:.1f} s {how}" + (f"; {report.note}" if report.note else "")


async def _proof(check: Check, checkout: Checkout, environment: _Any, pid: int) -> Proof:
    if checkout.users:
        return in_place()
    if isinstance(environment, ForeignEnvironment):
        return await asyncio.to_thread(environment.prove)
    if check.name != "tests":
        reason = f"{check.argv[0].replace(PYTHON, 'python')} ran on the files of the fork"
        return Proof(proved=True, level="by path", reason=reason)
    return await asyncio.to_thread(environment.prove, pid if check.python else None)
