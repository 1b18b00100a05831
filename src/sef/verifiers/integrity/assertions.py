"""What a test asserts, and how much each assertion would notice. Pure.

Strength goes from 0 (true whatever the code does) to 10 (one value and no other). The steps are an
order, no measurement: an equality notices more than membership, that more than truth.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sef.verifiers.integrity.strength import BROAD, breadth, elements, of_two, strength_of
from sef.verifiers.integrity.words import constant, dotted, dump, false, last, true

_UNITTEST: Final = {
    "assertEqual": 10, "assertEquals": 10, "assertIs": 10, "assertIsNone": 10,
    "assertListEqual": 10,
    "assertDictEqual": 10, "assertTupleEqual": 10, "assertSetEqual": 10, "assertSequenceEqual": 10,
    "assertMultiLineEqual": 10, "assertCountEqual": 9, "assertItemsEqual": 9, "assertNotEqual": 4,
    "assertAlmostEqual": 8, "assertAlmostEquals": 8, "assertNotAlmostEqual": 3, "assertIn": 6,
    "assertNotIn": 5, "assertIsNot": 3, "assertIsNotNone": 3, "assertIsInstance": 4,
    "assertNotIsInstance": 3, "assertGreater": 5, "assertGreaterEqual": 4, "assertLess": 5,
    "assertLessEqual": 4, "assertRegex": 6, "assertRegexpMatches": 6, "assertNotRegex": 4,
    "assertRaises": 8, "assertRaisesRegex": 9, "assertWarns": 8, "assertWarnsRegex": 9,
    "assertLogs": 7, "assertNoLogs": 7, "assertDictContainsSubset": 6,
}  # fmt: skip
_MOCKS: Final = {
    "assert_called_once_with": 9, "assert_has_calls": 8, "assert_called_with": 8,
    "assert_any_call": 6,
    "assert_called_once": 6, "assert_called": 4, "assert_not_called": 8,
    "assert_awaited_once_with": 9,
    "assert_awaited_with": 8, "assert_awaited_once": 6, "assert_awaited": 4,
}  # fmt: skip
_NUMPY: Final = {
    "assert_array_equal": 10, "assert_equal": 10, "assert_allclose": 8, "assert_almost_equal": 8,
    "assert_array_almost_equal": 8, "assert_frame_equal": 10, "assert_series_equal": 10,
}  # fmt: skip
_EXPECTING: Final = {"raises": 8, "warns": 8, "deprecated_call": 8, "fail": 7}
_SWALLOWING: Final = BROAD | {"AssertionError", "Failed", "OutcomeException"}


@dataclass(frozen=True, kw_only=True)
class Assertion:
    """One thing that a test demands."""

    key: str
    """What it says, as a text that is equal for equal assertions."""
    strength: int
    node: ast.AST
    subject: ast.AST | None
    """What is looked at."""
    expected: ast.AST | None
    """What it is held against."""
    guards: tuple[str, ...] = ()
    """Conditions around it, and `swallowed` where its failure goes nowhere."""

    @property
    def line(self) -> int:
        return getattr(self.node, "lineno", 0)


def assertions(function: ast.AST) -> list[Assertion]:
    """All that a function demands, in the order of its text; what is never reached is left out."""
    return list(_of_body(getattr(function, "body", ()), ()))


def _of_body(body: Sequence[ast.stmt], guards: tuple[str, ...]) -> Iterator[Assertion]:
    for node in body:
        yield from _of_statement(node, guards)
        if _ends(node):
            return
        if isinstance(node, ast.If) and any(map(_ends, node.body)) and not _only_raises(node.body):
            guards = (*guards, f"unless {dump(node.test)}")


def _ends(node: ast.stmt) -> bool:
    """True where nothing behind the statement is reached."""
    if isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue) or _skips(node):
        return True
    if isinstance(node, ast.If):
        always = true(node.test) and not false(node.test)
        return any(map(_ends, node.body)) and (always or any(map(_ends, node.orelse)))
    if isinstance(node, ast.While):
        return true(node.test) and any(isinstance(one, ast.Return) for one in node.body)
    if isinstance(node, ast.With | ast.Try):
        return any(isinstance(one, ast.Return) for one in node.body)
    return False


def _of_statement(node: ast.stmt, guards: tuple[str, ...]) -> Iterator[Assertion]:
    if isinstance(node, ast.Assert):
        yield from _of_expression(node.test, guards)
    elif isinstance(node, ast.If):
        yield from _of_if(node, guards)
    elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
        never = false(node.test if isinstance(node, ast.While) else node.iter)
        yield from () if never else _of_body(node.body, guards)
        yield from _of_body(node.orelse, guards)
    elif isinstance(node, ast.With | ast.AsyncWith):
        swallowing = any(_suppresses(item.context_expr) for item in node.items)
        for item in node.items:
            yield from _of_call(item.context_expr, guards)
        yield from _of_body(node.body, (*guards, "swallowed") if swallowing else guards)
    elif isinstance(node, ast.Try | ast.TryStar):
        yield from _of_try(node, guards)
    elif isinstance(node, ast.Match):
        for case in node.cases:
            yield from _of_body(case.body, (*guards, f"match {dump(node.subject)}"))
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from _of_body(node.body, guards)
    elif isinstance(node, ast.Raise):
        if node.exc is not None and last(node.exc) == "AssertionError":
            yield _Made(node, 7, guards).whole()
    else:
        for one in ast.iter_child_nodes(node):
            value = one.value if isinstance(one, ast.Await) else one
            yield from _of_call(value, guards)


def _of_if(node: ast.If, guards: tuple[str, ...]) -> Iterator[Assertion]:
    if not false(node.test):
        more = guards if true(node.test) else (*guards, f"if {dump(node.test)}")
        if not _only_raises(node.body):
            yield from _of_body(node.body, more)
        else:
            yield _Made(node.test, 6, guards).whole()
    if not true(node.test):
        more = guards if false(node.test) else (*guards, f"else {dump(node.test)}")
        yield from _of_body(node.orelse, more)


def _only_raises(body: Sequence[ast.stmt]) -> bool:
    """`if bad: raise AssertionError` and `if bad: pytest.fail()` assert that it is not bad."""
    node = body[0]
    if isinstance(node, ast.Raise):
        return node.exc is not None and last(node.exc) == "AssertionError"
    return isinstance(node, ast.Expr) and dotted(node.value) in ("pytest.fail", "self.fail")


def _of_try(node: ast.Try | ast.TryStar, guards: tuple[str, ...]) -> Iterator[Assertion]:
    swallowing = any(_swallows(handler) for handler in node.handlers) or _returns(node.finalbody)
    yield from _of_body(node.body, (*guards, "swallowed") if swallowing else guards)
    for handler in node.handlers:
        yield from _of_body(handler.body, guards)
    yield from _of_body(node.orelse, guards)
    yield from _of_body(node.finalbody, guards)


def _returns(body: Sequence[ast.stmt]) -> bool:
    return any(isinstance(node, ast.Return) for node in body)


def _swallows(handler: ast.ExceptHandler) -> bool:
    """True for a handler that takes a failed assertion and does not fail itself."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    broad = any(kind is None or last(kind) in _SWALLOWING for kind in kinds)
    below = [node for statement in handler.body for node in ast.walk(statement)]
    fails = any(
        isinstance(node, ast.Raise | ast.Assert)
        or (isinstance(node, ast.Call) and last(node) in ("fail", "print_exc_and_raise"))
        for node in below
    )
    return broad and not fails


