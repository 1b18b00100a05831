"""How much an asserted expression would notice, from 0 to 10. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Final

from sef.verifiers.integrity.words import constant, dump, last, true

_ANYTHING: Final = frozenset({"ANY", "Anything", "anything"})


BROAD: Final = frozenset({"Exception", "BaseException"})


def strength_of(node: ast.expr) -> int:
    """How much an asserted expression would notice."""
    if true(node):
        return 0
    if isinstance(node, ast.BoolOp):
        values = [strength_of(value) for value in node.values]
        return max(1, min(values) - 1) if isinstance(node.op, ast.Or) else max(values)
    if isinstance(node, ast.Compare):
        return min(
            _compared(op, other) for op, other in zip(node.ops, node.comparators, strict=True)
        )
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return 4
    if isinstance(node, ast.Call):
        return {"isinstance": 4, "any": 4, "all": 6, "hasattr": 3, "issubclass": 4}.get(
            last(node), 4
        )
    return 3


def _compared(op: ast.cmpop, other: ast.expr) -> int:
    none = isinstance(other, ast.Constant) and other.value is None
    if isinstance(op, ast.Eq):
        if last(other) in _ANYTHING:
            return 1
        return 8 if isinstance(other, ast.Call) and last(other) == "approx" else 10
    if isinstance(op, ast.Is):
        return 10
    if isinstance(op, ast.IsNot | ast.NotEq):
        return 3 if none else 4
    if isinstance(op, ast.In):
        return 6
    return 5


def true_pattern(node: ast.expr) -> bool:
    """A pattern that matches everything."""
    return isinstance(node, ast.Constant) and node.value in ("", ".*", ".", "(?s).*", None)


def breadth(node: ast.Call, known: int) -> int:
    """`raises(Exception)` takes anything; `match=` takes less than without."""
    kinds = {last(arg) for arg in elements(node.args[:1])}
    if not kinds.isdisjoint(BROAD):
        known = 2
    elif len(kinds) > 1:
        known -= 1
    return known + any(
        word.arg == "match" and not true_pattern(word.value) for word in node.keywords
    )


def of_two(first: ast.expr | None, second: ast.expr | None, known: int) -> int:
    """The strength of an assertion of two arguments: `known`, or 0 where it is always true."""
    if first is None:
        return known
    if second is not None and (dump(first) == dump(second) or last(second) in _ANYTHING):
        return 0
    if second is not None and constant(first) and constant(second):
        return 0
    return known


def elements(args: Sequence[ast.expr]) -> Iterator[ast.expr]:
    """The arguments, those in tuples one by one."""
    for arg in args:
        yield from arg.elts if isinstance(arg, ast.Tuple) else (arg,)
