"""Tests of the base that look at something else than before, under the same name. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from sef.verifiers.integrity.bindings import LOCAL, Bindings, of_function, of_module
from sef.verifiers.integrity.finding import Finding
from sef.verifiers.integrity.inventory import Function
from sef.verifiers.integrity.look import Look, Pair
from sef.verifiers.integrity.words import walk

_EDGES = re.compile(r"(?:^|/)(?:src|lib)/")
_BUILTIN = "builtins"


@dataclass(frozen=True)
class Subjects:
    """What the tests of a draft's changed files have imported from the project."""

    look: Look

    def swapped(self, old: Function, new: Function) -> Iterator[Finding]:
        """Names that a kept test uses and that stand for something else, though what they stood
        for is still there."""
        if not old.collected or self.look.asked.may_change(new.path):
            return
        before, after = self._scope(old, old=True), self._scope(new, old=False)
        for name in sorted(_used(old.node) & _used(new.node)):
            was = before(name)
            if not was or not all(map(self._subject, was)):
                continue
            for target, line in after(name).items():
                if target not in was and not any(self._same(one, target) for one in was):
                    said = "something of the test's own" if target == LOCAL else target
                    what = f"`{name}` was {min(was)} in the tests, and is now {said}"
                    yield Finding(
                        sign="subject-swapped", path=new.path, line=line, what=what, decisive=True
                    )

    def offered(self, test: Function, callee: str) -> bool:
        """True where a test of the base had a dotted name from the project, and it is there."""
        first, _, rest = callee.partition(".")
        targets = self._scope(test, old=True)(first)
        return any(self._subject(f"{one}.{rest}".rstrip(".")) for one in targets)

    def _scope(self, test: Function, *, old: bool) -> _Scope:
        module = self._old if old else self._new
        return _Scope(of_function(test.node), module.get(test.path, {}))

    @cached_property
    def _old(self) -> dict[str, Bindings]:
        return {pair.path: of_module(pair.old) for pair in self.look.tests}

    @cached_property
    def _new(self) -> dict[str, Bindings]:
        return {pair.path: of_module(pair.new) for pair in self.look.tests}

    @cached_property
    def _modules(self) -> dict[str, Pair]:
        """The changed modules by their dotted names."""
        found = {}
        for pair in self.look.pairs:
            if pair.path.endswith(".py"):
                inside = _EDGES.split(pair.path)[-1].removesuffix(".py")
                found[inside.replace("/", ".").removesuffix(".__init__")] = pair
        return found

    def _subject(self, target: str) -> bool:
        """True for what the project offers; a module that was not changed offers what it did."""
        parts = target.split(".")
        if parts[0] not in self.look.tops:
            return False
        for end in range(len(parts), 0, -1):
            pair = self._modules.get(".".join(parts[:end]))
            if pair is not None:
                return pair.after is not None and _offers(pair, parts[end:])
        return True

    def _same(self, was: str, now: str) -> bool:
        """True where two dotted names are one thing, by what the modules import."""
        if now == LOCAL:
            return False
        (old, _, name), (new, _, other) = was.rpartition("."), now.rpartition(".")
        if self._imports(old, name) == {now} or self._imports(new, other) == {was}:
            return True
        if now == old:  # everything of the same module
            return True
        kin = old.startswith(f"{new}.") or new.startswith(f"{old}.")
        pair = self._modules.get(new)
        return kin and name == other and (pair is None or name in of_module(pair.old))

    def _imports(self, module: str, name: str) -> set[str]:
        pair = self._modules.get(module)
        if pair is None:
            return set()
        package = module if pair.path.endswith("/__init__.py") else module.rpartition(".")[0]
        return {_absolute(one, package) for one in of_module(pair.new).get(name, ())}


@dataclass(frozen=True)
class _Scope:
    """Names as a function sees them."""

    inner: Bindings
    outer: Bindings

    def __call__(self, name: str) -> dict[str, int]:
        """Its targets; those of `import *`, or Python's own, where nothing binds it."""
        found = self.inner.get(name) or self.outer.get(name)
        return found or self.outer.get("*") or {_BUILTIN: 0}


def _absolute(target: str, package: str) -> str:
    """A target with what its leading dots stand for in a module of that package."""
    inside = target.lstrip(".")
    for _ in range(len(target) - len(inside) - 1):
        package = package.rpartition(".")[0]
    return target if inside == target else f"{package}.{inside}"


def _used(node: ast.AST) -> set[str]:
    return {one.id for one in walk(node) if isinstance(one, ast.Name)}


def _offers(pair: Pair, names: list[str]) -> bool:
    """True where a module binds the first name, and has definitions of the others."""
    if not names:
        return True
    now = of_module(pair.new)
    lost = names[0] in of_module(pair.old) and names[0] not in now and "*" not in now
    text = pair.after or ""
    return not lost and all(
        re.search(rf"\b(?:def|class)\s+{name}\b|\b{name}\s*[:=]", text) for name in names[1:]
    )
