"""Where an expression leads by the back doors: `vars`, `__dict__`, `sys.modules`. Pure."""

from __future__ import annotations

import ast
from typing import Final

from sef.verifiers.integrity.words import dotted, folded, last

INSIDES: Final = frozenset(
    {"__code__", "__defaults__", "__kwdefaults__", "__globals__", "__closure__"}
)
"""Attributes that make another function of a function, for all who have it."""
_UPDATES: Final = frozenset({"update", "setdefault", "__setitem__"})
_IMPORTING: Final = frozenset({"__import__", "import_module"})


def place(node: ast.AST) -> tuple[str, bool]:
    """The dotted name, empty where none can be told, and whether it goes by a back door."""
    match node:
        case ast.Name():
            return node.id, False
        case ast.Attribute(attr="__dict__"):
            return place(node.value)[0], True
        case ast.Attribute():
            inner, back = place(node.value)
            return (f"{inner}.{node.attr}" if inner else ""), back
        case ast.Subscript():
            return _item(node.value, node.slice)
        case ast.Call(args=[first, *_]) if last(node) == "vars":
            return place(first)[0], True
        case ast.Call(args=[first, second, *_]) if last(node) == "getattr":
            return _join(place(first)[0], folded(second)), True
        case ast.Call(args=[first, *_]) if last(node) in _IMPORTING:
            return _text(folded(first)), True
        case ast.Call(func=ast.Attribute(attr="get", value=inner), args=[first, *_]):
            return _item(inner, first)
    return "", False


def replaced(node: ast.AST) -> str:
    """What a statement or call puts something else in the place of, for good; empty for none."""
    match node:
        case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[first, second, *_]):
            return _join(place(first)[0], folded(second))
        case ast.Call(func=ast.Attribute(value=inner), keywords=words) if last(node) in _UPDATES:
            name, back = place(inner)
            return _join(name, words[0].arg if words else "?") if back else ""
    return ""


def assigned(target: ast.AST) -> str:
    """What an assignment to a target replaces for good, by a back door; empty for none."""
    name, back = place(target)
    if isinstance(target, ast.Attribute) and target.attr in INSIDES:
        return name or f"?.{target.attr}"
    return name if back else ""


def _item(holder: ast.AST, key: ast.AST) -> tuple[str, bool]:
    if dotted(holder) in ("sys.modules", "modules"):
        return _text(folded(key)), True
    name, back = place(holder)
    return (_join(name, folded(key)), True) if back else ("", False)


def _join(name: str, key: object) -> str:
    return f"{name}.{key if isinstance(key, str) else '?'}" if name else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
