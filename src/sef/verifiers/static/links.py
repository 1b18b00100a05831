"""Names of modules of the project that are imported, and whether they are there. Pure."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sef.reach.modules import Modules
from sef.verifiers.static.facts import Facts, Import
from sef.verifiers.static.findings import Finding

_ROOTS: Final = ("", "src/", "lib/")
_HOPS: Final = 6
"""Re-exports that are followed."""


@dataclass(frozen=True, kw_only=True)
class Tree:
    """One tree: its modules, and what is known of each file."""

    modules: Modules
    facts: Callable[[str], Facts]
    """By path; of a file that is missing or cannot be parsed, `NOTHING`."""

    def files_of(self, name: str, of: str) -> tuple[str, ...]:
        """The files that the file `of` may get when it imports `name`."""
        return tuple(
            path for path in self.modules.named.get(name, ()) if self._is_seen(path, name, of)
        )

    def _is_seen(self, path: str, name: str, of: str) -> bool:
        """A script's folder is on the path only for what lies beside it."""
        root = path[: len(path) - len(_file_of(name, path))]
        if root in _ROOTS or ("." in name and self.modules.home(path) == name):
            return True
        return of.startswith(root) or path.endswith("/__init__.py")

    def is_ours(self, name: str, of: str) -> bool:
        """True where the first part of the name can only be one of the project's modules."""
        top = name.partition(".")[0]
        return top not in sys.stdlib_module_names and bool(self.files_of(top, of))

    def missing(self, one: Import, of: str) -> Finding | None:
        """What an import asks for that is not there."""
        whole = self.modules.resolve(one.module, level=one.level, of=of)
        if whole is None or (not one.level and not self.is_ours(whole, of)):
            return None
        if whole and not self.modules.may_exist(whole):
            if self._is_open_parent(whole, of):
                return None
            what = f"imports {one.said}, and the project has no such module"
            return Finding(path=of, line=one.line, sign="missing-module", what=what)
        if one.name in ("", "*") or self.has(whole, one.name, of):
            return None
        what = f"takes {one.name} from {one.said}, which has no such name"
        return Finding(path=of, line=one.line, sign="missing-name", what=what)

    def has(self, module: str, name: str, of: str, hops: int = _HOPS) -> bool:
        """False only where the module is known wholly and nothing in it has the name."""
        if self.modules.may_exist(f"{module}.{name}".lstrip(".")):
            return True
        paths = self.files_of(module, of)
        if not paths or hops == 0:
            return True
        return any(self._file_has(path, name, hops) for path in paths)

    def _file_has(self, path: str, name: str, hops: int) -> bool:
        facts = self.facts(path)
        if facts.open or name in facts.defined or (name.startswith("__") and name.endswith("__")):
            return True
        for star in facts.imports:
            if star.name == "*":
                whole = self.modules.resolve(star.module, level=star.level, of=path)
                if whole is None or self.has(whole, name, path, hops - 1):
                    return True
        return False

    def _is_open_parent(self, name: str, of: str) -> bool:
        """True where the package may make modules that no file holds."""
        parent = name.rpartition(".")[0]
        return any(self.facts(path).open for path in self.files_of(parent, of))

    def module_of(self, bound: str, path: str) -> str | None:
        """The module that a name of a file stands for; None where it is none, or not surely."""
        found = [one for one in self.facts(path).imports if one.bound == bound]
        if len(found) != 1:
            return None
        (one,) = found
        whole = self.modules.resolve(one.module, level=one.level, of=path)
        if whole is None or (not one.level and not self.is_ours(whole, path)):
            return None
        if one.name:
            name = f"{whole}.{one.name}".lstrip(".")
            defined = any(one.name in self.facts(p).defined for p in self.files_of(whole, path))
            return name if name in self.modules.named and not defined else None
        return whole if bound == whole or bound != whole.split(".")[0] else None

    def origin(self, target: str, path: str, hops: int = _HOPS) -> tuple[str, str] | None:
        """The file and name of what a called name is, followed through imports; None: unknown."""
        facts = self.facts(path)
        if target in facts.signatures:
            return path, target
        if target.startswith(":") or hops == 0:
            return None
        owner, dot, name = target.partition(".")
        if dot:
            module = self.module_of(owner, path)
            return None if module is None else self._only(module, name, path, hops)
        found = [one for one in facts.imports if one.bound == target]
        if len(found) != 1 or not found[0].name or found[0].guarded:
            return None
        one = found[0]
        whole = self.modules.resolve(one.module, level=one.level, of=path)
        if whole is None or (not one.level and not self.is_ours(whole, path)):
            return None
        return self._only(whole, one.name, path, hops)

    def _only(self, module: str, name: str, of: str, hops: int) -> tuple[str, str] | None:
        paths = self.files_of(module, of)
        return self.origin(name, paths[0], hops - 1) if len(paths) == 1 else None


def unresolved(tree: Tree, path: str) -> Iterator[Finding]:
    """Imports of a file, and attributes of modules it imports, that the project has not."""
    facts = tree.facts(path)
    for one in facts.imports:
        if not one.guarded and (found := tree.missing(one, path)) is not None:
            yield found
    guarded = {one.bound for one in facts.imports if one.guarded}
    for use in facts.uses:
        if use.owner in guarded:
            continue
        module = tree.module_of(use.owner, path)
        if module is not None and not tree.has(module, use.name, path):
            what = f"uses {use.owner}.{use.name}, and {module} has no such name"
            yield Finding(path=path, line=use.line, sign="missing-name", what=what)


def misfits(tree: Tree, base: Tree, path: str) -> Iterator[Finding]:
    """Calls of a file that raise TypeError; apart those of what takes the same in the base."""
    for call in tree.facts(path).calls:
        origin = tree.origin(call.target, path)
        if origin is None:
            continue
        signature = tree.facts(origin[0]).signatures[origin[1]]
        if why := signature.refuses(call.arguments):
            same = base.facts(origin[0]).signatures.get(origin[1]) == signature
            what = f"{call.target.lstrip(':')} {why}"
            sign = "call-doubt" if same else "call-mismatch"
            yield Finding(path=path, line=call.line, sign=sign, what=what)


def _file_of(name: str, path: str) -> str:
    stem = name.replace(".", "/")
    return f"{stem}/__init__.py" if path.endswith(f"{stem}/__init__.py") else f"{stem}.py"