def _suppresses(node: ast.expr) -> bool:
    """`suppress(Exception)`, and `raises(AssertionError)`, which wants the failure."""
    if not isinstance(node, ast.Call) or last(node) not in ("suppress", "raises", "assertRaises"):
        return False
    kinds = {last(arg) for arg in elements(node.args)}
    wanted = _SWALLOWING if last(node) == "suppress" else {"AssertionError", "BaseException"}
    return not kinds.isdisjoint(wanted)


def _skips(node: ast.stmt) -> bool:
    named = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    return named and dotted(node.value) in (  # type: ignore[attr-defined]
        "pytest.skip", "pytest.xfail", "self.skipTest", "skip", "xfail", "sys.exit", "os._exit",
        "pytest.exit",
    )  # fmt: skip


def _of_expression(node: ast.expr, guards: tuple[str, ...]) -> Iterator[Assertion]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for value in node.values:
            yield from _of_expression(value, guards)
        return
    strength = strength_of(node)
    subject: ast.expr = node
    expected: ast.expr | None = None
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        subject, expected = node.left, node.comparators[0]
        if constant(subject) and not constant(expected):
            subject, expected = expected, subject
    yield _Made(node, strength, guards).of(subject, expected)


def _of_call(node: ast.AST, guards: tuple[str, ...]) -> Iterator[Assertion]:
    """An assertion made by calling something."""
    if not isinstance(node, ast.Call):
        return
    name = last(node)
    args = node.args
    first = args[0] if args else None
    second = args[1] if len(args) > 1 else None
    if name in ("assertTrue", "assert_", "assertFalse", "failUnless", "failIf") and first:
        no = name in ("assertFalse", "failIf")
        negated = ast.UnaryOp(op=ast.Not(), operand=first)
        test = ast.copy_location(negated, first) if no else first
        yield from _of_expression(test, guards)
    elif (known := _UNITTEST.get(name) or _NUMPY.get(name)) is not None:
        if "Raises" in name or "Warns" in name or "Logs" in name:
            yield _Made(node, breadth(node, known), guards).of(second or node, first)
        else:
            yield _Made(node, of_two(first, second, known), guards).of(first or node, second)
    elif name in _MOCKS:
        yield _Made(node, _MOCKS[name], guards).of(node.func, None)
    elif name in _EXPECTING:
        yield _Made(node, breadth(node, _EXPECTING[name]), guards).of(second or node, first)
    elif name.lower().startswith(("assert", "expect", "check", "verify", "ensure")):
        yield _Made(node, 7, guards).of(first or node, second)


@dataclass(frozen=True)
class _Made:
    node: ast.AST
    strength: int
    guards: tuple[str, ...]

    def of(self, subject: ast.AST, expected: ast.AST | None) -> Assertion:
        strength = min(self.strength, 1) if "swallowed" in self.guards else self.strength
        return Assertion(
            key=dump(self.node),
            strength=strength,
            node=self.node,
            subject=subject,
            expected=expected,
            guards=self.guards,
        )

    def whole(self) -> Assertion:
        return self.of(self.node, None)
