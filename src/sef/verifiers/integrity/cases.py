"""The cases of a parametrized test, before and after. Pure."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from sef.text import one_line
from sef.verifiers.integrity.inventory import AnyFunction
from sef.verifiers.integrity.loss import Loss, shape
from sef.verifiers.integrity.words import dump, folded, last

_COMPARED: Final = 10_000
"""Pairs of rows that are compared with each other."""


def losses(old: AnyFunction, new: AnyFunction, elsewhere: Collection[str]) -> list[Loss]:
    """Cases that are gone, or whose values were edited."""
    before, after = _tables(old), _tables(new)
    found: list[Loss] = []
    for (names, rows), (others, new_rows) in zip(before, after, strict=False):
        found += rows_lost(rows, new_rows, same=names == others, line=new.lineno)
    for _, rows in before[len(after) :]:
        if len(rows) > 1 and not after and not _inlined(new, elsewhere):
            what = f"{len(rows)} cases are gone"
            found.append(Loss(sign="cases-removed", line=new.lineno, what=what))
    return found


def rows_lost(
    rows: Sequence[ast.expr], others: Sequence[ast.expr], *, same: bool, line: int
) -> Iterator[Loss]:
    """Rows of one table; `same`: its columns have the same names in both."""
    left = Counter(map(dump, others))
    gone = [row for row in rows if not _take(left, dump(row))]
    fresh = [row for row in others if left[dump(row)] > 0]
    if not same or not gone:
        return
    if not others:
        yield Loss(sign="cases-removed", line=line, what="no case is left", flagrant=True)
        return
    few = len(gone) * len(fresh) <= _COMPARED  # else the order they stand in has to do
    for row in tuple(gone) if few else ():
        likely = max(fresh, key=lambda one: _alike(row, one), default=None)
        if likely is None or not _alike(row, likely):
            continue
        gone.remove(row)
        fresh.remove(likely)
        what = f"the case {_text(row)} became {_text(likely)}"
        yield Loss(sign="expected-edited", line=likely.lineno, what=what, new=_values(row, likely))
    for row, other in zip(tuple(gone), fresh, strict=False):
        gone.remove(row)
        what = f"the case {_text(row)} became {_text(other)}"
        yield Loss(sign="expected-edited", line=other.lineno, what=what, new=_literals(other))
    if gone:
        what = f"the case {_text(gone[0])} is gone"
        said = f"{what}, and {len(gone) - 1} more" if len(gone) > 1 else what
        yield Loss(sign="cases-removed", line=others[0].lineno, what=said)


def _take(left: Counter[str], key: str) -> bool:
    if left[key] <= 0:
        return False
    left[key] -= 1
    return True


def _alike(one: ast.expr, other: ast.expr) -> float:
    """How much of a row is in another: parts that are equal, of all parts."""
    a, b = _parts(one), _parts(other)
    if len(a) != len(b):
        return 0.0
    if len(a) == 1:
        return float(shape(one)[0] == shape(other)[0] and not isinstance(one, ast.Constant)) / 2
    equal = sum(dump(x) == dump(y) for x, y in zip(a, b, strict=True))
    return equal / len(a)


def _values(one: ast.expr, other: ast.expr) -> tuple[object, ...]:
    pairs = zip(_parts(one), _parts(other), strict=True)
    return tuple(folded(b) for a, b in pairs if dump(a) != dump(b) and folded(b) is not ...)


def _literals(row: ast.expr) -> tuple[object, ...]:
    return tuple(folded(part) for part in _parts(row) if folded(part) is not ...)


def _parts(row: ast.expr) -> list[ast.expr]:
    if isinstance(row, ast.Tuple | ast.List):
        return row.elts
    if isinstance(row, ast.Call) and last(row) == "param":
        return row.args
    return [row]


def _tables(function: AnyFunction) -> list[tuple[str, list[ast.expr]]]:
    """The arguments' names and the rows of every `parametrize`."""
    found = []
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and last(mark) in ("parametrize", "expand", "given_cases"):
            args = mark.args
            names = dump(args[0]) if len(args) > 1 else ""
            found.append((names, rows(args[-1]) if args else []))
    return found


def rows(node: ast.expr) -> list[ast.expr]:
    """The elements of a literal list; of a part of a list, fewer than of the whole."""
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return node.elts
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        stop = folded(node.slice.upper) if node.slice.upper else ...
        inner = rows(node.value)
        return inner[:stop] if isinstance(stop, int) else inner[:-1]
    if isinstance(node, ast.Call) and node.args and last(node) in ("list", "tuple", "sorted"):
        return rows(node.args[0])
    return [node]


def _inlined(new: AnyFunction, elsewhere: Collection[str]) -> bool:
    """True where the cases became a loop or assertions of their own."""
    del elsewhere
    loops = any(isinstance(node, ast.For) for node in ast.walk(new))
    return loops or sum(isinstance(node, ast.Assert) for node in ast.walk(new)) > 1


def _text(node: ast.AST) -> str:
    return one_line(ast.unparse(node), 60)
