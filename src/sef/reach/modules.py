"""Which Python modules a tree holds, by the names of its files. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_ROOTS: Final = ("", "src/", "lib/")
_ENDS: Final = (".pyx", ".c", ".cpp", ".rs", ".so", ".pyd", ".pyi")
"""What may be built into a module that no Python file holds."""


@dataclass(frozen=True, kw_only=True)
class Modules:
    """The modules of one tree. A name may stand for several files; a tree may hold two projects."""

    files: frozenset[str]
    """Paths of all files, relative to the root."""

    @cached_property
    def named(self) -> Mapping[str, tuple[str, ...]]:
        """The files of each module name: from the folder above the outermost package, from the
        usual roots, and from the file's own folder."""
        found: dict[str, set[str]] = {}
        for path in self.files:
            for name in self.names(path):
                found.setdefault(name, set()).add(path)
        return {name: tuple(sorted(paths)) for name, paths in found.items()}

    @cached_property
    def folders(self) -> frozenset[str]:
        """Dotted names of folders that hold modules, with or without `__init__.py`."""
        return frozenset(parent for name in self.named for parent in _parents(name))

    def names(self, path: str) -> tuple[str, ...]:
        """The names under which a file may be imported; none where it is no Python source."""
        if not path.endswith(".py"):
            return ()
        roots = {*self._usual(path), self._above_packages(path)}
        return tuple(sorted(filter(None, (_dotted(path, root) for root in roots))))

    def resolve(self, name: str, *, level: int = 0, of: str = "") -> str | None:
        """The absolute name of what the file `of` imports; None where that leads out of the tree.

        `level` counts the leading dots.
        """
        if not level:
            return name
        package = self.home(of).split(".")
        package = package if of.endswith("/__init__.py") else package[:-1]
        if level - 1 > len(package) or (not package and level > 1):
            return None
        kept = package[: len(package) - (level - 1)]
        return ".".join(filter(None, (*kept, name)))

    def home(self, path: str) -> str:
        """The name of a file's module from the folder above its outermost package."""
        return _dotted(path, self._above_packages(path))

    def is_ours(self, name: str) -> bool:
        """True where the first part of the name is a module or package of the tree."""
        return name.split(".", maxsplit=1)[0] in self._tops

    def may_exist(self, name: str) -> bool:
        """True where a file or folder could be the module: also one that is built or generated."""
        return name in self.named or name in self.folders or name in self._built

    @cached_property
    def _tops(self) -> frozenset[str]:
        return frozenset(self.home(path).split(".")[0] for path in self.files if _is_code(path))

    @cached_property
    def _built(self) -> frozenset[str]:
        built: set[str] = set()
        for path in self.files:
            stem, dot, end = path.partition(".")
            if dot and f".{end}".endswith(_ENDS):
                built.update(_dotted(f"{stem}.py", root) for root in _ROOTS if _under(path, root))
        return frozenset(built)

    def _usual(self, path: str) -> Iterator[str]:
        yield from (root for root in _ROOTS if _under(path, root))
        folder = path.rpartition("/")[0]
        yield f"{folder}/" if folder else ""

    def _above_packages(self, path: str) -> str:
        folder = path.rpartition("/")[0]
        while folder and f"{folder}/__init__.py" in self.files:
            folder = folder.rpartition("/")[0]
        return f"{folder}/" if folder else ""


def of(files: Iterable[str]) -> Modules:
    """The modules of a tree with these files."""
    return Modules(files=frozenset(files))


def _is_code(path: str) -> bool:
    return path.endswith(".py")


def _under(path: str, root: str) -> bool:
    return path.startswith(root)


def _dotted(path: str, root: str) -> str:
    stem = path.removeprefix(root).removesuffix(".py")
    return stem.removesuffix("/__init__").replace("/", ".").removeprefix("__init__")


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:n]) for n in range(1, len(parts)))
