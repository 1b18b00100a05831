"""What a Python file is made of: its definitions and statements, the names they give and mention.

Names are compared without asking what they stand for: two things of one name are one thing. That
finds more than there is, and misses little. Pure.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sef.reach.mentions import Mentions, executes, mentions_of

_SET_UP: Final = frozenset(
    ("setUp", "tearDown", "setUpClass", "tearDownClass", "setup_method", "teardown_method",
     "setup_class", "teardown_class", "asyncSetUp", "asyncTearDown", "setup", "teardown")
)  # fmt: skip
_FOR_ALL: Final = frozenset(
    ("setUpModule", "tearDownModule", "setup_module", "teardown_module", "setup_function",
     "teardown_function", "pytestmark", "pytest_plugins", "load_tests")
)  # fmt: skip
_ROOTS: Final = frozenset(("object", "TestCase", "IsolatedAsyncioTestCase", ""))
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Compound = ast.If | ast.Try | ast.TryStar | ast.With
LIMIT: Final = 1024 * 1024
"""Characters of a file beyond which it is not parsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A function's body, a part of a definition's head, or a statement of a module or class."""

    name: str
    """Dotted, within its file; statements by what they bind. Not unique."""
    gives: frozenset[str]
    """Names by which others come to it."""
    mentions: Mentions
    text: str = ""
    """Equal exactly where the code is; empty where nobody will compare it."""
    test: str = ""
    """`Class::name` where a runner would collect it."""
    loaded: bool = True
    """True where it is executed when the module is imported."""
    eager: bool = False
    """True where it then calls or computes, so that what it mentions runs."""
    coarse: bool = False
    """True where a change of it concerns everything that imports the file."""
    for_all: bool = False
    """True where runners use it unasked for every test of its file or folder."""
    registers: frozenset[str] = frozenset()
    """First names of its decorators: they may have put it where others find it."""
    bases: frozenset[str] = frozenset()
    """Of a class: what it inherits from, without object and unittest's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One Python file."""

    nodes: tuple[Node, ...] = ()
    imports: tuple[tuple[str, int, tuple[str, ...]], ...] = ()
    """Module, leading dots, and the names taken from it."""
    unknown: str = ""
    """Why it cannot be read; empty where it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a statement stands."""

    found: list[Node] = field(default_factory=list)
    holders: tuple[str, ...] = ()
    """Classes around it, the innermost last."""
    guard: str = ""
    """The conditions that it stands under."""
    compared: bool = False
    """True where the texts of nodes are wanted."""

    def inside(self, name: str) -> _Place:
        """The place of a class's statements."""
        return replace(self, holders=(*self.holders, name))

    def text(self, nodes: Sequence[ast.AST]) -> str:
        """What `Node.text` is for these."""
        if not self.compared:
            return ""
        return self.guard + "\n".join(ast.dump(node) for node in nodes)

    def named(self, name: str) -> str:
        return ".".join((*self.holders, name))


