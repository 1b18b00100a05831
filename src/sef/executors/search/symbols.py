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
    """class, function, variable, or attribute (a name that a class body sets)."""
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

    Raises NotUnderstood.
    """
    lines = _LINE_END.split(source)
    return tuple(
        Symbol(name=name, kind=kind, line=node.lineno, text=lines[node.lineno - 1])
        for name, kind, node in _found(_parsed(source))
    )


def _parsed(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the searched code, and not for this reader
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotUnderstood(str(error)) from error


_Place = tuple[str, str, ast.stmt]


def _found(module: ast.Module) -> Iterator[_Place]:
    """In the order of the source; without recursion, since its depth is the author's choice."""
    waiting: list[tuple[ast.AST, str, str]] = [(module, "", "variable")]
    while waiting:
        node, around, named = waiting.pop()
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            is_class = isinstance(node, ast.ClassDef)
            yield around + node.name, "class" if is_class else "function", node
            around, named = f"{around}{node.name}.", "attribute" if is_class else ""
        elif named and isinstance(node, ast.stmt):
            yield from ((around + name, named, node) for name in _names(node))
        below = [n for n in ast.iter_child_nodes(node) if not isinstance(n, ast.expr)]
        waiting.extend((child, around, named) for child in reversed(below))


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Assign):
        yield from _targets(node.targets)
    elif isinstance(node, ast.AnnAssign):
        yield from _targets([node.target])
    elif type(node).__name__ == "TypeAlias":  # since Python 3.12
        yield from _targets([getattr(node, "name", ast.Constant(None))])


def _targets(targets: Sequence[ast.expr]) -> Iterator[str]:
    waiting = list(reversed(targets))
    while waiting:
        target = waiting.pop()
        if isinstance(target, ast.Name):
            yield target.id
        elif isinstance(target, ast.Tuple | ast.List):
            waiting.extend(reversed(target.elts))
        elif isinstance(target, ast.Starred):
            waiting.append(target.value)
