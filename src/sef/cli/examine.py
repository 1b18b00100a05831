"""Whether each check of a repository would judge a fork of it, found out by making one."""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sef.build import check_runner, open_snapshot
from sef.checks import Check, CheckRun, CheckRunner
from sef.checks.tools import READS_NO_IMPORTS
from sef.environment import Environment, Proof, Unproved
from sef.environment.foreign import FOREIGN
from sef.errors import UsageError
from sef.model import Checkout
from sef.process import run_program
from sef.workspace import Workspace

_TINY_S = 60.0
_BY_PATH: Final = (*READS_NO_IMPORTS, "mypy", "pyright")
_SHARED = "services, ports and your home folder are shared"
_UNPROVED: Final = {
    "hidden": f"files that were generated or compiled before the run; {_SHARED}",
    "in-process": f"programs that are no Python, and what is opened by absolute paths; {_SHARED}",
    "by path": "settings outside the repository that the tool reads",
    "mounted": f"node_modules is taken as you have installed it; {_SHARED}",
    "copied": f"absolute paths that a program makes at run time; {_SHARED}",
    "own target": f"what programs open by absolute paths at run time; {_SHARED}",
    "by content": f"what tests open by absolute paths at run time; {_SHARED}",
}
_UNHEARD = "all of it: drafts are accepted without this check, which was not named in sef.toml"
_NOTHING = "all of it: a draft that needs this check is rejected as undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of the check in a fork."""

    exit_code: int | None
    counts: str | None
    seconds: float
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How one check judges a fork, and what is known of that."""

    check: str
    command: str
    tool: str | None
    """The interpreter, or the program where there is none."""
    mechanism: str | None
    """None where there is none that would do."""
    proved: bool | None
    """None where only a run would tell."""
    level: str
    reason: str
    unproved: str
    offender: str | None = None
    mend: str | None = None
    prepare_ms: float | None = None
    run: Ran | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """One repository, looked at."""

    runner: CheckRunner
    workspace: Workspace


async def examine(start: Path, *, config: Path | None = None, run: bool = False) -> tuple[Way, ...]:
    """How every check of the repository judges a fork of the present snapshot."""
    async with open_snapshot(start, "doctor", config=config) as there:
        runner = check_runner(there.repository, there.config, there.scratch)
        site = _Site(runner=runner, workspace=there.workspace)
        checks = await site.runner.detect(site.workspace.user_checkout())
        return tuple([await _examined(site, check, run=run) for check in checks])


async def _examined(site: _Site, check: Check, *, run: bool) -> Way:
    async with site.workspace.fork(site.workspace.base) as fork:
        way = await _way(site, check, fork.checkout)
    if not run or check.name != "tests":
        return way
    async with site.workspace.fork(site.workspace.base) as fork:
        return _after(way, await site.runner.run(check, fork.checkout))


async def _way(site: _Site, check: Check, checkout: Checkout) -> Way:
    try:
        if check.runner in FOREIGN:
            return await _foreign(site, check, checkout)
        return await _python(site, check, checkout)
    except _Missing as missing:
        told = _told(check, None, None, missing.proof)
        heard = check.named or check.name == "tests"
        return told if heard else replace(told, unproved=_UNHEARD)
    except Unproved as unproved:
        return _told(check, None, None, unproved.proof)
    except UsageError as problem:
        doubt = Proof(proved=False, level="undecided", reason=problem.args[0], mend=problem.hint)
        return _told(check, None, None, doubt)


async def _foreign(site: _Site, check: Check, checkout: Checkout) -> Way:
    tool = shutil.which(check.argv[0])
    if tool is None:
        raise _missing(check)
    began = time.monotonic()
    if site.runner.foreign is None:
        raise _missing(check)
    with await site.runner.foreign.of_fork(check.runner, checkout) as environment:
        spent = _ms(began)
        if check.runner == "npm":
            argv, env = environment.wrap(("true",)), environment.variables
            await run_program(argv, cwd=checkout.path, env=env, timeout_s=_TINY_S)
        proof = None if check.runner == "cargo" else environment.prove()
    return _told(check, tool, environment.mechanism, proof, prepare_ms=spent)


async def _python(site: _Site, check: Check, checkout: Checkout) -> Way:
    environments = site.runner.environments
    python = await environments.interpreter()
    began = time.monotonic()
    by_path = Proof(proved=True, level="by path", reason="it reads the files of the fork by path")
    if check.runner in READS_NO_IMPORTS:
        program = _program(check, await environments.of_user(), python)
        return _told(check, program, "in place", by_path, prepare_ms=_ms(began))
    with await environments.of_fork(checkout) as environment:
        spent = _ms(began)
        tool = str(python) if check.python else _program(check, environment, python)
        proof = by_path if check.runner in _BY_PATH else await _tiny(environment, checkout)
        mechanism = environment.mechanism
    return _told(check, tool, mechanism, proof, prepare_ms=spent)


async def _tiny(environment: Environment, checkout: Checkout) -> Proof | None:
    """The proof of a program that only imports the project; None where nothing could be told."""
    own = environment.expected.own if environment.expected else frozenset()
    if not own:
        return None
    name = min(own, key=lambda one: (len(one), one))
    argv = environment.wrap((str(environment.python), "-c", f"import {name}"))
    env = environment.variables
    done = await run_program(argv, cwd=checkout.path, env=env, timeout_s=_TINY_S)
    return await asyncio.to_thread(environment.prove, done.pid)


def _program(check: Check, environment: Environment, python: Path) -> str:
    """The program of a check that the interpreter does not run. Raises Unproved without one."""
    beside = python.parent / check.argv[0]
    found = shutil.which(check.argv[0], path=environment.variables.get("PATH"))
    if found is None and not beside.is_file():
        raise _missing(check)
    return str(beside) if beside.is_file() else str(found)


class _Missing(Unproved):
    """The program of a check is not there."""


def _missing(check: Check) -> _Missing:
    reason = f"{check.argv[0]} was found neither beside the project's Python nor on PATH"
    mend = f"install it, or set a command for {check.name} in sef.toml"
    return _Missing(Proof(proved=False, level="undecided", reason=reason, mend=mend))


def _ms(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)


def _told(
    check: Check,
    tool: str | None,
    mechanism: str | None,
    proof: Proof | None,
    prepare_ms: float | None = None,
) -> Way:
    """The way as it is told; without a proof only a run would tell."""
    undecided = proof is not None and not proof.proved
    level = proof.level if proof else "told by a run"
    return Way(
        check=check.name,
        command=check.command,
        tool=tool,
        mechanism=mechanism,
        proved=proof.proved if proof else None,
        level=level,
        reason=proof.reason if proof else "what it reads is known after a run: try --run",
        unproved=_NOTHING if undecided else _UNPROVED.get(level, _SHARED),
        offender=proof.offender if proof else None,
        mend=proof.mend if proof else None,
        prepare_ms=prepare_ms,
    )


def _after(way: Way, run: CheckRun) -> Way:
    """The way with what a run of the check has shown."""
    ran = Ran(
        exit_code=run.exit_code,
        counts=None if run.counts is None else str(run.counts),
        seconds=round(run.seconds, 3),
        summary=run.summary,
    )
    proof = run.proof
    return replace(
        way,
        proved=proof.proved,
        level=proof.level,
        reason=proof.reason,
        unproved=_UNPROVED.get(proof.level, _SHARED) if proof.proved else _NOTHING,
        offender=proof.offender,
        mend=proof.mend,
        run=ran,
    )
