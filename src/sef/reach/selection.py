"""The tests that a change may reach. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sef.checks.testfiles import is_test_file
from sef.reach.modules import Modules
from sef.reach.nodes import Node, Outline, outline
from sef.reach.spread import FAR, Graph, Spread, graph_of
from sef.text import one_line

SETTINGS: Final = frozenset(
    ("pyproject.toml", "setup.cfg", "setup.py", "pytest.ini", ".pytest.ini", "pytest.toml",
     "tox.ini", "tox.toml", "noxfile.py", "sef.toml", "package.json", "Cargo.toml", "go.mod",
     "Makefile")
)  # fmt: skip
"""Files that may concern every test."""
_OWN_NAMES = re.compile(r"^\s*(?:python_(?:files|functions|classes)|addopts)\s*=.*", re.MULTILINE)
_DOCTEST = re.compile(r"doctest-(?:modules|glob)|load_tests|doctest_plus")
_DOCUMENTS: Final = (".md", ".rst", ".txt", ".adoc")
_LARGEST: Final = 40_000_000
"""Characters of Python beyond which nothing is followed; about a minute of work."""
_IDS_AT_MOST = 400
_NEAR: Final = 0.05
"""Where most tests may come to the change: the nearest of them, at least this share of all."""
Outlines = Callable[[str], Outline]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What is to be run first."""

    tests: tuple[str, ...]
    """Files, or tests in them as `path::Class::name`, sorted."""
    complete: bool
    """True where no other test of the tree can tell the change from its base, if it is right that
    code comes to code by names."""
    why: str
    """One line."""
    everything: bool = False
    """True where `tests` are all there are."""
    count: int = 0
    """Test functions that may come to the change; 0 where `everything` does."""
    share: float = 1.0
    """How many of all test functions `tests` stand for."""


@dataclass(frozen=True, kw_only=True)
class Tree:
    """What is known of the draft's tree."""

    files: Mapping[str, str]
    """Texts of its Python files, and of settings in its root, by path."""
    others: Collection[str] = ()
    """Paths of its other files."""
    read: Outlines = field(default=outline)
    """Gives the outline of a text; one that remembers saves most of the time."""


def reached(tree: Tree, changed: Mapping[str, str | None]) -> Reached:
    """The tests that may tell `tree` from its base.

    `changed` has the base's text of every path that differs, None where the base has none; a path
    that is not in the tree was deleted.
    """
    paths = sorted(path for path in tree.files if path.endswith(".py"))
    tests = frozenset(path for path in paths if is_test_file(path))
    if why := _beyond(tree, changed, tests):
        return _all(tests, why)
    outlines = {path: tree.read(tree.files[path]) for path in paths}
    modules = Modules(files=frozenset((*tree.files, *tree.others, *changed)))
    graph = graph_of(outlines, modules, tests)
    spread = Spread(graph=graph)
    for path, before in changed.items():
        after = tree.files.get(path)
        if path.endswith(".py"):
            _python(spread, path, before, after)
        else:
            _data(spread, path)
    _unasked(spread)
    spread.run()
    return _told(graph, spread, tree)


def _beyond(tree: Tree, changed: Mapping[str, str | None], tests: frozenset[str]) -> str:
    """Why nothing less than all tests will do; empty where less may."""
    settings = [path for path in changed if path.rpartition("/")[2] in SETTINGS]
    if settings:
        return f"{settings[0]} may concern every test"
    if sum(map(len, tree.files.values())) > _LARGEST:
        return "the tree is too large to be followed"
    if not tests:
        return "no test file is known by its name"
    for path, text in tree.files.items():
        if path in SETTINGS and (found := _OWN_NAMES.search(text)) and "python_" in found[0]:
            return f"{path} names tests in a way of its own"
    return ""


def _python(spread: Spread, path: str, before: str | None, after: str | None) -> None:
    old = outline(before or "", compared=True)
    new = outline(after or "", compared=True)
    if old.unknown or new.unknown or before is None or after is None:
        for node in (*old.nodes, *new.nodes):
            spread.change(path, node, removed=after is None)
        if before is not None:
            spread.whole(path, 1)
        return
    kept = {node.name for node in new.nodes}
    for node in _differing(old.nodes, new.nodes):
        spread.change(path, node, removed=node.name not in kept)
    if _order(old.nodes, new.nodes) != _order(new.nodes, old.nodes):
        spread.whole(path, 1)


