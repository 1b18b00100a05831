"""What the user's environment says about the project, in the project's own terms. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from sef.environment.detect import Installed
from sef.environment.hints import Hints
from sef.environment.probe import Facts


def installed(facts: Facts, hinted: Hints, trees: Sequence[str]) -> Installed:
    """Where the environment looks for the project's modules, relative to the tree."""
    kept = kept_folders(facts, trees)
    mapped = [(name, _relative(place, trees, kept)) for name, place in facts.mapping.items()]
    roots = [_relative(entry, trees, kept) for entry in facts.path]
    copies = [path.rpartition("/")[2].removesuffix(".py") for path in copied_files(facts)]
    ours = {*hinted.names, *(dist.name for dist in facts.dists)}
    # Who has no name cannot tell his own installation from another: then nothing is another's.
    others = [name for name, dist in facts.owners.items() if ours and dist not in ours]
    return Installed(
        roots=tuple(root for root in roots if root is not None),
        mapped=tuple((name, place) for name, place in mapped if place is not None),
        tops=tuple(copies),
        others=tuple(others),
    )


def copied_files(facts: Facts) -> list[str]:
    """Files and folders that an installation of the project copied into the environment."""
    return [path for dist in facts.dists for path in dist.files]


def compiled_files(facts: Facts) -> list[str]:
    """Compiled modules that an installation of the project brought."""
    return [path for dist in facts.dists for path in dist.compiled]


def kept_folders(facts: Facts, trees: Sequence[str]) -> tuple[str, ...]:
    """Folders in the tree that are no part of the project: the environment and git's."""
    own = [*facts.sites, *facts.stdlib, facts.programs]
    inside = [facts.prefix] if any(_below(facts.prefix, tree) for tree in trees) else []
    known = [*own, *inside]
    both = [*known, *(os.path.realpath(path) for path in known)]
    return tuple(dict.fromkeys([*both, *(f"{tree}/.git" for tree in trees)]))


def foreign_folders(facts: Facts, trees: Sequence[str]) -> list[str]:
    """Folders on the environment's import path that neither the tree nor Python itself owns."""
    kept = kept_folders(facts, trees)
    path = [entry for entry in facts.path if _relative(entry, trees, kept) is None]
    return [entry for entry in path if entry not in facts.stdlib]


def programs_of(facts: Facts) -> tuple[str, ...]:
    """How the path of a program begins that would run the user's environment."""
    folders = dict.fromkeys((facts.programs, os.path.realpath(facts.programs)))
    # A system's folder holds every program there is; only its Pythons matter.
    return tuple(f"{folder}/" if facts.venv else f"{folder}/python" for folder in folders)


def _relative(path: str, trees: Iterable[str], kept: Iterable[str]) -> str | None:
    """The path relative to the tree; None outside it and in folders that are kept."""
    if any(_below(path, folder) or path == folder for folder in kept):
        return None
    for tree in trees:
        if path == tree or _below(path, tree):
            return os.path.relpath(path, tree)
    return None


def _below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")
