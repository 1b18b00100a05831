"""Comparisons and truth values that say the same whatever they are asked. Pure."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from sef.verifiers.integrity.words import false, true

_ALWAYS: Final = {
    "__eq__": True, "__bool__": True, "__contains__": True, "__le__": True, "__ge__": True,
    "__lt__": True, "__gt__": True, "__ne__": False, "__nonzero__": True, "__instancecheck__": True,
    "__subclasscheck__": True,
}  # fmt: skip


def always(name: str, body: Sequence[ast.stmt]) -> tuple[str, bool] | None:
    """What a method of that name and body always says, and whether that is decisive."""
    if name == "__hash__":
        same = len(_code(body)) == 1 and _returned(body, constant=True) is not None
        return (f"{name} says the same of everything", False) if same else None
    wanted = _ALWAYS.get(name)
    returned = _returned(body)
    if wanted is None or returned is None:
        return None
    if true(returned) if wanted else false(returned):
        return f"{name} says {wanted}, whatever it is asked", True
    return None


def _code(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    return [
        node
        for node in body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        and not isinstance(node, ast.Pass)
    ]


def _returned(body: Sequence[ast.stmt], *, constant: bool = False) -> ast.expr | None:
    """What a function returns before anything else can be returned."""
    for node in _code(body):
        if isinstance(node, ast.Return):
            fixed = isinstance(node.value, ast.Constant)
            return node.value if fixed or not constant else None
        if not isinstance(node, ast.Assign | ast.Expr | ast.Delete | ast.AnnAssign):
            return None
    return None
