"""Which modules are the project's, and where. Pure functions of file lists and of hints."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from sef.environment.hints import Hints

BUILD_FILES = frozenset(
    ("pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in", "meson.build", "CMakeLists.txt")
) | {"Cargo.toml", "Cargo.lock"}
BUILD_SUFFIXES = (".c", ".h", ".cc", ".cpp", ".pyx", ".pxd", ".rs")
COMPILED = (".so", ".pyd")

_TEST_FOLDERS = frozenset(("tests", "test", "testing"))
_BESIDE = frozenset(("tests", "test", "docs", "doc", "examples", "example", "benchmarks"))
# The standard library precedes every root on the import path.
_TAKEN = sys.stdlib_module_names
_VERSION_MODULE = re.compile(r"(.*\.)?_*(scm_?)?version(_info)?_*")
_SCRIPTS = frozenset(("conftest", "setup", "noxfile", "__init__", "__main__"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What the user's environment says about where the project's modules are, tree-relative."""

    roots: tuple[str, ...] = ()
    """Folders of the tree that are on the import path."""
    mapped: tuple[tuple[str, str], ...] = ()
    """Modules that an editable installation finds by name: the module and its place."""
    tops: tuple[str, ...] = ()
    """Top-level names of the project's that are there as a copy."""
    others: tuple[str, ...] = ()
    """Top-level names that another project's installation brought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the project's modules are. All paths are relative to the tree."""

    roots: tuple[str, ...]
    own: Mapping[str, str]
    """The outermost regular package or module of each branch, and its file."""
    gone: tuple[str, ...]
    """Names that the base has and the fork has not."""


def layout(
    files: Sequence[str], base_files: Sequence[str], hinted: Hints, installed: Installed
) -> Layout:
    """Finds the project's modules in the fork, and those the fork took away."""
    roots = import_roots((*files, *base_files), hinted, installed)
    own = own_modules(files, roots, hinted, installed)
    before = own_modules(base_files, roots, hinted, installed)
    gone = [name for name in before if not owner(name, own) and not _is_parent(name, own)]
    used = tuple(root for root in roots if any(_is_under(path, root) for path in own.values()))
    return Layout(roots=used, own=own, gone=tuple(sorted(gone)))


def import_roots(files: Iterable[str], hinted: Hints, installed: Installed) -> tuple[str, ...]:
    """The folders that modules are imported from, deepest first; `.` only with evidence."""
    python = [path for path in files if path.endswith(".py")]
    mapped = [_parent(place) for name, place in installed.mapped if _keeps_name(name, place)]
    named = {*installed.roots, *hinted.roots, *mapped}
    if "src/__init__.py" not in python:
        named.add("src")
    held = {root for root in named if root != "." and _holds_module(root, python)}
    tops = {path.split("/")[0].removesuffix(".py") for path in python}
    if "." in named or tops & {*installed.tops} or not held:
        held.add(".")
    return tuple(sorted(held, key=lambda root: (root == ".", -root.count("/"), root)))


def own_modules(
    files: Iterable[str], roots: Sequence[str], hinted: Hints, installed: Installed
) -> dict[str, str]:
    """The outermost regular package or module of each branch under the roots, and its file.

    Packages without `__init__.py` give dotted names. At the tree's top level a name that another
    installation brought is not the project's: there the environment's comes first.
    """
    known = {path for path in files if path.endswith(".py")}
    own = dict(_mapped_modules((*installed.mapped, *hinted.mapped), known))
    others = frozenset(installed.others)
    for path in sorted(known):
        root = next((root for root in roots if _is_under(path, root)), None)
        if root is None:
            continue
        found = _outermost(_relative(path, root), root, known)
        if found and not (root == "." and found[0].split(".")[0] in others):
            own.setdefault(*found)
    return own


def owner(name: str, own: Collection[str]) -> str | None:
    """The own module that `name` is, or is inside of."""
    while name and name not in own:
        name = name.rpartition(".")[0]
    return name or None


def build_inputs(changed: Iterable[str]) -> tuple[str, ...]:
    """The changed paths that decide how the project is built or installed."""
    return tuple(path for path in changed if _is_build_input(PurePosixPath(path)))


def is_python(files: Iterable[str]) -> bool:
    """True when there is any Python to run."""
    return any(path.endswith(".py") for path in files)


def is_test(path: str) -> bool:
    """True for a file that only tests use, by its name or its folder."""
    *folders, name = path.split("/")
    named = re.fullmatch(r"conftest\.py|test_.*\.py|.*_test\.py|tests?\.py", name)
    return named is not None or bool(_TEST_FOLDERS.intersection(folders))


def is_version_module(name: str) -> bool:
    """True for the module that build tools write from the repository's tags."""
    return _VERSION_MODULE.fullmatch(name) is not None


def _is_build_input(path: PurePosixPath) -> bool:
    if _BESIDE.intersection(path.parts[:-1]):
        return False
    return path.name in BUILD_FILES or path.suffix in BUILD_SUFFIXES


def _mapped_modules(
    pairs: Iterable[tuple[str, str]], known: Collection[str]
) -> Iterable[tuple[str, str]]:
    for name, place in pairs:
        for path in (f"{place}/__init__.py", f"{place}.py", place):
            if path in known and not (_BESIDE | _SCRIPTS).intersection([name]):
                yield name, path
                break


def _outermost(relative: str, root: str, known: Collection[str]) -> tuple[str, str] | None:
    parts = relative.removesuffix(".py").split("/")
    if parts[0] in _BESIDE | _SCRIPTS | _TAKEN or not all(part.isidentifier() for part in parts):
        return None
    prefix = "" if root == "." else f"{root}/"
    for depth in range(1, len(parts)):
        package = f"{prefix}{'/'.join(parts[:depth])}/__init__.py"
        if package in known:
            return ".".join(parts[:depth]), package
    if parts[-1] in _SCRIPTS:
        return None
    return ".".join(parts), prefix + relative


def _holds_module(root: str, python: Iterable[str]) -> bool:
    return any(
        _is_under(path, root) and _relative(path, root).split("/")[0] not in _BESIDE
        for path in python
    )


def _keeps_name(name: str, place: str) -> bool:
    return PurePosixPath(place).name.removesuffix(".py") == name


def _is_parent(name: str, own: Iterable[str]) -> bool:
    return any(other.startswith(f"{name}.") for other in own)


def _parent(path: str) -> str:
    return str(PurePosixPath(path).parent)


def _is_under(path: str, root: str) -> bool:
    return root == "." or path.startswith(f"{root}/")


def _relative(path: str, root: str) -> str:
    return path if root == "." else path[len(root) + 1 :]
