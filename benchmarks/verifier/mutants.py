"""Faults placed into the lines that a commit changed, one a draft. Pure and repeatable.

operator, constant, boundary, off-by-one, dropped-branch, swapped-arguments: by the syntax tree, in
changed lines. reverted-hunk: one of several hunks is as before. wrong-file: what was changed at a
module's top level stands in its neighbour instead.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.verifier.cases import Texts
from benchmarks.verifier.history import is_product
from benchmarks.verifier.hunks import Fault, changed_lines, misplaced, parses, reverted

CLASSES: Final = (
    "operator",
    "constant",
    "boundary",
    "off-by-one",
    "dropped-branch",
    "swapped-arguments",
    "reverted-hunk",
    "wrong-file",
)
_OPERATORS: Final[Mapping[type, type]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Lt: ast.Gt, ast.Gt: ast.Lt,
    ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Add,
    ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_BOUNDARIES: Final[Mapping[type, type]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip


def faults(before: Texts, code: Texts, most: int, seed: str) -> tuple[Fault, ...]:
    """At most `most` faults of a draft, spread over the classes, the same for the same seed.

    `before` holds the base's texts of the files in `code`, and of modules beside them.
    """
    found: dict[str, list[Fault]] = {name: [] for name in CLASSES}
    for path, text in sorted(code.items()):
        if text is not None and is_product(path):
            for fault in _of_file(path, before, code, text):
                found[fault.class_name].append(fault)
    rng = random.Random(seed)  # noqa: S311
    for row in found.values():
        rng.shuffle(row)
    return tuple(_in_turn(list(found.values()), most))


def _in_turn(rows: Sequence[list[Fault]], most: int) -> Iterator[Fault]:
    left = most
    while left and any(rows):
        for row in rows:
            if row and left:
                left -= 1
                yield row.pop()


def _of_file(path: str, before: Texts, code: Texts, text: str) -> Iterator[Fault]:
    old = before.get(path) or ""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    lines = changed_lines(old, text)
    edited = _Edits(text)
    for place in _places(tree):
        if place.node.lineno not in lines:
            continue
        said = edited.replaced(place)
        if said is None or said == text or not parses(said):
            continue
        what = f"{edited.of(place.node)[:60]} -> {place.new[:60]}"
        yield Fault(
            class_name=place.class_name,
            path=path,
            line=place.node.lineno,
            what=what,
            changes={**code, path: said},
        )
    yield from reverted(path, old, text, code)
    yield from misplaced(path, before, code, text)


# -- by the syntax tree --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    class_name: str
    node: ast.expr | ast.stmt
    new: str


class _Edits:
    """Replaces a node by its place: the rest of the text stays as it is."""

    def __init__(self, text: str) -> None:
        # As the parser counts them: str.splitlines knows more ends of lines.
        self._lines = [line + b"\n" for line in text.encode().split(b"\n")]

    def of(self, node: ast.expr | ast.stmt) -> str:
        """The node's own text."""
        start, end = self._span(node)
        return b"".join(self._lines)[start:end].decode()

    def replaced(self, place: _Place) -> str | None:
        start, end = self._span(place.node)
        data = b"".join(self._lines)[:-1]
        try:
            return (data[:start] + place.new.encode() + data[end:]).decode()
        except UnicodeDecodeError:
            return None

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        def at(line: int, column: int) -> int:
            return sum(map(len, self._lines[: line - 1])) + column

        last, column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return at(node.lineno, node.col_offset), at(last, column)


def _places(tree: ast.Module) -> Iterator[_Place]:
    for node in _live(tree):
        for made in (_compared, _joined, _constant, _branch, _called):
            yield from made(node)


def _live(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but annotations, docstrings, and parts of f-strings, whose places are not sure."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "type_comment"):
            continue
        for node in value if isinstance(value, list) else [value]:
            if not isinstance(node, ast.AST) or _is_text(node):
                continue
            yield node
            if not isinstance(node, ast.JoinedStr):
                yield from _live(node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _compared(node: ast.AST) -> Iterator[_Place]:
    if not isinstance(node, ast.Compare):
        return
    for class_name, table in (("operator", _OPERATORS), ("boundary", _BOUNDARIES)):
        for number, operator in enumerate(node.ops):
            if new := table.get(type(operator)):
                ops = [*node.ops[:number], new(), *node.ops[number + 1 :]]
                other = ast.Compare(left=node.left, ops=ops, comparators=node.comparators)
                yield _Place(class_name=class_name, node=node, new=ast.unparse(other))


def _joined(node: ast.AST) -> Iterator[_Place]:
    if isinstance(node, ast.BoolOp):
        new = ast.BoolOp(op=_OPERATORS[type(node.op)](), values=node.values)
        yield _Place(class_name="operator", node=node, new=f"({ast.unparse(new)})")
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        other = ast.BinOp(left=node.left, op=_OPERATORS[type(node.op)](), right=node.right)
        yield _Place(class_name="operator", node=node, new=f"({ast.unparse(other)})")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield _Place(class_name="operator", node=node, new=f"({ast.unparse(node.operand)})")


def _constant(node: ast.AST) -> Iterator[_Place]:
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield _Place(class_name="constant", node=node, new=str(not value))
    elif isinstance(value, int):
        for new in (value + 1, value - 1):
            yield _Place(
                class_name="off-by-one", node=node, new=f"({new})" if new < 0 else f"{new}"
            )
    elif isinstance(value, str) and value and "\n" not in value:
        yield _Place(class_name="constant", node=node, new=repr(f"{value}_"))
    elif value is None:
        yield _Place(class_name="constant", node=node, new="False")


def _branch(node: ast.AST) -> Iterator[_Place]:
    if isinstance(node, ast.If | ast.IfExp):
        yield _Place(class_name="dropped-branch", node=node.test, new="False")
        if node.orelse:
            yield _Place(class_name="dropped-branch", node=node.test, new="True")
    elif isinstance(node, ast.Raise | ast.Continue | ast.Break):
        yield _Place(class_name="dropped-branch", node=node, new="pass")


def _called(node: ast.AST) -> Iterator[_Place]:
    if not isinstance(node, ast.Call):
        return
    if isinstance(node.func, ast.Name) and node.func.id == "len":
        yield _Place(class_name="off-by-one", node=node, new=f"({ast.unparse(node)} - 1)")
    for number in range(len(node.args) - 1):
        first, second = node.args[number : number + 2]
        if not isinstance(first, ast.Starred) and not isinstance(second, ast.Starred):
            args = [*node.args[:number], second, first, *node.args[number + 2 :]]
            other = ast.Call(func=node.func, args=args, keywords=node.keywords)
            yield _Place(class_name="swapped-arguments", node=node, new=ast.unparse(other))
