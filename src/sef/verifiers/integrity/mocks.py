"""What tests put in the place of something else: the subject, the clock, the runner. Pure."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sef.verifiers.integrity.finding import Finding
from sef.verifiers.integrity.look import Look, Pair
from sef.verifiers.integrity.places import INSIDES, assigned, place, replaced
from sef.verifiers.integrity.words import dotted, folded, imports, last, walk

_CLOCK = re.compile(
    r"^(?:time|datetime|random|secrets|uuid|calendar|asyncio\.sleep|os\.urandom|freezegun|time_machine)"
    r"(?:\.|$)|freeze_time|travel$"
)
_RUNNER = re.compile(r"^(?:pytest|_pytest|unittest|builtins|__builtins__|doctest)(?:\.|$)")
_SEEDED = re.compile(r"(?:^|\.)random\.seed$|^numpy\.random\.seed$")
_CLOCK_WORDS = r"clock|time|date|random|seed|determinis|flak|freez"
_MODULE = "<module>"
_TAKEN = "<taken>"
"""Before the names of what was taken through a back door."""


@dataclass(frozen=True, kw_only=True)
class Swap:
    """One thing that is put in the place of another."""

    target: str
    """Dotted, as far as imports tell."""
    line: int
    """Of the draft."""
    lasting: bool = False
    """True where nothing puts it back after the test, and it is done by a back door."""


def findings(look: Look) -> Iterator[Finding]:
    """Swaps that a draft's tests make and its base's did not."""
    for pair in look.tests:
        if pair.new is None:
            continue
        old, new = _Swaps(pair.old), _Swaps(pair.new)
        for name, nodes in new.functions.items():
            if not any(map(pair.touches, nodes)):
                continue
            known = Counter(one.target for one in old.of(name))
            for swap in new.of(name):
                known[swap.target] -= 1
                if known[swap.target] < 0:
                    fresh = name not in old.functions and name != _MODULE
                    yield from _judged(look, pair, swap, nodes[0], name, fresh=fresh)


def _judged(
    look: Look, pair: Pair, swap: Swap, node: ast.AST, name: str, *, fresh: bool
) -> Iterator[Finding]:
    everywhere = _everywhere(pair, node, name)
    calm = look.asked.may_change(pair.path) or (fresh and not everywhere)
    where = f"{swap.target} (in {name})" if name != _MODULE else swap.target
    inside = swap.target.rpartition(".")[2] in INSIDES
    if swap.lasting and (inside or swap.target.split(".")[0] in look.tops):
        what = f"a part of the project is replaced for all tests: {where}"
        yield _found(pair, swap, "subject-mocked", what, decisive=True)
    elif _RUNNER.search(swap.target):
        # replacing `input` or `open` in a test is usual; replacing what judges is not
        plain = fresh and swap.target.startswith("builtins.") and not everywhere
        what = f"a part of the runner is replaced: {where}"
        yield _found(pair, swap, "runner-patched", what, decisive=not plain)
    elif _CLOCK.search(swap.target) or _SEEDED.search(swap.target):
        what = f"the clock or chance is replaced: {where}"
        said = look.asked.says(_CLOCK_WORDS)
        yield _found(pair, swap, "clock-patched", what, decisive=not (calm or said))
    elif swap.target.split(".")[0] in look.tops:
        called = not everywhere and _asserts_on(node, swap.target.rpartition(".")[2])
        what = f"a part of the project is replaced: {where}"
        decisive = called or not calm
        yield _found(pair, swap, "subject-mocked", what, decisive=decisive)


def _found(pair: Pair, swap: Swap, sign: str, what: str, *, decisive: bool) -> Finding:
    return Finding(sign=sign, path=pair.path, line=swap.line, what=what, decisive=decisive)


def _everywhere(pair: Pair, node: ast.AST, name: str) -> bool:
    """True for what is in force for tests that did not ask for it."""
    if name == _MODULE:
        return True
    marks = getattr(node, "decorator_list", ())
    return any(
        isinstance(mark, ast.Call)
        and last(mark) == "fixture"
        and any(word.arg == "autouse" and folded(word.value) is True for word in mark.keywords)
        for mark in marks
    ) or (pair.set_up and not any(last(mark) == "fixture" for mark in marks))


def _asserts_on(node: ast.AST, name: str) -> bool:
    """True where an assertion calls what was replaced, by its name."""
    for one in walk(node):
        if isinstance(one, ast.Assert):
            calls = (call for call in walk(one.test) if isinstance(call, ast.Call))
            if any(last(call) == name for call in calls):
                return True
    return False


class _Swaps:
    """The swaps of every function of a module, and of the module's own statements."""

    def __init__(self, tree: ast.Module | None) -> None:
        self.functions: dict[str, list[ast.stmt]] = {}
        self._imported = imports(tree) if tree else {}
        self._imported.update(_taken(tree) if tree else ())
        for prefix, node in _functions(tree.body, "") if tree else ():
            named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            name = prefix + node.name if named else _MODULE  # type: ignore[attr-defined]
            self.functions.setdefault(name, []).append(node)

    def of(self, name: str) -> list[Swap]:
        """Those of one function; none where there is no such."""
        return [
            swap for node in self.functions.get(name, ()) for swap in _swaps(node, self._imported)
        ]


