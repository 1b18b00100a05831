"""From changed names to everything that may come to them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final

from sef.checks.testfiles import TestFiles
from sef.reach.modules import Modules
from sef.reach.nodes import Node, Outline

_CONFTEST: Final = "conftest.py"
FAR: Final = 10
"""Steps that count for what is only possible: names that are put together, failures on import."""
_Name = tuple[str, str]
_Spot = tuple[str, Node]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """All nodes of a tree, found by what they mention, and files by what they import."""

    outlines: Mapping[str, Outline]
    importers: Mapping[str, frozenset[str]]
    """Files that import a file, of themselves or with a package that they import from."""
    tests: frozenset[str]
    """Files that a runner collects tests from."""
    local: frozenset[str]
    """Test files and what lies beside them: product code does not know their names."""
    by_name: Mapping[str, tuple[_Spot, ...]]
    computing: tuple[tuple[str, _Spot], ...]
    """Nodes that put names together, with how these begin."""
    given: frozenset[str]
    """Every name that a definition or variable of the tree gives."""
    keepers: frozenset[str]
    """Classes that may know those that inherit from them."""
    inherited: frozenset[str]
    """Classes of test files that others inherit from, with their tests."""


def graph_of(outlines: Mapping[str, Outline], modules: Modules, tests: frozenset[str]) -> Graph:
    """The graph of a tree's outlines."""
    by_name: dict[str, list[_Spot]] = defaultdict(list)
    computing = []
    for path, one in outlines.items():
        for node in one.nodes:
            for name in node.mentions.names:
                by_name[name].append((path, node))
            computing += [(part, (path, node)) for part in node.mentions.parts]
    beside = TestFiles(outlines)
    every = [(path, node) for path, one in outlines.items() for node in one.nodes]
    return Graph(
        outlines=outlines,
        importers=_importers(outlines, modules, tests),
        tests=tests,
        local=frozenset(path for path in outlines if path in beside),
        by_name={name: tuple(spots) for name, spots in by_name.items()},
        computing=tuple(computing),
        given=frozenset[str]().union(*(node.gives for _, node in every)),
        inherited=frozenset[str]().union(*(node.bases for path, node in every if path in beside)),
        keepers=frozenset[str]().union(*(_keepers(node) for _, node in every)),
    )


def _keepers(node: Node) -> frozenset[str]:
    """A class that is told of its subclasses, or has a metaclass, which is."""
    if node.name.endswith(".__init_subclass__") or "metaclass" in node.mentions.names:
        return node.gives
    return frozenset()


def _importers(
    outlines: Mapping[str, Outline], modules: Modules, tests: frozenset[str]
) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for path, one in outlines.items():
        for name, level, taken in one.imports:
            whole = modules.resolve(name, level=level, of=path)
            for target in _executed(whole or "", taken, modules):
                found[target].add(path)
    for path in outlines:
        folder = path.rpartition("/")[0]
        if path.rpartition("/")[2] in (_CONFTEST, "__init__.py"):
            below = (p for p in tests if p.startswith(f"{folder}/" if folder else ""))
            found[path].update(below)
    return {path: frozenset(users - {path}) for path, users in found.items()}


def _executed(name: str, taken: tuple[str, ...], modules: Modules) -> Iterable[str]:
    parts = name.split(".")
    names = [".".join(parts[:n]) for n in range(1, len(parts) + 1)]
    names += [f"{name}.{one}".lstrip(".") for one in taken]
    for one in names:
        yield from modules.named.get(one, ())


@dataclass(slots=True, kw_only=True)
class Spread:
    """What has been come to so far, and in how many steps."""

    graph: Graph
    tests: dict[str, int] = field(default_factory=dict)
    """Steps to each `path::Class::name`; to a `path` where its tests have no sure names."""
    doubts: list[str] = field(default_factory=list)
    _nodes: set[tuple[str, int]] = field(default_factory=set)
    _files: set[str] = field(default_factory=set)
    _names: dict[_Name, int] = field(default_factory=dict)
    _todo: list[tuple[int, str, str, bool]] = field(default_factory=list)
    """A heap of steps, name, file that it is visible from, and whether it may be gone."""

    def change(self, path: str, node: Node, *, removed: bool = False) -> None:
        """A node was changed; `removed` where the name may be gone."""
        self._reach(path, node, 0)
        for name in node.gives:
            self._give(path, name, 1, removed=removed)
        if node.coarse or node.for_all or (node.loaded and node.eager):
            self.whole(path, 1)

    def named(self, name: str) -> None:
        """Something of that name was changed."""
        self._give("", name, 1)

    def unasked(self, path: str, node: Node) -> None:
        """A node that may come to anything."""
        self._reach(path, node, FAR)

    def whole(self, path: str, steps: int) -> None:
        """All that a file holds, and all files that import it."""
        todo = [(path, steps)]
        while todo:
            one, away = todo.pop(0)
            if one in self._files:
                continue
            self._files.add(one)
            for node in self._outline(one).nodes:
                self._reach(one, node, away)
            todo += [(user, away + 1) for user in self.graph.importers.get(one, ())]

    def run(self) -> None:
        """Follows names until there are no new ones."""
        while self._todo:
            steps, name, seen_from, removed = heappop(self._todo)
            for path, node in self.graph.by_name.get(name, ()):
                if self._sees(path, seen_from):
                    runs = name not in node.mentions.said
                    self._come(path, node, steps, runs=runs, removed=removed and runs)
            for part, (path, node) in self.graph.computing:
                if name.startswith(part) and self._sees(path, seen_from):
                    self._come(path, node, steps + FAR, runs=True)

    def _sees(self, path: str, seen_from: str) -> bool:
        """What a test file defines is for it and for those that import it."""
        return not seen_from or path == seen_from or path in self.graph.importers.get(seen_from, ())

    def _come(
        self, path: str, node: Node, steps: int, *, runs: bool, removed: bool = False
    ) -> None:
        self._reach(path, node, steps)
        if (node.loaded and ((node.eager and runs) or removed)) or node.for_all:
            self.whole(path, steps + (1 if removed else FAR))

    def _reach(self, path: str, node: Node, steps: int) -> None:
        if node.test and path in self.graph.tests:
            test = f"{path}::{node.test}"
            self.tests[test] = min(steps, self.tests.get(test, steps))
        if (path, id(node)) in self._nodes:
            return
        self._nodes.add((path, id(node)))
        if node.bases and path in self.graph.tests:
            self.tests.setdefault(path, steps)  # it inherits tests, perhaps
        self._registered(path, node, steps)
        holder = node.test.partition("::")[0]
        for name in (*node.gives, *({holder} & self.graph.inherited)):
            self._give(path, name, steps + 1)

    def _registered(self, path: str, node: Node, steps: int) -> None:
        """What decorates a definition may hold it; whoever asks that comes to it."""
        ours = node.registers & self.graph.given
        for name in ours | (node.bases & self.graph.keepers):
            self._give(path, name, steps + 1)
        if ours and path not in self.graph.local:
            self.doubts.append(f"{node.name} of {path} is given to {sorted(ours)[0]}")

    def _give(self, path: str, name: str, steps: int, *, removed: bool = False) -> None:
        seen_from = path if path in self.graph.local else ""
        if removed or self._names.get((name, seen_from), steps + 1) > steps:
            self._names[name, seen_from] = steps
            heappush(self._todo, (steps, name, seen_from, removed))

    def _outline(self, path: str) -> Outline:
        return self.graph.outlines.get(path, Outline())
