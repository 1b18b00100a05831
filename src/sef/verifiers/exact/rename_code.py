"""Two Python trees that must be the same but for one name. Pure."""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from sef.verifiers.exact.python_code import acting

_NAMES: Final = frozenset({"id", "attr", "name", "asname", "arg", "module", "rest"})
"""Fields that hold an identifier."""
_LISTS: Final = frozenset({"names", "kwd_attrs"})
_UNSEEN: Final = frozenset({"kind", "type_comment", "ctx", "type_ignores"})


@dataclass(slots=True)
class Compared:
    """What a look at both trees found."""

    renamed: list[int] = field(default_factory=list)
    """Lines of the new text where the new name stands for the old one."""
    left: list[tuple[int, str]] = field(default_factory=list)
    """Lines where the old name still stands in code, and how: name, attribute, import, exported."""
    other: tuple[int, str] | None = None
    """Where something else differs: line and what."""


def compare(before: ast.Module, after: ast.Module, old: str, new: str) -> Compared:
    """Holds the trees against each other; identifiers may differ as `old` and `new` do."""
    found = Compared()
    waiting: list[tuple[object, object, str, int]] = [(before, after, "", 0)]
    exported = _exported(after)
    while waiting:
        left, right, slot, line = waiting.pop()
        line = getattr(right, "lineno", line)
        if isinstance(left, ast.AST) and type(left) is type(right):
            names = [name for name in left._fields if name not in _UNSEEN]
            kind = type(right).__name__
            below = [
                (getattr(left, n, None), getattr(right, n, None), f"{kind}.{n}") for n in names
            ]
            waiting.extend((*one, line) for one in reversed(below))
        elif isinstance(left, list) and isinstance(right, list):
            one, other = acting(left), acting(right)
            if _sorted_imports(slot):
                one, other = _by_name(one, old, new), _by_name(other, old, new)
            if len(one) != len(other):
                found.other = found.other or (line, "a statement or a part came or went")
            pairs = zip(one, other, strict=False)
            waiting.extend((a, b, slot, line) for a, b in reversed([*pairs]))
        else:
            _leaf(found, left, right, slot, line, (old, new), exported)
    return found


def _sorted_imports(slot: str) -> bool:
    """Names in `from a import c, b` are sorted anew after a rename."""
    return slot == "ImportFrom.names"


def _by_name(parts: list[object], old: str, new: str) -> list[object]:
    names = [getattr(part, "name", getattr(part, "value", None)) for part in parts]
    if not parts or not all(isinstance(name, str) for name in names):
        return parts
    keyed = sorted(zip(names, range(len(parts)), strict=True), key=lambda one: (
        str(one[0]).replace(new, old), one[1]))  # fmt: skip
    return [parts[index] for _, index in keyed]


def _leaf(  # noqa: PLR0917
    found: Compared,
    left: object,
    right: object,
    slot: str,
    line: int,
    names: tuple[str, str],
    exported: set[int],
) -> None:
    old, new = names
    field_name = slot.partition(".")[2]
    text = isinstance(left, str) and isinstance(right, str)
    if type(left) is not type(right) or not text:
        if type(left) is not type(right) or repr(left) != repr(right):
            found.other = found.other or (line, f"{slot} changed")
        return
    assert isinstance(left, str) and isinstance(right, str)  # noqa: S101
    identifier = field_name in _NAMES or slot in ("Global.names", "Nonlocal.names")
    identifier = identifier or field_name in _LISTS
    if left == right:
        if identifier and old in left.split("."):
            found.left.append((line, slot))
        elif line in exported and left == old:
            found.left.append((line, "__all__"))
    elif re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", new, left) == right:
        found.renamed.append(line)
    else:
        found.other = found.other or (line, f"{slot.partition('.')[0]} changed")


def _exported(tree: ast.Module) -> set[int]:
    """Lines of what `__all__` lists."""
    lines: set[int] = set()
    for node in tree.body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if any(isinstance(one, ast.Name) and one.id == "__all__" for one in targets):
            lines |= {*range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A class, function or assigned name."""

    around: str
    """Qualified name of what it stands in; empty for a module."""
    line: int


def definitions(tree: ast.Module, name: str) -> tuple[Definition, ...]:
    """Where a module, its classes and functions define `name`, in their order; no imports."""
    found, waiting = [], [(stmt, "") for stmt in reversed(tree.body)]
    while waiting:
        node, around = waiting.pop()
        if name in _set_by(node):
            found.append(Definition(around=around, line=node.lineno))
        owner = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        inner = f"{around}.{node.name}".lstrip(".") if owner else around  # type: ignore[attr-defined]
        below = [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.stmt)]
        below += [s for one in getattr(node, "handlers", []) for s in one.body]
        below += [s for one in getattr(node, "cases", []) for s in one.body]
        waiting.extend((one, inner) for one in reversed(below))
    return tuple(found)


def _set_by(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [node.name]
    targets = getattr(node, "targets", []) if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return [one.id for each in targets for one in ast.walk(each) if isinstance(one, ast.Name)]


def unbound(tree: ast.Module) -> Counter[str]:
    """Names that are read and that nothing in the module, nor Python itself, binds."""
    bound, read = (
        {*dir(builtins), "__file__", "__path__", "__class__", "__builtins__"},
        Counter[str](),
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                read[node.id] += 1
            else:
                bound.add(node.id)
        elif isinstance(node, ast.alias):
            if node.name == "*":
                return Counter()
            bound.add(node.asname or node.name.partition(".")[0])
        else:
            bound |= {value for value in _bindings(node) if isinstance(value, str)}
    return Counter({name: count for name, count in read.items() if name not in bound})


def _bindings(node: ast.AST) -> tuple[object, ...]:
    if isinstance(node, ast.keyword | ast.Attribute):
        return ()
    return tuple(getattr(node, name, None) for name in ("name", "arg", "rest"))