def _functions(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.stmt]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            for mark in node.decorator_list:
                yield "", ast.copy_location(ast.Expr(value=mark), mark)
            yield from _functions(node.body, f"{prefix}{node.name}.")
        else:
            yield prefix, node


def _swaps(node: ast.AST, imported: Mapping[str, str]) -> Iterator[Swap]:
    for one in walk(node):
        line = getattr(one, "lineno", 0)
        lasting = {_full(target, imported) for target in _lasting(one, imported)}
        for target in lasting:
            yield Swap(target=target, line=line, lasting=True)
        for target in _targets(one):
            if (full := _full(target, imported)) not in lasting:
                yield Swap(target=full, line=line)


def _lasting(node: ast.AST, imported: Mapping[str, str]) -> Iterator[str]:
    """What a node replaces by a back door, also by a name that was taken through one."""
    targets: Sequence[ast.AST] = ()
    if isinstance(node, ast.Assign | ast.Delete):
        targets = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):
        targets = [node.target]
    found = [replaced(node), *map(assigned, targets)]
    for target in targets:
        if isinstance(target, ast.Attribute | ast.Subscript):
            taken = imported.get(dotted(target).split(".")[0], "")
            holder = dotted(target.value)
            if isinstance(target, ast.Attribute) and taken.startswith(_TAKEN):
                found.append(dotted(target))
            elif isinstance(target, ast.Subscript) and imported.get(holder, "").startswith(_TAKEN):
                found.append(f"{holder}.{folded(target.slice)}")
    yield from filter(None, found)


def _taken(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names for what was taken through a back door."""
    for node in walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, back = place(node.value)
            if name and back:
                yield node.targets[0].id, f"{_TAKEN}{name}"


def _targets(node: ast.AST) -> Iterator[str]:
    """The dotted names that a node replaces, as they are written."""
    if isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute) and not dotted(target).startswith(
                ("self.", "cls.")
            ):
                yield dotted(target)
            elif isinstance(target, ast.Subscript) and dotted(target.value) in (
                "sys.modules", "builtins.__dict__", "__builtins__",
            ):  # fmt: skip
                name = folded(target.slice)
                top = "" if dotted(target.value) == "sys.modules" else "builtins."
                yield f"{top}{name}" if isinstance(name, str) else dotted(target.value)


def _of_call(node: ast.Call) -> Iterator[str]:
    name, callee, args = last(node), dotted(node), node.args
    first = folded(args[0]) if args else ...
    second = folded(args[1]) if len(args) > 1 else ...
    setting = name in ("setattr", "object", "spy", "stub", "multiple", "setitem") and (
        name != "object" or "patch" in callee
    )
    if name == "seed" or name in ("freeze_time", "travel"):
        yield callee
    elif name == "patch" or (setting and isinstance(first, str)):
        yield first if isinstance(first, str) else ""
    elif setting and args:
        modules = name == "setitem" and dotted(args[0]) == "sys.modules"
        if modules and isinstance(second, str):
            yield second
        elif isinstance(second, str) and name != "setitem":
            yield f"{dotted(args[0])}.{second}"


def _full(target: str, imported: Mapping[str, str]) -> str:
    first, dot, rest = target.partition(".")
    known = imported.get(first, first)
    if known.startswith(_TAKEN):
        whole = known.removeprefix(_TAKEN)
        top, more, below = whole.partition(".")
        known = f"{imported.get(top, top).removeprefix(_TAKEN)}{more}{below}"
    return f"{known}{dot}{rest}"
