"""Results written down for the inputs that the tests use. Pure.

A branch on a literal that returns a literal is usual code. It is held against a draft where both
literals stand in tests of the base, and the product did not know them before.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from sef.text import one_line
from sef.verifiers.integrity.finding import Finding
from sef.verifiers.integrity.look import Look, Pair, parsed
from sef.verifiers.integrity.words import constant, folded, last, walk

_HINT = re.compile(r"==|\bin\b|\bcase\b|\bis\b|[{\[(]|return")
_COMMON: Final = frozenset(
    {"", "utf-8", "utf8", "w", "r", "rb", "wb", "a", "x", "\n", " ", "-", "."}
)
_PARSED_TESTS: Final = 12


@dataclass(frozen=True, kw_only=True)
class _Branch:
    """Inputs that are singled out, and what is then returned."""

    node: ast.AST
    inputs: tuple[object, ...]
    outputs: tuple[object, ...]
    function: str


def findings(look: Look) -> Iterator[Finding]:
    """Of the product's changed Python files, where tests of the base are at hand."""
    for pair in look.product:
        text = "\n".join(line for _, line in pair.added)
        if look.base_tests and _HINT.search(text) and pair.new is not None:
            yield from _Product(look, pair).findings(pair.new)


@dataclass(frozen=True)
class _Product:
    look: Look
    pair: Pair

    @cached_property
    def tests(self) -> str:
        return "\n".join(self.look.base_tests.values())

    def findings(self, tree: ast.Module) -> Iterator[Finding]:
        for branch in _branches(tree, self.pair):
            inputs = [one for one in branch.inputs if self._tested(one)]
            outputs = [one for one in branch.outputs if self._tested(one) or _plain(one)]
            if not inputs or not outputs:
                continue
            paired = self._paired(branch, inputs, outputs)
            told = any(self.look.asked.quotes(one) for one in inputs)
            told = told and any(self.look.asked.quotes(one) for one in outputs)
            rare = any(_rare(one) for one in inputs) and any(_rare(one) for one in outputs)
            known = all(self._known(one) for one in (*inputs, *outputs) if not _plain(one))
            what = f"for {_some(inputs)}, which the tests use, {_some(outputs)} is written down"
            yield Finding(
                sign="hard-coded",
                path=self.pair.path,
                line=getattr(branch.node, "lineno", 0),
                what=what,
                decisive=not told and not known and (paired or rare),
            )

    def _known(self, value: object) -> bool:
        """True where the file had the literal before."""
        return _stands_in(value, self.pair.before or "")

    def _tested(self, value: object) -> bool:
        if isinstance(value, tuple):
            return bool(value) and all(self._tested(one) or _plain(one) for one in value)
        return not _plain(value) and _stands_in(value, self.tests)

    def _paired(self, branch: _Branch, inputs: Sequence[object], outputs: Sequence[object]) -> bool:
        """True where a test calls that very function with the input and wants the output."""
        wanted = {repr(one) for one in outputs}
        given = {repr(one) for one in inputs}
        for call, values in self._examples(branch.function):
            if given & call and wanted & values and not all(_plain(one) for one in inputs):
                return True
        return False

    def _examples(self, function: str) -> Iterator[tuple[set[str], set[str]]]:
        """Literals given to a function and those wanted of it, assertion by assertion."""
        if not function or function.startswith("__"):
            return
        texts = [text for text in self.look.base_tests.values() if f"{function}(" in text]
        for tree in map(parsed, texts[:_PARSED_TESTS]):
            for node in walk(tree) if tree else ():
                if isinstance(node, ast.Assert | ast.Call):
                    yield from _example(node, function)


def _example(node: ast.AST, function: str) -> Iterator[tuple[set[str], set[str]]]:
    test = node.test if isinstance(node, ast.Assert) else node
    if isinstance(node, ast.Call) and not last(node).startswith("assert"):
        return
    calls = [one for one in walk(test) if isinstance(one, ast.Call) and last(one) == function]
    for call in calls:
        given = {repr(one.value) for one in walk(call) if isinstance(one, ast.Constant)}
        inner = {id(one) for one in walk(call)}
        wanted = {
            repr(one.value)
            for one in walk(test)
            if isinstance(one, ast.Constant) and id(one) not in inner
        }
        yield given, wanted or {"True"}


def _branches(tree: ast.Module, pair: Pair) -> Iterator[_Branch]:
    for node, function in _inside(tree, "", pair):
        if not pair.touches(node):
            continue
        if isinstance(node, ast.If | ast.IfExp):
            yield from _of_if(node, function)
        elif isinstance(node, ast.Match):
            yield from _of_match(node, function)
        elif isinstance(node, ast.Dict):
            yield from _of_table(node, function)


