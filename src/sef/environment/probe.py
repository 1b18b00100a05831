"""Asks the user's interpreter, once, what it would import from where."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from sef.environment.hints import normal
from sef.errors import UsageError
from sef.process import Finished, run_program
from sef.text import one_line

_TIMEOUT_S = 30.0
_OLDEST = (3, 8)
WAY_OUT = 'name an interpreter that works, such as `python = ".venv/bin/python"`, under '
WAY_OUT += "[environment] in sef.toml"


class NoInterpreter(UsageError):
    """No Python interpreter was found that could run the project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dist:
    """An installation of the project in the user's environment."""

    name: str
    legacy: bool
    """True for `setup.py develop`, which leaves its metadata in the tree."""
    files: tuple[str, ...]
    """Top-level files and folders that are copies of the project's."""
    compiled: tuple[str, ...]
    """Compiled modules it installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one interpreter said about itself."""

    version: tuple[int, ...]
    executable: str
    base: str
    """The interpreter behind a virtual environment, else the same."""
    prefix: str
    venv: bool
    programs: str
    """Folder of its scripts."""
    library: str
    """Where a virtual environment keeps packages, relative to its folder."""
    stdlib: tuple[str, ...]
    sites: tuple[str, ...]
    """Site folders on its path, in their order."""
    path: tuple[str, ...]
    """Its whole import path."""
    mapping: Mapping[str, str]
    """Modules that editable installations find by name, and their places."""
    rebuilders: tuple[str, ...]
    """Finders that build the project when it is imported."""
    dists: tuple[Dist, ...]
    owners: Mapping[str, str]
    """Names at the tree's top level that an installation brought, and which one."""
    wanted: bool
    """True when it can import the wanted tool."""


async def probe(
    python: Path,
    *,
    tree: Path,
    names: tuple[str, ...],
    wanting: str,
    variables: Mapping[str, str],
    wrap: Callable[[Sequence[str]], Sequence[str]] = tuple,
) -> Facts:
    """Runs `python` once, isolated, outside any project. Raises NoInterpreter.

    `wrap` holds an interpreter that a fork's own set-up made.
    """
    plain = {name: value for name, value in variables.items() if not _bends(name)}
    with as_file(files(__package__).joinpath("survey.py")) as survey:
        argv = (str(python), "-I", "-B", str(survey), str(tree), ",".join(names), wanting)
        try:
            done = await run_program(wrap(argv), cwd=Path("/"), env=plain, timeout_s=_TIMEOUT_S)
        except OSError as problem:
            raise NoInterpreter(f"{python} does not start: {problem}", hint=WAY_OUT) from problem
    if done.exit_code != 0 or done.timed_out:
        raise NoInterpreter(f"{python} does not run: {_complaint(done)}", hint=WAY_OUT)
    return _checked(python, os.fsdecode(done.stdout))


def _bends(name: str) -> bool:
    return name.startswith("PYTHON") and name not in ("PYTHONNOUSERSITE", "PYTHONUSERBASE")


def _complaint(done: Finished) -> str:
    if done.timed_out:
        return f"it did not answer within {_TIMEOUT_S:.0f} s"
    said = os.fsdecode(done.stderr).strip().splitlines()
    return one_line(said[-1]) if said else f"exit code {done.exit_code}"


def _checked(python: Path, printed: str) -> Facts:
    try:
        facts = parsed(printed)
    except (ValueError, KeyError, TypeError, IndexError) as problem:
        reason = f"{python} answered something unexpected: {problem!r}"
        raise NoInterpreter(reason, hint=WAY_OUT) from problem
    if facts.version < _OLDEST:
        version = ".".join(map(str, facts.version))
        raise NoInterpreter(f"{python} is Python {version}; 3.8 or newer is needed", hint=WAY_OUT)
    return facts


def parsed(printed: str) -> Facts:
    """The survey's answer: JSON on the last line, whatever start-up files printed before it."""
    said: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
    return Facts(
        version=tuple(int(part) for part in said["version"]),
        executable=str(said["executable"]),
        base=str(said["base"]),
        prefix=str(said["prefix"]),
        venv=bool(said["venv"]),
        programs=str(said["programs"]),
        library=str(said["library"]),
        stdlib=_strings(said["stdlib"]),
        sites=_strings(said["sites"]),
        path=_strings(said["path"]),
        mapping={str(name): str(place) for name, place in said["mapping"].items()},
        rebuilders=_strings(said["rebuilders"]),
        dists=tuple(_dist(dist) for dist in said["dists"]),
        owners={str(name): normal(str(dist)) for name, dist in said["owners"].items()},
        wanted=bool(said["wanted"]),
    )


def _dist(said: Mapping[str, Any]) -> Dist:
    return Dist(
        name=str(said["name"]),
        legacy=bool(said["legacy"]),
        files=_strings(said["files"]),
        compiled=_strings(said["compiled"]),
    )


def _strings(values: list[object]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
