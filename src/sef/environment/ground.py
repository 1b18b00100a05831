"""What is known about one fork before its environment is made."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sef.environment import detect, installed, shadow
from sef.environment.detect import Layout
from sef.environment.hints import Hints, hints
from sef.environment.needs import Need, need
from sef.environment.probe import Facts
from sef.model import Checkout

_SETTINGS = ("pyproject.toml", "setup.cfg", "setup.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One fork, the interpreter it is judged with, and what they need."""

    checkout: Checkout
    fork: str
    """The fork's folder, without symbolic links."""
    trees: tuple[str, ...]
    """The user's tree, as named and without symbolic links."""
    facts: Facts
    layout: Layout
    copies: tuple[str, ...]
    """Installed copies of the project's modules."""
    untracked: Mapping[str, str]
    need: Need
    names: tuple[str, ...]
    """What the project's installation is called."""
    own_packages: bool = False
    """True where the interpreter belongs to the fork: nothing in it is the user's."""

    @property
    def tree(self) -> str:
        """The user's tree without symbolic links."""
        return self.trees[-1]

    @property
    def kept(self) -> tuple[str, ...]:
        """Folders of the user's tree that are no part of the project."""
        if self.own_packages:
            return tuple(f"{tree}/.git" for tree in self.trees)
        return installed.kept_folders(self.facts, self.trees)


def survey_ground(checkout: Checkout, facts: Facts, trees: tuple[str, ...]) -> Ground:
    """Reads the fork and the user's tree. For the user's own interpreter."""
    hinted = project_hints(checkout.path)
    there = installed.installed(facts, hinted, trees)
    layout = detect.layout(checkout.files, checkout.base_files, hinted, there)
    copies = shadow.copies((*layout.own, *layout.gone), installed.foreign_folders(facts, trees))
    compiled, untracked = shadow.unlisted(Path(trees[0]), layout, checkout.base_files)
    copied = installed.copied_files(facts)
    compiled += [*installed.compiled_files(facts), *shadow.compiled_in([*copies, *copied])]
    return Ground(
        checkout=checkout,
        fork=os.path.realpath(checkout.path),
        trees=trees,
        facts=facts,
        layout=layout,
        copies=tuple(dict.fromkeys([*copies, *copied])),
        untracked=untracked,
        need=_need(checkout, facts, Path(trees[0]), compiled),
        names=hinted.names,
    )


def own_ground(ground: Ground, facts: Facts) -> Ground:
    """The same fork with an interpreter of its own, in which it is installed."""
    there = installed.installed(facts, project_hints(ground.checkout.path), (ground.fork,))
    hinted = project_hints(ground.checkout.path)
    files = ground.checkout
    layout = detect.layout(files.files, files.base_files, hinted, there)
    return replace(
        ground, facts=facts, layout=layout, copies=(), untracked={}, need=Need(), own_packages=True
    )


def project_hints(tree: Path) -> Hints:
    """What the project's files say; a file that cannot be read says nothing."""
    return hints(_texts(tree, _SETTINGS))


def _need(checkout: Checkout, facts: Facts, tree: Path, compiled: list[str]) -> Need:
    inputs = detect.build_inputs(checkout.changed)
    found = need(checkout.changed, _texts(tree, inputs), _texts(checkout.path, inputs))
    if built := [*compiled, *facts.rebuilders]:
        return replace(found, install=built[0])
    # Who did not install the project has no recipe of it that could be out of date.
    return replace(found, install=None) if found.recipe and not facts.dists else found


def _texts(tree: Path, names: Iterable[str]) -> dict[str, str]:
    texts = {}
    for name in names:
        try:
            texts[name] = (tree / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return texts
