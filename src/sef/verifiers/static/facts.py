"""What a Python file defines, imports and calls, as far as its text says so. Pure."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from sef.verifiers.static.scopes import Scopes, scopes_of
from sef.verifiers.static.signatures import Arguments, Signature, arguments_of, signature_of

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_OPEN: Final = frozenset(("globals", "exec", "__getattr__", "modules", "lazy_loader", "vars"))
_FAILURES: Final = frozenset(("ImportError", "ModuleNotFoundError", "Exception", "BaseException"))
_CAME_WITH: Final[Mapping[type[ast.AST], tuple[int, int]]] = MappingProxyType(
    {
        kind: version
        for name, version in (
            ("NamedExpr", (3, 8)), ("Match", (3, 10)), ("TryStar", (3, 11)),
            ("TypeAlias", (3, 12)), ("TemplateStr", (3, 14)),
        )
        if (kind := getattr(ast, name, None))
    }
)  # fmt: skip
"""Syntax by the Python that it came with; what this Python does not know is not parsed anyway."""
_NAME_FAILURES: Final = frozenset(("NameError", "Exception", "BaseException"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One name that an import binds."""

    module: str
    level: int
    """Leading dots."""
    name: str
    """What is taken from the module; empty for `import module`, `*` for all."""
    bound: str
    """The name in this file."""
    line: int
    guarded: bool
    """True where its failure is provided for, or it is only made under a condition."""

    @property
    def said(self) -> str:
        """The module as it is written."""
        return "." * self.level + self.module


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """An attribute that is asked of a plain name, such as a module's."""

    owner: str
    name: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of a plain name, of a name's attribute, or of a method of `self`."""

    target: str
    """`f`, `module.f`, or `Class.method` behind a colon."""
    arguments: Arguments
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One Python file."""

    defined: frozenset[str] = frozenset()
    """Names at the top, however they are bound."""
    open: bool = True
    """True where it may have names that its text does not show."""
    imports: tuple[Import, ...] = ()
    uses: tuple[Use, ...] = ()
    calls: tuple[Call, ...] = ()
    signatures: Mapping[str, Signature] = field(default_factory=lambda: MappingProxyType({}))
    """Of functions and `Class.method` that are defined once and not decorated; `Class` stands for
    what makes one."""
    undefined: tuple[tuple[str, int], ...] = ()
    """Names that nothing defines, and where each is used first."""
    parsed: bool = False
    needs: tuple[tuple[int, int], int] = ((3, 0), 0)
    """The Python that its newest syntax came with, and a line of that."""


NOTHING: Final = Facts()
"""What is known of a file that cannot be parsed."""


def facts_of(text: str) -> Facts:
    """The facts of a file's text; `NOTHING` where it cannot be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
            scopes = scopes_of(text)
        return _Reading(scopes).of(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return NOTHING


class _Reading:
    """One pass over a tree, with what is around each node."""

    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes
        self._imports: list[Import] = []
        self._uses: list[Use] = []
        self._calls: list[Call] = []
        self._undefined: dict[str, int] = {}
        self._open = False
        self._needs = ((3, 0), 0)
        self._signatures: dict[str, Signature] = {}
        self._stored: set[str] = set()

    def of(self, tree: ast.Module) -> Facts:
        """The facts of the tree."""
        self._visit(tree.body, guards=frozenset(), holder="", inside=False)
        self._define(tree)
        star = any(one.name == "*" for one in self._imports)
        return Facts(
            defined=self._scopes.defined,
            open=self._open or "__getattr__" in self._scopes.defined,
            imports=tuple(self._imports),
            uses=tuple(self._uses),
            calls=tuple(self._calls),
            signatures=MappingProxyType(self._signatures),
            undefined=() if star or self._open else tuple(self._undefined.items()),
            parsed=True,
            needs=(self._needs[0], -self._needs[1]),
        )

    def _visit(
        self, nodes: Sequence[ast.AST], *, guards: frozenset[str], holder: str, inside: bool
    ) -> None:
        todo = [(node, guards, holder, inside) for node in reversed(nodes)]
        while todo:
            node, guards, holder, inside = todo.pop()
            if isinstance(node, ast.Name):
                self._name(node, guards)
                continue
            if isinstance(node, ast.Constant):
                continue
            if isinstance(node, ast.Try | ast.TryStar):
                todo += [(child, guards | more, holder, inside) for child, more in _tried(node)]
                continue
            if isinstance(node, ast.If):
                todo.append((node.test, guards, holder, inside))
                under = guards | {"If"}
                todo += [(child, under, holder, inside) for child in (*node.body, *node.orelse)]
                continue
            self._look(node, guards, holder)
            if isinstance(node, ast.ClassDef) and not inside:
                holder = node.name
            inside = inside or isinstance(node, _Function)
            todo += [(child, guards, holder, inside) for child in ast.iter_child_nodes(node)]

    def _look(self, node: ast.AST, guards: frozenset[str], holder: str) -> None:
        if type(node) in _CAME_WITH and isinstance(node, ast.expr | ast.stmt):
            self._needs = max(self._needs, (_CAME_WITH[type(node)], -node.lineno))
        if isinstance(node, ast.Attribute):
            self._attribute(node)
        elif isinstance(node, ast.Call):
            self._call(node, holder)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._imports += _imports(node, guards)

    def _name(self, node: ast.Name, guards: frozenset[str]) -> None:
        if node.id in _OPEN:
            self._open = True
        if not isinstance(node.ctx, ast.Load):
            return
        if node.id in self._scopes.undefined and guards.isdisjoint(_NAME_FAILURES):
            line = self._undefined.get(node.id, node.lineno)
            self._undefined[node.id] = min(line, node.lineno)

    def _attribute(self, node: ast.Attribute) -> None:
        owner = node.value
        if node.attr == "modules":
            self._open = True
        if not isinstance(node.ctx, ast.Load):
            self._stored.add(node.attr)
        elif isinstance(owner, ast.Name) and self._is_module(owner.id):
            self._uses.append(Use(owner=owner.id, name=node.attr, line=node.lineno))

    def _is_module(self, name: str) -> bool:
        return name in self._scopes.imported and name not in self._scopes.rebound

    def _call(self, node: ast.Call, holder: str) -> None:
        called = node.func
        target = ""
        if isinstance(called, ast.Name) and called.id not in self._scopes.rebound:
            target = called.id
        elif isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            owner = called.value.id
            if owner == "self" and holder:
                target = f":{holder}.{called.attr}"
            elif self._is_module(owner):
                target = f"{owner}.{called.attr}"
        if target:
            self._calls.append(Call(target=target, arguments=arguments_of(node), line=node.lineno))

    def _define(self, tree: ast.Module) -> None:
        """Signatures of what is defined once, by a plain statement, and stays what it is."""
        once = Counter(_names_of(tree))
        for node in tree.body:
            if isinstance(node, _Function) and once[node.name] == 1 and not node.decorator_list:
                self._signatures[node.name] = signature_of(node.args)
            elif isinstance(node, ast.ClassDef) and once[node.name] == 1:
                self._class(node)

    def _class(self, node: ast.ClassDef) -> None:
        once = Counter(_names_of(node))
        for method in node.body:
            if not isinstance(method, _Function) or once[method.name] != 1:
                continue
            if method.decorator_list or method.name in self._stored or not _has_self(method):
                continue
            signature = signature_of(method.args, bound=True)
            self._signatures[f":{node.name}.{method.name}"] = signature
            plain = not node.decorator_list and not node.keywords and "__new__" not in once
            if method.name == "__init__" and plain:
                self._signatures[node.name] = signature


def _names_of(node: ast.Module | ast.ClassDef) -> Iterator[str]:
    """Names bound in a body, once for each time, also under conditions."""
    todo: list[ast.AST] = list(node.body)
    while todo:
        child = todo.pop()
        if isinstance(child, _Function | ast.ClassDef):
            yield child.name
            continue
        if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load):
            yield child.id
        elif isinstance(child, ast.alias):
            yield (child.asname or child.name).split(".")[0]
        elif isinstance(child, ast.Lambda):
            continue
        todo.extend(ast.iter_child_nodes(child))


