"""Two versions of one test: what the second would no longer notice. Pure."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Final

from sef.text import one_line
from sef.verifiers.integrity.assertions import Assertion, assertions
from sef.verifiers.integrity.bounds import bounds, tolerances, wider_bound
from sef.verifiers.integrity.inventory import AnyFunction
from sef.verifiers.integrity.loss import Loss, changed_literals, shape
from sef.verifiers.integrity.words import constant, dotted, dump, folded, last, walk

_LOOSE: Final = frozenset(
    {
        "lower", "upper", "casefold", "strip", "lstrip", "rstrip", "sorted", "set", "frozenset",
        "len", "round", "int", "bool", "type", "split", "replace", "abs", "any", "startswith",
        "title", "Counter", "issubset", "issuperset", "endswith",
    }
)  # fmt: skip
_NEAREST: Final = 3
_COMPARED: Final = 2_500
"""Pairs of assertions that are compared with each other."""


def losses(old: AnyFunction, new: AnyFunction, elsewhere: Collection[str]) -> list[Loss]:
    """Compares two versions; `elsewhere` are keys of assertions that other functions gained."""
    found = list(_assertions(assertions(old), assertions(new), elsewhere))
    found += tolerances(old, new)
    if not any(loss.sign in ("expected-edited", "tolerance-widened") for loss in found):
        told = {repr(value) for loss in found if loss.slight for value in loss.new}
        found += _literals(old, new, told)
    return found


def _assertions(
    old: Sequence[Assertion], new: Sequence[Assertion], elsewhere: Collection[str]
) -> Iterator[Loss]:
    gone, fresh = _without_equal(old, new)
    for before, after in _same_but_guarded(gone, fresh):
        more = [guard for guard in after.guards if guard not in before.guards]
        if "swallowed" in more:
            what = f"a failure of `{_said(after)}` is caught and lost"
            yield Loss(sign="assertion-swallowed", line=after.line, what=what, flagrant=True)
        elif more:
            what = f"`{_said(after)}` is asserted under a condition only"
            yield Loss(sign="assertion-guarded", line=after.line, what=what)
    for before, after in _nearest(gone, fresh):
        yield from _pair(before, after)
    for before, after in zip(tuple(gone), tuple(fresh), strict=False):
        gone.remove(before)
        fresh.remove(after)
        yield from _pair(before, after)
    # what is asserted twice as strongly elsewhere in the same test is not lost
    left = [one for one in gone if one.key not in elsewhere and _demanded(one)]
    for before in left[:_NEAREST]:
        none = not new
        what = f"`{_said(before)}` is asserted no more" + (", nor anything else" if none else "")
        line = new[0].line if new else 0
        yield Loss(sign="assertion-removed", line=line, what=what, flagrant=none)


def _without_equal(
    old: Sequence[Assertion], new: Sequence[Assertion]
) -> tuple[list[Assertion], list[Assertion]]:
    """Both lists without what is in the other, once for once."""
    after = Counter((one.key, one.guards) for one in new)
    before = Counter((one.key, one.guards) for one in old)
    return _surplus(old, after), _surplus(new, before)


def _surplus(
    many: Sequence[Assertion], others: Counter[tuple[str, tuple[str, ...]]]
) -> list[Assertion]:
    left = Counter(others)
    found = []
    for one in many:
        key = (one.key, one.guards)
        if left[key] > 0:
            left[key] -= 1
        else:
            found.append(one)
    return found


def _same_but_guarded(
    gone: list[Assertion], fresh: list[Assertion]
) -> list[tuple[Assertion, Assertion]]:
    pairs = []
    for before in tuple(gone):
        after = next((one for one in fresh if one.key == before.key), None)
        if after is not None:
            gone.remove(before)
            fresh.remove(after)
            pairs.append((before, after))
    return pairs


def _nearest(gone: list[Assertion], fresh: list[Assertion]) -> list[tuple[Assertion, Assertion]]:
    """Pairs that look at the same thing, or demand the same of another."""
    pairs: list[tuple[Assertion, Assertion]] = []
    if len(gone) * len(fresh) > _COMPARED:
        return pairs  # the order they stand in is all that is left to go by
    for before in tuple(gone):
        likely = max(fresh, key=lambda one: _likeness(before, one), default=None)
        if likely is not None and _likeness(before, likely):
            gone.remove(before)
            fresh.remove(likely)
            pairs.append((before, likely))
    return pairs


def _likeness(one: Assertion, other: Assertion) -> int:
    a, b = _key(one.subject), _key(other.subject)
    c, d = _key(one.expected), _key(other.expected)
    if a and a == b:
        return 4 + (c == d)
    if a and b and (a in b or b in a):
        return 3
    if c and (c == d or c in (a, b)) and len(c) > 30:
        return 2
    return int(shape(one.node)[0] == shape(other.node)[0])


def _key(node: ast.AST | None) -> str:
    return "" if node is None else dump(node)


def _pair(before: Assertion, after: Assertion) -> Iterator[Loss]:
    was, now, line = _said(before), _said(after), after.line
    more = set(after.guards) - set(before.guards)
    if after.strength == 0 and (before.strength or not isinstance(after.node, ast.Compare)):
        what = f"`{was}` became `{now}`, which is always true"
        yield Loss(sign="assertion-void", line=line, what=what, flagrant=True)
    elif "swallowed" in more:
        what = f"a failure of `{now}` is caught and lost"
        yield Loss(sign="assertion-swallowed", line=line, what=what, flagrant=True)
    elif after.strength < _demanded(before):
        what = f"`{was}` became the weaker `{now}`"
        yield Loss(sign="assertion-weaker", line=line, what=what)
    elif more:
        what = f"`{now}` is asserted under a condition only"
        yield Loss(sign="assertion-guarded", line=line, what=what)
    elif _loosened(before, after):
        what = f"`{was}` became `{now}`, which looks at less"
        yield Loss(sign="assertion-weaker", line=line, what=what)
    elif literals := changed_literals(before.node, after.node):
        yield _edited(before, after, literals)
    elif _computed(before, after):
        what = f"`{was}` became `{now}`: the expected value is computed"
        yield Loss(sign="expected-edited", line=line, what=what)
    elif _key(before.subject) == _key(after.subject) and after.expected is not None:
        values = (folded(after.expected),) if constant(after.expected) else ()
        what = f"`{was}` became `{now}`"
        yield Loss(sign="expected-edited", line=line, what=what, new=values)
    else:
        what = f"`{was}` became `{now}`"
        called = _called(before.node) - _called(after.node)
        yield Loss(
            sign="assertion-changed",
            line=line,
            what=what,
            slight=True,
            key=before.key,
            uncalled=frozenset(called),
        )


def _called(node: ast.AST) -> set[str]:
    return {dotted(one) for one in walk(node) if isinstance(one, ast.Call)} - {""}


def _demanded(before: Assertion) -> int:
    """The strength of what stood in the base: there, `x == x` is about what equality does."""
    about_equality = before.strength == 0 and isinstance(before.node, ast.Compare)
    return 5 if about_equality and not before.guards else before.strength


def _edited(before: Assertion, after: Assertion, literals: tuple[object, ...]) -> Loss:
    """Other literals: a bound that moved outwards, or another value."""
    was, now = _said(before), _said(after)
    if wider_bound(before.node, after.node):
        what = f"the bound of `{was}` was widened: `{now}`"
        return Loss(sign="tolerance-widened", line=after.line, what=what)
    allowed = {value for _, value, _ in bounds(after.node)}
    if allowed.issuperset(literals) or wider_bound(after.node, before.node):
        # a tolerance that is wider is told by `tolerances`
        what = f"the bound of `{was}` was edited: `{now}`"
        return Loss(sign="assertion-changed", line=after.line, what=what, new=literals, slight=True)
    what = f"the expected value of `{was}` was edited: `{now}`"
    return Loss(sign="expected-edited", line=after.line, what=what, new=literals)


def _loosened(before: Assertion, after: Assertion) -> bool:
    """True where a side is now a part, or a coarser form, of what it was."""
    for a, b in ((before.subject, after.subject), (before.expected, after.expected)):
        if a is None or b is None or dump(a) == dump(b) or dump(a) not in dump(b):
            continue
        coarse = isinstance(b, ast.Call) and last(b) in _LOOSE
        if coarse or isinstance(b, ast.Subscript):
            return True
    return False


def _computed(before: Assertion, after: Assertion) -> bool:
    """True where a literal was demanded and now what some call gives."""
    if before.expected is None or after.expected is None:
        return False
    return constant(before.expected) and isinstance(after.expected, ast.Call)


def _literals(old: AnyFunction, new: AnyFunction, told: set[str]) -> Iterator[Loss]:
    """Literals of statements that are no assertions: inputs, values kept in names."""
    bare = [_bare(one) for one in (old, new)]
    literals = changed_literals(*bare)
    if literals and told.issuperset(map(repr, literals)):
        return
    if literals:
        what = f"the values that the test is about were edited: {_some(literals)}"
        yield Loss(sign="expected-edited", line=new.lineno, what=what, new=literals)
        return
    before, after = _assigned(old), _assigned(new)
    for name in sorted(before.keys() & after.keys()):
        a, b = before[name], after[name]
        if dump(a) == dump(b) or not constant(a):
            continue
        values = (folded(b),) if constant(b) else ()
        what = f"`{name} = {_text(a)}` became `{_text(b)}`"
        yield Loss(sign="expected-edited", line=b.lineno, what=what, new=values)


def _bare(function: AnyFunction) -> ast.Module:
    """The body without statements that are a mere constant: docstrings, also of what is in it."""
    body = ast.Module(body=function.body, type_ignores=[])
    bare: ast.Module = _Unsaid().visit(deepcopy(body))
    return bare


class _Unsaid(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) else node


def _assigned(function: AnyFunction) -> dict[str, ast.expr]:
    """Values that are bound once to a name."""
    found: dict[str, list[ast.expr]] = {}
    for node in walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(node.value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _said(one: Assertion) -> str:
    return _text(one.node)


def _text(node: ast.AST) -> str:
    try:
        return one_line(ast.unparse(node), 80)
    except (ValueError, RecursionError):
        return "an expression"


def _some(values: Sequence[object]) -> str:
    return one_line(", ".join(repr(value)[:40] for value in values[:3]), 120)


def at(loss: Loss, line: int) -> Loss:
    """The same at another line, where its own is unknown."""
    return loss if loss.line else replace(loss, line=line)
