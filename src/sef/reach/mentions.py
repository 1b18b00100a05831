"""The names that a piece of Python mentions: identifiers, attributes, names in strings. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

_NAME = re.compile(r"[A-Za-z_]\w*")
_DOTTED = re.compile(r"\s*[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)*\s*")
_LONGEST: Final = 20_000
_IMPORTS: Final = frozenset(
    ("import_module", "__import__", "run_path", "run_module", "walk_packages", "iter_modules",
     "entry_points", "__subclasses__", "find_spec", "module_from_spec")
)  # fmt: skip
_STARTS: Final = frozenset(
    ("subprocess", "Popen", "check_output", "pytester", "testdir", "spawn", "execv", "system")
)
_BUILDS: Final = frozenset(("exec", "eval", "compile"))
_BY_NAME: Final = frozenset(
    ("getattr", "setattr", "hasattr", "delattr", "attrgetter", "methodcaller")
)
_FIRST_ARGUMENT: Final = ("attrgetter", "methodcaller")
_LISTS_NAMES: Final = frozenset(("vars", "dir", "globals", "getmembers", "__dict__", "locals"))
_OF_TYPES: Final = frozenset(("TypeVar", "ParamSpec", "NewType", "cast"))
_RUNS = (ast.Call, ast.Subscript, ast.BinOp, ast.Compare, ast.Await, ast.comprehension)
_WHOLLY_SAID: Final = "\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """What a piece of code mentions."""

    names: frozenset[str]
    parts: frozenset[str] = frozenset()
    """Beginnings of names that are put together when it runs; "" may become any name."""
    imports: bool = False
    """True where it imports modules by names that are not in the text."""
    said: frozenset[str] = frozenset()
    """Those of `names` that stand in strings only: nothing of that name runs here."""
    starts: bool = False
    """True where it starts programs."""

    def and_names(self, more: frozenset[str]) -> Mentions:
        """These and more."""
        return replace(self, names=self.names | more) if more else self


def mentions_of(nodes: Iterable[ast.AST], *, arguments: ast.arguments | None = None) -> Mentions:
    """What these nodes mention. Names of `arguments` count: in tests they name fixtures."""
    names: set[str] = set()
    parts: set[str] = set()
    strings: list[str] = []
    todo: list[ast.AST] = [*nodes]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            names.add(node.id)
            continue
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                strings.append(node.value)
            continue
        if isinstance(node, ast.Expr) and _is_string(node.value):
            continue  # a docstring
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Call):
            parts |= _computed(node)
        elif isinstance(node, ast.alias):
            names.update(node.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            names.update((node.module or "").split("."))
        todo.extend(ast.iter_child_nodes(node))
    if arguments is not None:
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        names.update(one.arg for one in every)
    builds = not names.isdisjoint(_BUILDS)
    said: set[str] = set()
    for text in strings:
        said |= _in_string(text, builds=builds)
    said -= names
    if not names.isdisjoint(_LISTS_NAMES):
        parts.add("")
    return Mentions(
        names=frozenset(names | said),
        said=frozenset() if builds else frozenset(said),
        parts=frozenset(parts),
        imports=not names.isdisjoint(_IMPORTS),
        starts=not names.isdisjoint(_STARTS),
    )


def executes(node: ast.AST) -> bool:
    """True where it calls or computes: not for names, literals, and variables of types."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        called = node.value.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in _OF_TYPES:
            return False
    return any(isinstance(child, _RUNS) for child in ast.walk(node))


def _computed(call: ast.Call) -> set[str]:
    """How a name begins that is looked up when it runs; empty where it is wholly in the text."""
    called = call.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    if name not in _BY_NAME:
        return set()
    where = 0 if name in _FIRST_ARGUMENT else 1
    if len(call.args) <= where:
        return {""}
    return {_beginning(call.args[where])} - {_WHOLLY_SAID}


def _beginning(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return _WHOLLY_SAID
    if isinstance(node, ast.BinOp):
        node = node.left
    elif isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.partition("%")[0].partition("{")[0]
    return ""


def _in_string(text: str, *, builds: bool) -> set[str]:
    """Names in a string: all of them where it is code, else only where it is nothing but names."""
    code = builds or "import " in text
    if code or (len(text) < _LONGEST and _DOTTED.fullmatch(text)):
        return set(_NAME.findall(text))
    return set()


def _is_string(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
