"""Tolerances of a test, and bounds that it holds values against. Pure."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from typing import Final

from sef.verifiers.integrity.inventory import AnyFunction
from sef.verifiers.integrity.loss import Loss
from sef.verifiers.integrity.words import folded, last, walk

_LARGER: Final = frozenset(
    {"rel", "abs", "delta", "rtol", "atol", "tol", "tolerance", "eps", "epsilon", "timeout"}
)


_SMALLER: Final = frozenset({"places", "decimal", "significant", "digits", "ndigits"})


def tolerances(old: AnyFunction, new: AnyFunction) -> Iterator[Loss]:
    """Deviations and times that the second version allows and the first did not."""
    before, after = list(bounds(old)), list(bounds(new))
    if len(before) == len(after):
        for (name, was, _), (other, now, line) in zip(before, after, strict=True):
            if name == other and _wider(name, was, now):
                what = f"{name}={was} was widened to {now}"
                yield Loss(sign="tolerance-widened", line=line, what=what)
    elif len(after) > len(before):
        known = Counter(name for name, _, _ in before)
        for name, now, line in after:
            known[name] -= 1
            if known[name] < 0 and name != "timeout":
                yield Loss(sign="tolerance-widened", line=line, what=f"{name}={now} was added")
                return


def _wider(name: str, was: float, now: float) -> bool:
    return now > was if name in _LARGER else now < was


def bounds(function: ast.AST) -> Iterator[tuple[str, float, int]]:
    """Arguments that say how far off a value may be, or how long it may take."""
    calls = [node for node in walk(function) if isinstance(node, ast.Call)]
    for node in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        for word in node.keywords:
            value = folded(word.value)
            if word.arg in _LARGER | _SMALLER and isinstance(value, int | float):
                yield str(word.arg), value, node.lineno
        at = {"assertAlmostEqual": 2, "assertNotAlmostEqual": 2, "timeout": 0}.get(last(node), 99)
        value = folded(node.args[at]) if len(node.args) > at else ...
        if isinstance(value, int | float):
            yield "places" if at else "timeout", value, node.lineno


def wider_bound(old: ast.AST, new: ast.AST) -> bool:
    """True where a comparison's bound moved away from what it holds."""
    if not (isinstance(old, ast.Compare) and isinstance(new, ast.Compare)):
        return False
    a, b = folded(old.comparators[-1]), folded(new.comparators[-1])
    if not (isinstance(a, int | float) and isinstance(b, int | float)):
        return False
    op = old.ops[-1]
    if isinstance(op, ast.Lt | ast.LtE):
        return b > a
    return isinstance(op, ast.Gt | ast.GtE) and b < a
