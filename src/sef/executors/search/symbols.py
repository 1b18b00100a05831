"""What a Python file defines, from its text alone."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")  # str.splitlines knows more ends than Python's own reader


class NotUnderstood(ValueError):
    """The text is not Python that this interpreter can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """One definition."""

    name: str
    """With the classes and functions around it: `Context.invoke`."""
    kind: str
    """class, function, variable, attribute (a name that a class body sets), or import (another
    name for what is defined elsewhere)."""
    line: int
    """Of the `class` or `def`, counted from 1; decorators are above it."""
    text: str
    """That line, without its end."""


def folded(text: str) -> str:
    """The text in the form in which Python compares identifiers."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def decoded(data: bytes) -> str:
    """The text of a source file by its own declaration. Raises NotUnderstood."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, ValueError, LookupError) as error:
        raise NotUnderstood(str(error)) from error


def symbols(source: str) -> tuple[Symbol, ...]:
    """Classes, functions and methods at any depth, and names set by modules and classes.

    An import counts where it gives a name of its own (`import a as b`).

    Raises NotUnderstood.
    """
    lines = _LINE_END.split(source)
    return tuple(
        Symbol(name=name, kind=kind, line=node.lineno, text=lines[node.lineno - 1])
        for name, kind, node in _found(_parsed(source), walrus=":=" in source)
    )


def _parsed(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the searched code, and not for this reader
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotUnderstood(str(error)) from error


_Place = tuple[str, str, ast.stmt | ast.expr | ast.alias]


def _found(module: ast.Module, *, walrus: bool) -> Iterator[_Place]:
    """In the order of the source; without recursion, since its depth is the author's choice."""
    waiting: list[tuple[ast.AST, str, str]] = [(module, "", "variable")]
    while waiting:
        node, around, named = waiting.pop()
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            is_class = isinstance(node, ast.ClassDef)
            yield around + node.name, "class" if is_class else "function", node
            around, named = f"{around}{node.name}.", "attribute" if is_class else ""
        elif named and isinstance(node, ast.stmt):
            yield from ((around + name, named, at) for name, at in _names(node))
            yield from ((around + name, "import", at) for name, at in _renamed(node))
            if walrus:
                yield from ((around + name, named, at) for name, at in _walruses(node))
        below = [n for n in ast.iter_child_nodes(node) if not isinstance(n, ast.expr)]
        waiting.extend((child, around, named) for child in reversed(below))


def _names(node: ast.stmt) -> Iterator[tuple[str, ast.stmt | ast.expr]]:
    """What a statement itself sets; of an assignment the place is the whole statement."""
    match node:
        case ast.Assign(targets=targets):
            yield from ((name.id, node) for name in _targets(targets))
        case ast.AnnAssign(target=target):
            yield from ((name.id, node) for name in _targets([target]))
        case ast.For(target=target) | ast.AsyncFor(target=target):
            yield from ((name.id, name) for name in _targets([target]))
        case ast.With(items=items) | ast.AsyncWith(items=items):
            given = [item.optional_vars for item in items if item.optional_vars]
            yield from ((name.id, name) for name in _targets(given))
        case _ if type(node).__name__ == "TypeAlias":  # since Python 3.12
            alias = getattr(node, "name", ast.Constant(None))
            yield from ((name.id, node) for name in _targets([alias]))


def _renamed(node: ast.stmt) -> Iterator[tuple[str, ast.alias]]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            if alias.asname and alias.asname != alias.name:
                yield alias.asname, alias


def _walruses(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """Names set inside the statement's own expressions; a lambda keeps its names to itself."""
    waiting = [n for n in ast.iter_child_nodes(node) if not isinstance(n, ast.stmt)]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, ast.NamedExpr):
            yield inner.target.id, inner
        if not isinstance(inner, ast.Lambda):
            below = ast.iter_child_nodes(inner)
            waiting.extend(n for n in below if not isinstance(n, ast.stmt))


def _targets(targets: Sequence[ast.expr]) -> Iterator[ast.Name]:
    waiting = list(reversed(targets))
    while waiting:
        target = waiting.pop()
        if isinstance(target, ast.Name):
            yield target
        elif isinstance(target, ast.Tuple | ast.List):
            waiting.extend(reversed(target.elts))
        elif isinstance(target, ast.Starred):
            waiting.append(target.value)
