"""Which Python runs the project's checks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from sef.environment.probe import WAY_OUT, Facts, NoInterpreter, probe

_FOLDERS = (".venv", "venv", "env")


async def choose(
    *,
    named: Path | None,
    tree: Path,
    names: tuple[str, ...],
    variables: Mapping[str, str],
    own: Path,
    wanting: str,
) -> Facts:
    """The named interpreter, else the tree's or the activated environment's, else one on PATH.

    Where nothing but PATH speaks for an interpreter, the first one that can import `wanting` is
    taken, and `own` (the one that runs sef) is the last candidate: whoever installed sef beside
    the project started it from there. Raises NoInterpreter.
    """

    async def ask(python: Path) -> Facts:
        return await probe(python, tree=tree, names=names, wanting=wanting, variables=variables)

    chosen = _named(named, tree, variables) if named else _chosen(tree, variables)
    if chosen is not None:
        return await ask(chosen)
    answers = []
    for python in dict.fromkeys((*_on_path(variables), own)):
        try:
            answers.append(await ask(python))
        except NoInterpreter:
            continue
        if answers[-1].wanted:
            return answers[-1]
    if not answers:
        raise NoInterpreter("no Python interpreter that runs is on PATH", hint=WAY_OUT)
    return answers[0]


def _named(named: Path, tree: Path, variables: Mapping[str, str]) -> Path:
    if len(named.parts) == 1 and not (tree / named).exists():
        found = shutil.which(str(named), path=variables.get("PATH"))
        if found is None:
            raise NoInterpreter(f"{named} is not on PATH", hint=WAY_OUT)
        return Path(found)
    place = tree / named.expanduser()
    if not place.exists():
        raise NoInterpreter(f"{place} does not exist", hint=WAY_OUT)
    return place


def own_interpreter(folder: Path) -> Path | None:
    """The interpreter of the environment that lies in the folder."""
    places = [folder / name / "bin/python" for name in _FOLDERS]
    return next((place for place in places if os.path.lexists(place)), None)


def _chosen(tree: Path, variables: Mapping[str, str]) -> Path | None:
    """The interpreter of the tree's or of the activated environment, even if it is broken."""
    folders = [str(tree / name) for name in _FOLDERS]
    folders += [variables.get(name, "") for name in ("VIRTUAL_ENV", "CONDA_PREFIX")]
    places = [Path(folder, "bin", "python") for folder in folders if folder]
    return next((place for place in places if os.path.lexists(place)), None)


def _on_path(variables: Mapping[str, str]) -> Iterator[Path]:
    for name in ("python3", "python"):
        if found := shutil.which(name, path=variables.get("PATH", os.defpath)):
            yield Path(found)