def _has_self(method: _Function) -> bool:
    every = (*method.args.posonlyargs, *method.args.args)
    return bool(every) and every[0].arg == "self"


def _imports(node: ast.Import | ast.ImportFrom, guards: frozenset[str]) -> Iterator[Import]:
    guarded = "If" in guards or not guards.isdisjoint(_FAILURES)
    module, level = ("", 0) if isinstance(node, ast.Import) else (node.module or "", node.level)
    for alias in node.names:
        plain = isinstance(node, ast.Import)
        yield Import(
            module=alias.name if plain else module,
            level=level,
            name="" if plain else alias.name,
            bound=alias.asname or alias.name.split(".")[0],
            line=node.lineno,
            guarded=guarded,
        )


def _tried(node: ast.Try | ast.TryStar) -> Iterator[tuple[ast.AST, frozenset[str]]]:
    """Its parts, with the failures that are provided for in each; handlers are a condition."""
    caught: set[str] = set()
    for handler in node.handlers:
        if handler.type is None:
            caught.add("BaseException")
        else:
            caught.update(_caught(handler.type))
            yield handler.type, frozenset()
    yield from ((child, frozenset(caught)) for child in node.body)
    yield from ((child, frozenset({"If"})) for one in node.handlers for child in one.body)
    yield from ((child, frozenset()) for child in (*node.orelse, *node.finalbody))


def _caught(node: ast.expr) -> Iterator[str]:
    for child in ast.walk(node):
        if isinstance(child, ast.Name):
            yield child.id
        elif isinstance(child, ast.Attribute):
            yield child.attr
