"""The functions of a test module, and which of them a runner collects. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sef.verifiers.integrity.words import dotted, false

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef
_NO_CONDITION = frozenset({"__name__ == '__main__'"})


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function or method at the top of a test module, in a class, or under a condition."""

    path: str
    name: str
    """With the names of the classes around it: `TestFold.test_empty`."""
    node: AnyFunction
    text: str
    """Its lines with the decorators."""
    collected: bool
    """True where the runner takes it for a test."""
    conditions: tuple[str, ...] = ()
    """Conditions of the `if` statements around it."""
    marks: tuple[ast.expr, ...] = ()
    """Decorators, those of its classes and of the module (`pytestmark`)."""

    @property
    def short(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def line(self) -> int:
        return self.node.lineno


def functions(path: str, tree: ast.Module, lines: Sequence[str], *, file: bool) -> list[Function]:
    """All functions but those inside of functions; `file`: the runner looks into such files."""
    found = _Walk(path, lines).body(tree.body, "", collected=file, conditions=(), marks=())
    by_name = {one.name: one for one in found}  # the last of a name is the one that counts
    gone = _taken_away(tree)
    return [
        replace(one, collected=one.collected and gone.isdisjoint(_names(one.name)))
        for one in by_name.values()
    ]


@dataclass(frozen=True)
class _Walk:
    path: str
    lines: Sequence[str]

    def body(
        self,
        body: Sequence[ast.stmt],
        prefix: str,
        *,
        collected: bool,
        conditions: tuple[str, ...],
        marks: tuple[ast.expr, ...],
    ) -> Iterator[Function]:
        marks = (*marks, *_pytestmark(body))
        for node in body:
            if isinstance(node, AnyFunction):
                yield Function(
                    path=self.path,
                    name=prefix + node.name,
                    node=node,
                    text=self._text(node),
                    collected=collected and node.name.startswith("test"),
                    conditions=conditions,
                    marks=(*marks, *node.decorator_list),
                )
            elif isinstance(node, ast.ClassDef):
                yield from self.body(
                    node.body,
                    f"{prefix}{node.name}.",
                    collected=collected and _is_test_class(node),
                    conditions=conditions,
                    marks=(*marks, *node.decorator_list),
                )
            elif isinstance(node, ast.If):
                said = ast.unparse(node.test)
                more = conditions if said in _NO_CONDITION else (*conditions, said)
                yield from self.body(
                    node.body,
                    prefix,
                    collected=collected and not false(node.test),
                    conditions=more,
                    marks=marks,
                )
                yield from self.body(
                    node.orelse, prefix, collected=collected, conditions=conditions, marks=marks
                )
            elif isinstance(node, ast.Try | ast.With):
                yield from self.body(
                    node.body, prefix, collected=collected, conditions=conditions, marks=marks
                )

    def _text(self, node: AnyFunction) -> str:
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        return "\n".join(self.lines[first - 1 : node.end_lineno])


def _is_test_class(node: ast.ClassDef) -> bool:
    """True for names that pytest takes, and for cases of unittest."""
    if any(_says_no(one) for one in node.body):
        return False
    if any(isinstance(one, AnyFunction) and one.name == "__init__" for one in node.body):
        return False
    bases = [dotted(base) for base in node.bases]
    return node.name.startswith("Test") or any(re.search(r"Test|Case", base) for base in bases)


def _says_no(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Assign)
        and [dotted(target) for target in node.targets] == ["__test__"]
        and false(node.value)
    )


def _pytestmark(body: Sequence[ast.stmt]) -> Iterator[ast.expr]:
    for node in body:
        if isinstance(node, ast.Assign) and "pytestmark" in map(dotted, node.targets):
            several = isinstance(node.value, ast.List | ast.Tuple)
            yield from node.value.elts if several else [node.value]  # type: ignore[attr-defined]


def _taken_away(tree: ast.Module) -> set[str]:
    """Names that the module deletes, binds anew, or marks as no tests."""
    gone = set()
    for node in tree.body:
        targets: Sequence[ast.expr] = ()
        if isinstance(node, ast.Delete | ast.Assign):
            targets = node.targets
        for target in targets:
            name = dotted(target)
            if name.endswith(".__test__") or isinstance(node, ast.Delete) or "." not in name:
                gone.add(name.removesuffix(".__test__"))
            elif isinstance(node, ast.Assign) and ".test" in name:
                gone.add(name)
    if any(isinstance(node, ast.Assign) and _says_no(node) for node in tree.body):
        gone.add("")
    return gone


def _names(name: str) -> set[str]:
    """A qualified name and those of what it is in."""
    parts = name.split(".")
    return {".".join(parts[:n]) for n in range(len(parts) + 1)}