def outline(text: str, *, compared: bool = False) -> Outline:
    """The nodes and imports of a file's text; `compared` where nodes' texts are wanted."""
    if len(text) > LIMIT:
        return Outline(unknown="it is too large to be parsed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        place = _Place(compared=compared)
        for statement in tree.body:
            _statement(statement, place)
        return Outline(nodes=tuple(place.found), imports=tuple(_imports(tree)))
    except (SyntaxError, ValueError):
        return Outline(unknown="it cannot be parsed")
    except (RecursionError, MemoryError):
        return Outline(unknown="it is nested too deeply")


def _imports(tree: ast.Module) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level, tuple(alias.name for alias in node.names)


def _statement(node: ast.stmt, place: _Place) -> None:
    if isinstance(node, _Function):
        _function(node, place)
    elif isinstance(node, ast.ClassDef):
        _class(node, place)
    elif isinstance(node, _Compound):
        _compound(node, place)
    else:
        _plain(node, place)


def _function(node: _Function, place: _Place) -> None:
    gives = {node.name}
    if place.holders and (_dunder(node.name) or node.name in _SET_UP):
        gives.add(place.holders[-1])
    test = "::".join((*place.holders, node.name)) if node.name.startswith("test") else ""
    # A test is set up by its classes: to come to these is to come to it.
    around = frozenset(place.holders) if test else frozenset[str]()
    heads = (*node.decorator_list, *_defaults(node.args))
    said = _annotations(node)
    registers = frozenset(map(_first, node.decorator_list)) - {""}
    for suffix, parts, loaded in (("", node.body, False), ("@", heads, True), (":", said, True)):
        if not parts:
            continue
        within = mentions_of(parts, arguments=None if loaded else node.args)
        place.found.append(
            Node(
                name=place.named(node.name + suffix),
                gives=frozenset(gives),
                mentions=within.and_names(around),
                text=place.text(parts if loaded else (*parts, node.args)),
                test=test,
                loaded=loaded,
                eager=suffix == "@" and (bool(node.decorator_list) or _any_executes(parts)),
                for_all=node.name in _FOR_ALL or _unasked(node),
                registers=registers,
            )
        )


def _class(node: ast.ClassDef, place: _Place) -> None:
    heads = (*node.decorator_list, *node.bases, *node.keywords)
    run = (*node.decorator_list, *node.keywords, *(b for b in node.bases if _calls(b)))
    place.found.append(
        Node(
            name=place.named(node.name),
            gives=frozenset({node.name}),
            mentions=mentions_of(heads).and_names(frozenset(place.holders)),
            text=place.text(heads),
            eager=bool(run),
            registers=frozenset(map(_first, node.decorator_list)) - {""},
            bases=frozenset(map(_last, node.bases)) - _ROOTS,
        )
    )
    inner = place.inside(node.name)
    for statement in node.body:
        _statement(statement, inner)


def _compound(node: _Compound, place: _Place) -> None:
    """Its condition is a node; each statement in it is one of its own."""
    conditions = [part for _, part in _parts(node) if not isinstance(part, ast.stmt)]
    place.found.append(
        Node(
            name=place.named(type(node).__name__),
            gives=frozenset(place.holders[-1:]),
            mentions=mentions_of(conditions),
            text=place.text(conditions),
            eager=_any_executes(conditions),
            coarse=True,
        )
    )
    said = place.text(conditions)
    for branch, part in _parts(node):
        if isinstance(part, ast.stmt):
            _statement(part, replace(place, guard=f"{said}/{branch}/"))


def _parts(node: _Compound) -> Iterator[tuple[str, ast.AST]]:
    """Its conditions and statements, with the branch that they are in."""
    for branch, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, ast.ExceptHandler):
                yield from ((branch, one) for one in (part.type, *part.body) if one is not None)
            elif isinstance(part, ast.AST):
                yield branch, part


def _plain(node: ast.stmt, place: _Place) -> None:
    bound = frozenset(_bound(node))
    imports = isinstance(node, ast.Import | ast.ImportFrom)
    # What is imported under its own name is already mentioned where it is used.
    gives = (_renamed(node) if imports else bound) | frozenset(place.holders[-1:])
    name = place.named(",".join(sorted(bound)) or type(node).__name__)
    parts: list[ast.AST] = [node]
    if isinstance(node, ast.AnnAssign):
        parts = [node.target, *([node.value] if node.value else [])]
        said = mentions_of([node.annotation])
        place.found.append(
            Node(name=f"{name}:", gives=gives, mentions=said, text=place.text([node.annotation]))
        )
    place.found.append(
        Node(
            name=name,
            gives=gives,
            mentions=mentions_of(parts),
            text=place.text(parts),
            eager=not imports and _any_executes(parts),
            coarse=_is_coarse(node, bound, place),
            for_all=bool(bound & _FOR_ALL),
        )
    )


def _is_coarse(node: ast.stmt, bound: frozenset[str], place: _Place) -> bool:
    """True for imports, which run other files, and for what is executed for its effect."""
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant) and not place.holders
    harmless = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Pass, ast.Delete)
    return not isinstance(node, harmless) or "*" in bound


def _bound(node: ast.stmt) -> Iterator[str]:
    for child in ast.walk(node):
        if isinstance(child, ast.Name | ast.Attribute) and not isinstance(child.ctx, ast.Load):
            yield child.id if isinstance(child, ast.Name) else child.attr
        elif isinstance(child, ast.alias):
            yield child.asname or child.name.split(".")[0]


def _renamed(node: ast.stmt) -> frozenset[str]:
    names = node.names if isinstance(node, ast.Import | ast.ImportFrom) else []
    return frozenset(
        one.asname for one in names if one.asname and one.asname != one.name.rpartition(".")[2]
    )


def _defaults(args: ast.arguments) -> list[ast.expr]:
    return [*args.defaults, *(one for one in args.kw_defaults if one is not None)]


def _annotations(node: _Function) -> list[ast.expr]:
    args = node.args
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    every += [one for one in (args.vararg, args.kwarg) if one is not None]
    found = [one.annotation for one in every if one.annotation is not None]
    return [*found, node.returns] if node.returns is not None else found


def _unasked(node: _Function) -> bool:
    """pytest's hooks, and fixtures that nobody has to name."""
    if node.name.startswith("pytest_"):
        return True
    return any("autouse" in ast.dump(one) for one in node.decorator_list)


def _first(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _last(node: ast.expr) -> str:
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _calls(node: ast.expr) -> bool:
    return any(isinstance(child, ast.Call) for child in ast.walk(node))


def _any_executes(nodes: Iterable[ast.AST]) -> bool:
    return any(executes(node) for node in nodes)


def _dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