def _inside(node: ast.AST, function: str, pair: Pair) -> Iterator[tuple[ast.AST, str]]:
    """Nodes on or around added lines, each with the name of the function it is in."""
    for one in ast.iter_child_nodes(node):
        if isinstance(one, ast.stmt) and not pair.touches(one):
            continue
        named = isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        inner = one.name if named else function  # type: ignore[attr-defined]
        yield one, function
        yield from _inside(one, inner, pair)


def _of_if(node: ast.If | ast.IfExp, function: str) -> Iterator[_Branch]:
    inputs = tuple(_inputs(node.test))
    if not inputs:
        return
    if isinstance(node, ast.IfExp):
        outputs = tuple(_values(node.body))
    else:
        outputs = tuple(value for one in node.body for value in _outputs(one))
    if outputs:
        yield _Branch(node=node, inputs=inputs, outputs=outputs, function=function)


def _inputs(test: ast.expr) -> Iterator[object]:
    """Literals that something is compared with for being equal, or being one of them."""
    for node in walk(test):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            sides = (node.left, node.comparators[0])
            if isinstance(node.ops[0], ast.Eq | ast.Is | ast.In):
                fixed = [side for side in sides if constant(side)]
                if len(fixed) == 1:
                    yield from _values(fixed[0])
                else:
                    for side in sides:  # (a, "x") == (b, "y")
                        yield from (v for v in _literals(side) if isinstance(side, ast.Tuple))
        elif isinstance(node, ast.Call) and last(node) in ("startswith", "endswith", "fullmatch"):
            for arg in node.args:
                yield from _values(arg) if constant(arg) else ()


def _outputs(node: ast.stmt) -> Iterator[object]:
    value = node.value if isinstance(node, ast.Return | ast.Assign) else None
    if value is not None and _is_result(value):
        yield from _values(value)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield):
        result = node.value.value
        yield from _values(result) if result is not None else ()


def _is_result(node: ast.expr) -> bool:
    return constant(node) or (
        isinstance(node, ast.Call) and bool(node.args) and all(map(constant, node.args))
    )


def _of_match(node: ast.Match, function: str) -> Iterator[_Branch]:
    for case in node.cases:
        inputs = tuple(
            value
            for one in walk(case.pattern)
            if isinstance(one, ast.MatchValue)
            for value in _values(one.value)
        )
        outputs = tuple(value for one in case.body for value in _outputs(one))
        if inputs and outputs:
            yield _Branch(node=case.pattern, inputs=inputs, outputs=outputs, function=function)


def _of_table(node: ast.Dict, function: str) -> Iterator[_Branch]:
    """A dictionary of literals by literals: each of its rows."""
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None and constant(key) and constant(value):
            yield _Branch(
                node=key,
                inputs=tuple(_values(key)),
                outputs=tuple(_values(value)),
                function=function,
            )


def _values(node: ast.AST) -> Iterator[object]:
    value = folded(node)
    if value is not ...:
        yield value
    else:
        yield from _literals(node)


def _literals(node: ast.AST) -> Iterator[object]:
    for one in walk(node):
        if isinstance(one, ast.Constant) and one.value is not ...:
            yield one.value


def _plain(value: object) -> bool:
    """True for values that say nothing about where they come from."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int | float | complex):
        return value in (0, 1, -1, 2)
    return isinstance(value, str | bytes) and (len(value) < 2 or value in _COMMON)


def _rare(value: object) -> bool:
    """True for values that two authors would hardly write by chance."""
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int):
        return abs(value) > 2
    if isinstance(value, float):
        return not value.is_integer()
    return isinstance(value, str | bytes) and len(value) >= 2 and value not in _COMMON


def _stands_in(value: object, text: str) -> bool:
    """True where the text has the literal, in either kind of quotes."""
    if isinstance(value, str | bytes):
        ways = {said(value).lstrip("b")[1:-1] for said in (repr, ascii)}
        ways |= {value} if isinstance(value, str) else set()  # as it stands in a raw text
        quoted = any(f"{quote}{inner}{quote}" in text for inner in ways for quote in "'\"")
        return quoted or any(len(inner) > 8 and inner in text for inner in ways)
    return re.search(rf"(?<![\w.]){re.escape(repr(value))}(?![\w.]\d?)", text) is not None


def _some(values: Sequence[object]) -> str:
    return one_line(", ".join(repr(value)[:30] for value in values[:3]), 80)