def _differing(old: Iterable[Node], new: Iterable[Node]) -> list[Node]:
    before = Counter((node.name, node.text) for node in old)
    after = Counter((node.name, node.text) for node in new)
    differing = (before - after) + (after - before)
    return [node for node in (*old, *new) if (node.name, node.text) in differing]


def _order(nodes: Iterable[Node], others: Iterable[Node]) -> list[tuple[str, str]]:
    """What is executed on import in both, in the order of one."""
    there = {(node.name, node.text) for node in others}
    every = ((node.name, node.text) for node in nodes if node.loaded)
    return [one for one in every if one in there]


def _data(spread: Spread, path: str) -> None:
    """A file that is not Python concerns what has its name in a string, and perhaps more."""
    if not path.endswith(_DOCUMENTS):
        spread.doubts.append(f"{path} is not code that can be followed")
    stem = path.rpartition("/")[2]
    for name in re.findall(r"[A-Za-z_]\w*", stem.partition(".")[0]):
        spread.named(name)


def _unasked(spread: Spread) -> None:
    """What may come to anything: imports by computed names, tests that start programs."""
    for path, one in spread.graph.outlines.items():
        if one.unknown:
            spread.doubts.append(f"{path}: {one.unknown}")
            spread.whole(path, FAR)
        for node in one.nodes:
            if node.mentions.imports or (node.mentions.starts and path in spread.graph.tests):
                spread.unasked(path, node)


def _told(graph: Graph, spread: Spread, tree: Tree) -> Reached:
    doctests = any(path in SETTINGS and _DOCTEST.search(text) for path, text in tree.files.items())
    doubts = [*spread.doubts, *(["doctests are run, too"] if doctests else [])]
    every = _ids(graph, graph.tests)
    closure = _ids(graph, spread.tests)
    if 2 * len(closure) <= len(every):
        why = one_line("; ".join(doubts[:2]), 300) or "no other test comes to the change by names"
        return Reached(
            tests=_selected(graph, spread.tests),
            complete=not doubts,
            why=why,
            count=len(closure),
            share=len(closure) / max(1, len(every)),
        )
    near = _near(graph, spread.tests, _NEAR * len(every))
    if near == every:
        return _all(graph.tests, "every test may come to the change")
    why = f"the {len(near)} tests nearest to the change, of {len(closure)} that may come to it"
    return Reached(
        tests=_selected(graph, near),
        complete=False,
        why=why,
        count=len(closure),
        share=len(near) / len(every),
    )


def _ids(graph: Graph, found: Iterable[str]) -> frozenset[str]:
    """Test functions; all of a file where the file itself is among `found`."""
    ids: set[str] = set()
    for one in found:
        if "::" in one:
            ids.add(one)
        else:
            ids |= {f"{one}::{node.test}" for node in graph.outlines[one].nodes if node.test}
    return frozenset(ids)


def _near(graph: Graph, found: Mapping[str, int], least: float) -> frozenset[str]:
    """Those that the fewest steps lead to, and at least so many."""
    near: frozenset[str] = frozenset()
    for steps in sorted(set(found.values())):
        near = _ids(graph, (one for one, own in found.items() if own <= steps))
        if len(near) >= least:
            break
    return near


def _selected(graph: Graph, found: Collection[str]) -> tuple[str, ...]:
    """Files where most of a file is reached or an id might not be one; else single tests."""
    chosen: list[str] = []
    for path in sorted({one.partition("::")[0] for one in found}):
        nodes = graph.outlines[path].nodes
        every = {f"{path}::{node.test}" for node in nodes if node.test}
        mine = {one for one in found if one.startswith(f"{path}::")} & every
        if path in found or not _plain(nodes) or 2 * len(mine) > len(every):
            chosen.append(path)
        else:
            chosen += sorted(mine)
    if len(chosen) > _IDS_AT_MOST:
        return tuple(sorted({one.partition("::")[0] for one in chosen}))
    return tuple(chosen)


def _plain(nodes: Iterable[Node]) -> bool:
    """True where each test of the file is sure to have the id that its text says."""
    return not any(
        node.bases or (node.test and "::" in node.test and not node.test.startswith("Test"))
        for node in nodes
    )


def _all(tests: Iterable[str], why: str) -> Reached:
    return Reached(tests=tuple(sorted(tests)), complete=True, why=why, everything=True)
