"""Python with its documentation taken out: what two texts must have in common. Pure.

A docstring, any other statement that is a mere constant, and `pass` do nothing when they run, so
that they are left out on both sides. An f-string is no docstring: it runs.
"""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_UNSEEN: Final = frozenset({"kind", "type_comment", "ctx", "type_ignores"})
"""Fields that have no say in what a program does, or follow from others."""
_OWNERS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class NotRead(ValueError):
    """The text is nothing that this interpreter can parse."""


def parsed(data: bytes | str) -> ast.Module:
    """The tree of a source file by its own declaration of encoding. Raises NotRead."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are about the judged code
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotRead(str(error) or type(error).__name__) from error


@dataclass(slots=True)
class Difference:
    """The first place where two trees are not the same."""

    before: int
    """Line in the first text, from 1; 0 where nothing of it has a line."""
    after: int
    what: str = ""


def difference(one: ast.AST, other: ast.AST) -> Difference | None:
    """Where two trees differ in what they do; None where they do the same. Not recursive."""
    waiting: list[tuple[object, object, int, int]] = [(one, other, 0, 0)]
    while waiting:
        left, right, before, after = waiting.pop()
        before = getattr(left, "lineno", before)
        after = getattr(right, "lineno", after)
        below = _pairs(left, right)
        if below is None:
            return Difference(before, after, f"{_named(left)} became {_named(right)}")
        waiting.extend((a, b, before, after) for a, b in reversed(below))
    return None


def _pairs(left: object, right: object) -> list[tuple[object, object]] | None:
    """What is below both and must be the same; None where the two themselves differ."""
    if isinstance(left, ast.AST):
        if type(left) is not type(right):
            return None
        names = [name for name in left._fields if name not in _UNSEEN]
        return [(getattr(left, name, None), getattr(right, name, None)) for name in names]
    if isinstance(left, list) and isinstance(right, list):
        left, right = acting(left), acting(right)
        if len(left) != len(right):
            return _uneven(left, right)
        return list(zip(left, right, strict=True))
    return [] if _same(left, right) else None


def _uneven(left: list[object], right: list[object]) -> list[tuple[object, object]] | None:
    """The shared beginning, so that the first statement that differs gives the line."""
    shared: list[tuple[object, object]] = list(zip(left, right, strict=False))
    rest = left[len(shared) :] or right[len(shared) :]
    return [*shared, (rest[0], None) if len(left) > len(right) else (None, rest[0])]


def _same(left: object, right: object) -> bool:
    """0.0 is not -0.0, 1 is not True; repr of a long integer would be refused."""
    if type(left) is not type(right):
        return False
    return repr(left) == repr(right) if isinstance(left, float | complex) else left == right


def _named(thing: object) -> str:
    if thing is None:
        return "nothing"
    if isinstance(thing, ast.AST):
        name = getattr(thing, "name", "")
        return type(thing).__name__ + (f" {name}" if isinstance(name, str) and name else "")
    if isinstance(thing, list):
        return f"{len(thing)} parts"
    said = repr(thing) if not isinstance(thing, int) or abs(thing) < 10**20 else "a number"
    return said if len(said) <= 60 else f"{said[:60]}…"


def is_idle(node: object) -> bool:
    """True for a statement that does nothing: a constant, `pass`."""
    if isinstance(node, ast.Pass):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def acting(parts: list[object]) -> list[object]:
    """Statements without those that do nothing; one `pass` where that is all there was."""
    if not parts or not isinstance(parts[0], ast.stmt):
        return parts
    return [part for part in parts if not is_idle(part)] or [ast.Pass()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Docstring:
    """A text that documents something."""

    owner: str
    """Qualified name; empty for the module, `name#2` for a string that is no docstring."""
    line: int
    text: str


def docstrings(tree: ast.Module) -> Iterator[Docstring]:
    """Every string statement, docstrings first by their owner's name."""
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, around = waiting.pop()
        count = 0
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            for number, part in enumerate(getattr(node, name, None) or ()):
                if not isinstance(part, ast.stmt | ast.excepthandler | ast.match_case):
                    continue
                if text := _text(part):
                    count += 1
                    first = number == 0 and name == "body" and isinstance(node, _OWNERS)
                    owner = around if first else f"{around}#{count}"
                    yield Docstring(owner=owner, line=getattr(part, "lineno", 0), text=text)
                waiting.append((part, _below(part, around)))


def _below(part: ast.AST, around: str) -> str:
    if isinstance(part, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return f"{around}.{part.name}".lstrip(".")
    return around


def _text(part: ast.AST) -> str:
    value = part.value if isinstance(part, ast.Expr) else None
    said = value.value if isinstance(value, ast.Constant) else None
    return said if isinstance(said, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment, and the code that it stands beside or above."""

    line: int
    text: str
    code: str
    """Of its own line; of the next line with code, where it stands alone."""


@dataclass(slots=True)
class _Reading:
    found: list[Comment] = field(default_factory=list)
    open: list[tuple[int, str]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def close(self) -> None:
        """The line's code is complete: the comments that waited for it are about it."""
        if self.words:
            code = " ".join(self.words)
            self.found += [Comment(line=n, text=text, code=code) for n, text in self.open]
            self.open, self.words = [], []


_SPACE: Final = frozenset(
    {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}
)


def comments(data: bytes) -> tuple[Comment, ...]:
    """All comments. Raises NotRead."""
    reading, row = _Reading(), 0
    try:
        for token in tokenize.tokenize(io.BytesIO(data).readline):
            if token.start[0] != row:
                reading.close()
                row = token.end[0]
            if token.type == tokenize.COMMENT:
                reading.open.append((token.start[0], token.string.rstrip()))
            elif token.type not in _SPACE:
                # A text is no mark of a place: it may be the docstring that is rewritten.
                string = token.type == tokenize.STRING
                reading.words.append('"' if string else token.string)
    except (SyntaxError, ValueError, tokenize.TokenError, RecursionError) as error:
        raise NotRead(str(error)) from error
    reading.words.append("")
    reading.close()
    return tuple(reading.found)
