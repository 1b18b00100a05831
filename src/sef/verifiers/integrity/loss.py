"""What a test lost, and what two syntax trees differ in. Pure."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from sef.verifiers.integrity.words import dump, in_order


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One thing that a test no longer demands, or demands otherwise."""

    sign: str
    line: int
    what: str
    flagrant: bool = False
    """True where no task to change tests can mean it."""
    new: tuple[object, ...] = ()
    """Literals that it demands now, where nothing else has changed."""
    slight: bool = False
    """True where it is worth a word only."""
    key: str = ""
    """What was demanded, as the key of its assertion, where something else is looked at now."""
    uncalled: frozenset[str] = frozenset()
    """Dotted names of what it called, and does not name any more."""


def shape(node: ast.AST) -> tuple[tuple[str, ...], tuple[object, ...]]:
    """What a node says with its literals left out, and those literals, in one order."""
    said: list[str] = []
    values: list[object] = []
    for one in in_order(node):
        match one:
            case ast.Constant():
                said.append("?")
                values.append(one.value)
            case ast.Name():
                said.append(one.id)
            case ast.Attribute():
                said.append(f".{one.attr}")
            case ast.USub() | ast.UnaryOp(op=ast.USub()):
                continue
            case ast.USub() | ast.UnaryOp(op=ast.USub()):
                continue
            case ast.keyword() | ast.arg():
                said.append(f"{one.arg}=")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                said.append("def")
            case _:
                said.append(type(one).__name__)
    return tuple(said), tuple(values)


def changed_literals(old: ast.AST, new: ast.AST) -> tuple[object, ...] | None:
    """The new values where nothing but literals differs; None where more does, or nothing."""
    (form, values), (other, others) = shape(old), shape(new)
    if form != other or dump(old) == dump(new):
        return None
    edited = tuple(b for a, b in zip(values, others, strict=True) if repr(a) != repr(b))
    return edited or others or None  # where no value differs, a sign does
