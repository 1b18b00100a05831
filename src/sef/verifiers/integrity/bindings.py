"""What the names of a module or function stand for. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from sef.verifiers.integrity.words import walk

LOCAL = "<local>"
"""Stands for whatever is made in the scope itself."""
Bindings = dict[str, dict[str, int]]
"""For every name its targets, dotted or `LOCAL`, and the lines where they are bound."""
_INNER = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


def of_module(tree: ast.Module | None) -> Bindings:
    """The names at the top of a module, under its conditions too; `*` has modules."""
    found: Bindings = {}
    todo: list[ast.AST] = list(tree.body) if tree else []
    while todo:
        node = todo.pop()
        _add(found, node)
        if not isinstance(node, _INNER):
            todo.extend(ast.iter_child_nodes(node))
    return found


def of_function(node: ast.AST) -> Bindings:
    """The names that a function binds anywhere in it: parameters, loops, inner functions."""
    found: Bindings = {}
    for one in walk(node):
        if one is not node:
            _add(found, one)
    return found


def _add(found: Bindings, node: ast.AST) -> None:
    for name, target in _bound(node):
        found.setdefault(name, {}).setdefault(target, getattr(node, "lineno", 0))


def _bound(node: ast.AST) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Import():
            for alias in node.names:
                top = alias.name if alias.asname else alias.name.split(".")[0]
                yield alias.asname or top, top
        case ast.ImportFrom():
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                everything = alias.name == "*"
                target = module if everything else f"{module}.{alias.name}"
                yield alias.asname or alias.name, target
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name, LOCAL
        case ast.Name(ctx=ast.Store()):
            yield node.id, LOCAL
        case ast.arg():
            yield node.arg, LOCAL
