"""Small questions to a syntax tree. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice
from typing import Final

_MOST_NODES: Final = 200_000


def dotted(node: ast.AST) -> str:
    """`a.b.c` for names and attributes, the callee of a call, empty for anything else."""
    parts: list[str] = []
    while True:
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Name):
            parts.append(node.id)
            return ".".join(reversed(parts))
        else:
            return "." + ".".join(reversed(parts)) if parts else ""


def last(node: ast.AST) -> str:
    """The last part of `dotted`."""
    return dotted(node).rpartition(".")[2]


def dump(node: ast.AST) -> str:
    """A key of what a node says, without where it stands."""
    return ast.dump(node)


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below, bounded."""
    return islice(ast.walk(node), _MOST_NODES)


def in_order(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below, in the order of the text, bounded."""
    todo = [node]
    count = 0
    while todo and count < _MOST_NODES:
        one = todo.pop()
        count += 1
        yield one
        todo.extend(reversed(list(ast.iter_child_nodes(one))))


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """All statements below, without a look into expressions."""
    todo = [node]
    while todo:
        one = todo.pop()
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(one, field, ())
            todo.extend(inner if isinstance(inner, list) else ())
        if isinstance(one, ast.stmt):
            yield one


def imports(node: ast.AST) -> dict[str, str]:
    """What names stand for, by the import statements below."""
    names: dict[str, str] = {}
    for one in statements(node):
        if isinstance(one, ast.Import):
            for alias in one.names:
                top = alias.name if alias.asname else alias.name.split(".")[0]
                names[alias.asname or top] = top
        elif isinstance(one, ast.ImportFrom) and one.module and not one.level:
            for alias in one.names:
                names[alias.asname or alias.name] = f"{one.module}.{alias.name}"
    return names


def folded(node: ast.AST) -> object:
    """The value of a constant, of a sum or join of texts, of a sign; `...` where it is none."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = folded(node.left), folded(node.right)
        if isinstance(left, str) and isinstance(right, str):
            return left + right
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = folded(node.operand)
        if isinstance(value, int | float):
            return -value
    if isinstance(node, ast.JoinedStr):
        parts = [
            folded(one.value) if isinstance(one, ast.FormattedValue) else folded(one)
            for one in node.values
        ]
        if all(isinstance(part, str) for part in parts):
            return "".join(map(str, parts))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _joined(node)
    return ...


def _joined(node: ast.Call) -> object:
    """`"".join([...])` of constants."""
    if not (isinstance(node.func, ast.Attribute) and node.func.attr == "join" and node.args):
        return ...
    glue, parts = folded(node.func.value), node.args[0]
    if not (isinstance(glue, str) and isinstance(parts, ast.List | ast.Tuple)):
        return ...
    values = [folded(one) for one in parts.elts]
    return glue.join(map(str, values)) if all(isinstance(v, str) for v in values) else ...


def constant(node: ast.AST) -> bool:
    """True for a literal: constants, signs, and containers of nothing else."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.UnaryOp):
        return constant(node.operand)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return all(constant(one) for one in node.elts)
    if isinstance(node, ast.Dict):
        keys = [key for key in node.keys if key is not None]
        return len(keys) == len(node.keys) and all(map(constant, (*keys, *node.values)))
    return folded(node) is not ...


def constants(node: ast.AST) -> Iterator[object]:
    """The values of all constants in it but `None`, `...` and docstrings."""
    for one in walk(node):
        if isinstance(one, ast.Constant) and one.value is not None and one.value is not ...:
            yield one.value


def main_guard(node: ast.AST) -> bool:
    """True for `if __name__ == "__main__":`, either way round, and nothing else."""
    if not (isinstance(node, ast.If) and isinstance(node.test, ast.Compare)):
        return False
    sides = [node.test.left, *node.test.comparators]
    plain = len(sides) == 2 and isinstance(node.test.ops[0], ast.Eq)
    named = any(isinstance(one, ast.Name) and one.id == "__name__" for one in sides)
    return plain and named and any(folded(one) == "__main__" for one in sides)


def run_on_import(node: ast.AST) -> Iterator[ast.AST]:
    """What is below a node, without what a module does only as a program."""
    for one in ast.iter_child_nodes(node):
        if isinstance(node, ast.Module) and main_guard(one):
            yield from one.orelse  # type: ignore[attr-defined]
        else:
            yield one


def true(node: ast.AST) -> bool:
    """True for an expression that is true whatever the code does."""
    if isinstance(node, ast.Constant):
        return bool(node.value) and node.value is not ...
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return bool(node.elts)
    if isinstance(node, ast.Dict):
        return bool(node.keys)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return false(node.operand)
    if isinstance(node, ast.BoolOp):
        some = any if isinstance(node.op, ast.Or) else all
        return some(true(value) for value in node.values) or _either_way(node)
    if isinstance(node, ast.Lambda):
        return True
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _tautology(node.left, node.ops[0], node.comparators[0])
    if isinstance(node, ast.Call):
        return _true_call(node)
    return False


def false(node: ast.AST) -> bool:
    """True for an expression that is false whatever the code does."""
    if isinstance(node, ast.Constant):
        return not node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return true(node.operand)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return not node.elts
    if isinstance(node, ast.Dict):
        return not node.keys
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return any(false(value) for value in node.values)
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.NotEq):
        return dump(node.left) == dump(node.comparators[0])
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
        sides = node.left, node.comparators[0]
        values = [folded(side) for side in sides]
        return ... not in values and values[0] != values[1]
    return isinstance(node, ast.Name) and node.id == "TYPE_CHECKING"


def _tautology(left: ast.expr, op: ast.cmpop, right: ast.expr) -> bool:
    values = folded(left), folded(right)
    if ... not in values:
        return _holds(values[0], op, values[1])
    same = dump(left) == dump(right)
    if isinstance(op, ast.Eq | ast.Is | ast.LtE | ast.GtE) and same:
        return True
    if isinstance(op, ast.In):
        if isinstance(right, ast.Tuple | ast.List | ast.Set):
            return any(dump(left) == dump(one) for one in right.elts)
        return folded(left) == "" or same
    if isinstance(op, ast.GtE):  # a length is never below zero
        return last(left) == "len" and folded(right) == 0
    if isinstance(op, ast.Gt):
        return last(left) == "len" and folded(right) == -1
    return (
        isinstance(op, ast.IsNot)
        and isinstance(left, ast.Constant) != isinstance(right, ast.Constant)
        and isinstance(left, ast.Constant)
        and left.value is not None
    )


def _holds(left: object, op: ast.cmpop, right: object) -> bool:
    """Whether a comparison of two constants is true."""
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    match op:
        case ast.Eq() | ast.Is():
            return left == right
        case ast.NotEq() | ast.IsNot():
            return left != right
        case ast.Lt() | ast.LtE():
            return numbers and left <= right and (left != right or isinstance(op, ast.LtE))  # type: ignore[operator]
        case ast.Gt() | ast.GtE():
            return numbers and left >= right and (left != right or isinstance(op, ast.GtE))  # type: ignore[operator]
        case ast.In():
            return isinstance(left, str) and isinstance(right, str) and left in right
    return False


def _either_way(node: ast.BoolOp) -> bool:
    """`x or not x`."""
    if not isinstance(node.op, ast.Or):
        return False
    said = {dump(value) for value in node.values}
    return any(
        isinstance(value, ast.UnaryOp)
        and isinstance(value.op, ast.Not)
        and dump(value.operand) in said
        for value in node.values
    )


def _true_call(node: ast.Call) -> bool:
    name, args = dotted(node), node.args
    if name == "isinstance" and len(args) == 2:
        return dotted(args[1]) == "object"
    if name == "callable" and args:
        return isinstance(args[0], ast.Lambda)
    if name == "bool" and args:
        return true(args[0])
    if name == "all" and args:
        return false(args[0])
    return False
