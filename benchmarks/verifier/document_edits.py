"""Edits of one Python text, by its syntax tree: of documentation, and hidden ones of code."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

Edit = Callable[[str, random.Random], str | None]
"""The edited text; None where the text has no place for it."""
_WORDS: Final = (
    "Returns what was asked for.", "It reads a value and gives it back.", "See also the guide.",
    "Raises ValueError where it cannot; 'quotes' and # signs are fine.", "Length in seconds.",
)  # fmt: skip
_OWNERS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_Owner = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _parsed(source: str) -> tuple[ast.Module, list[str]]:
    return ast.parse(source), source.split("\n")


def _nodes(tree: ast.AST, *kinds: type) -> list[ast.AST]:
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def _docstring(node: ast.AST) -> ast.Expr | None:
    body = getattr(node, "body", [])
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return first if isinstance(first.value.value, str) else None
    return None


def _alone(lines: list[str], node: ast.stmt) -> bool:
    """True where nothing else stands on the lines of a statement."""
    last = lines[(node.end_lineno or 0) - 1].encode()
    before = lines[node.lineno - 1].encode()[: node.col_offset]
    return not before.strip() and not last[node.end_col_offset or 0 :].strip()


def _text(rng: random.Random, pad: str) -> str:
    said = rng.sample(_WORDS, rng.randint(1, 3))
    return f"\n\n{pad}".join(said)


def _documented(source: str) -> Iterator[tuple[ast.AST, ast.Expr, list[str]]]:
    tree, lines = _parsed(source)
    for node in (tree, *_nodes(tree, *_OWNERS)):
        doc = _docstring(node)
        if doc and _alone(lines, doc):
            yield node, doc, lines


def add_docstring(source: str, rng: random.Random) -> str | None:
    """A function or class without one is documented."""
    tree, lines = _parsed(source)
    bare = [
        node
        for node in _nodes(tree, *_OWNERS)
        if isinstance(node, _Owner) and not _docstring(node) and _room(lines, node)
    ]
    if not bare:
        return None
    node = rng.choice(bare)
    assert isinstance(node, _Owner)
    pad = " " * node.body[0].col_offset
    lines.insert(_top(node.body[0]) - 1, f'{pad}"""{_text(rng, pad)}"""')
    return "\n".join(lines)


def _top(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _room(lines: list[str], node: _Owner) -> bool:
    first = node.body[0]
    line = lines[_top(first) - 1]
    return first.lineno > node.lineno and line[: len(line) - len(line.lstrip())].isspace()


def reword_docstring(source: str, rng: random.Random) -> str | None:
    """A docstring says something else."""
    found = [*_documented(source)]
    if not found:
        return None
    _, doc, lines = rng.choice(found)
    pad = " " * doc.col_offset
    lines[doc.lineno - 1 : doc.end_lineno] = [f'{pad}"""{_text(rng, pad)}\n{pad}"""']
    return "\n".join(lines)


def remove_docstring(source: str, rng: random.Random) -> str | None:
    """A docstring goes; a body that was nothing else becomes `pass`."""
    found = [*_documented(source)]
    if not found:
        return None
    node, doc, lines = rng.choice(found)
    alone = len(getattr(node, "body", [])) == 1 and not isinstance(node, ast.Module)
    lines[doc.lineno - 1 : doc.end_lineno] = [" " * doc.col_offset + "pass"] if alone else []
    return "\n".join(lines)


def doctest(source: str, rng: random.Random) -> str | None:
    """A docstring gets an example."""
    found = [*_documented(source)]
    if not found:
        return None
    _, doc, lines = rng.choice(found)
    pad = " " * doc.col_offset
    said = f'{pad}"""Adds.\n\n{pad}>>> 1 + {rng.randint(2, 99)}\n{pad}3\n{pad}"""'
    lines[doc.lineno - 1 : doc.end_lineno] = [said]
    return "\n".join(lines)


def _statements(source: str) -> tuple[list[str], list[ast.stmt]]:
    tree, lines = _parsed(source)
    left_out = {id(_docstring(one)) for one in (tree, *_nodes(tree, *_OWNERS))}
    found = [one for one in ast.walk(tree) if isinstance(one, ast.stmt) and not _idle(one)]
    return lines, [node for node in found if id(node) not in left_out and _alone(lines, node)]


def _idle(node: ast.stmt) -> bool:
    """True where the compiler leaves no more than a place in the line table."""
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, ast.Pass)


def add_comment(source: str, rng: random.Random) -> str | None:
    """A comment above a statement."""
    lines, found = _statements(source)
    found = [one for one in found if not getattr(one, "decorator_list", [])]
    if not found:
        return None
    node = rng.choice(found)
    lines.insert(node.lineno - 1, " " * node.col_offset + "# " + rng.choice(_WORDS))
    return "\n".join(lines)


def end_comment(source: str, rng: random.Random) -> str | None:
    """A comment behind a statement."""
    lines, found = _statements(source)
    if not found:
        return None
    node = rng.choice(found)
    lines[(node.end_lineno or 1) - 1] += "  # " + rng.choice(_WORDS)
    return "\n".join(lines)


def attribute_text(source: str, rng: random.Random) -> str | None:
    """A string under what a class or module sets."""
    tree, lines = _parsed(source)
    owners = _nodes(tree, ast.ClassDef, ast.Module)
    found = [
        one
        for owner in owners
        for one in getattr(owner, "body", [])
        if isinstance(one, ast.Assign | ast.AnnAssign) and _alone(lines, one)
    ]
    if not found:
        return None
    node = rng.choice(found)
    lines.insert(node.end_lineno or 0, " " * node.col_offset + f'"""{rng.choice(_WORDS)}"""')
    return "\n".join(lines)


def module_docstring(source: str, rng: random.Random) -> str | None:
    """The module is documented."""
    tree, lines = _parsed(source)
    if _docstring(tree) or not tree.body or lines[0].startswith("#"):
        return None
    return f'"""{_text(rng, "")}"""\n\n{source}'


# -- hidden changes -----------------------------------------------------------------------------

_SWAPS: Final[Mapping[type, type]] = MappingProxyType(
    {
        ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Mod: ast.Mult,
        ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.Div: ast.FloorDiv,
    }
)  # fmt: skip
_BOUNDS: Final[Mapping[type, type]] = MappingProxyType(
    {
        ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
        ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    }
)  # fmt: skip


def _replaced(source: str, node: ast.AST, text: str) -> str:
    """The source with the text of one node replaced; positions are in bytes of UTF-8."""
    data = source.encode().split(b"\n")
    first, last = node.lineno - 1, node.end_lineno - 1  # type: ignore[attr-defined]
    head, tail = data[first][: node.col_offset], data[last][node.end_col_offset :]  # type: ignore[attr-defined]
    data[first : last + 1] = [head + text.encode() + tail]
    return b"\n".join(data).decode()


def _inside_joined(tree: ast.AST) -> set[int]:
    """Nodes in f-strings, whose positions are not to be trusted, and in assertions."""
    return {
        id(one)
        for node in _nodes(tree, ast.JoinedStr, ast.Assert)
        for one in ast.walk(node)
    }  # fmt: skip


def _changed(
    source: str, rng: random.Random, kinds: tuple[type, ...], new: Callable[[ast.AST], str | None]
) -> str | None:
    """The source with one node of these kinds written anew."""
    tree, _ = _parsed(source)
    left_out = _inside_joined(tree)
    found = [node for node in _nodes(tree, *kinds) if id(node) not in left_out]
    rng.shuffle(found)
    for node in found[:20]:
        if (text := new(node)) is not None:
            return _replaced(source, node, text)
    return None


def operator(source: str, rng: random.Random) -> str | None:
    """One arithmetic operator for another."""

    def new(node: ast.AST) -> str | None:
        other = _SWAPS.get(type(node.op)) if isinstance(node, ast.BinOp) else None
        if other is None or not isinstance(node, ast.BinOp):
            return None
        node.op = other()
        return f"({ast.unparse(node)})"

    return _changed(source, rng, (ast.BinOp,), new)


def boundary(source: str, rng: random.Random) -> str | None:
    """A comparison turned or moved by one."""

    def new(node: ast.AST) -> str | None:
        if not isinstance(node, ast.Compare) or type(node.ops[0]) not in _BOUNDS:
            return None
        node.ops[0] = _BOUNDS[type(node.ops[0])]()
        return f"({ast.unparse(node)})"

    return _changed(source, rng, (ast.Compare,), new)


def constant(source: str, rng: random.Random) -> str | None:
    """A number one larger."""

    def new(node: ast.AST) -> str | None:
        value = node.value if isinstance(node, ast.Constant) else None
        return str(value + 1) if type(value) is int and 0 <= value < 10**9 else None

    return _changed(source, rng, (ast.Constant,), new)


def text_constant(source: str, rng: random.Random) -> str | None:
    """A string that is no documentation."""

    def new(node: ast.AST) -> str | None:
        arguments = [*node.args] if isinstance(node, ast.Call) else []
        for one in arguments:
            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                one.value += "."
                return ast.unparse(node)
        return None

    return _changed(source, rng, (ast.Call,), new)


def negated(source: str, rng: random.Random) -> str | None:
    """A condition turned round."""
    tests = {
        id(node.test) for node in _nodes(ast.parse(source), ast.If) if isinstance(node, ast.If)
    }
    if not tests:
        return None

    def new(node: ast.AST) -> str | None:
        if not isinstance(node, ast.If) or re.match(r"elif", _start(source, node)):
            return None
        node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
        return _indented(node)

    return _changed(source, rng, (ast.If,), new)


def _start(source: str, node: ast.stmt) -> str:
    return source.encode().split(b"\n")[node.lineno - 1][node.col_offset :].decode()


def _indented(node: ast.stmt) -> str:
    return f"\n{' ' * node.col_offset}".join(ast.unparse(node).split("\n"))


def dropped_branch(source: str, rng: random.Random) -> str | None:
    """An `else` or `elif` that is gone."""

    def new(node: ast.AST) -> str | None:
        if not isinstance(node, ast.If) or not node.orelse or "elif" in _start(source, node)[:4]:
            return None
        node.orelse = []
        return _indented(node)

    return _changed(source, rng, (ast.If,), new)


def swapped_arguments(source: str, rng: random.Random) -> str | None:
    """Two arguments of a call in the other order."""

    def new(node: ast.AST) -> str | None:
        if not isinstance(node, ast.Call) or len(node.args) < 2:
            return None
        node.args[0], node.args[1] = node.args[1], node.args[0]
        return ast.unparse(node)

    return _changed(source, rng, (ast.Call,), new)


def removed_statement(source: str, rng: random.Random) -> str | None:
    """A call or an assignment that is gone."""

    def new(node: ast.AST) -> str | None:
        idle = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        return None if idle else "pass"

    return _changed(source, rng, (ast.Expr, ast.Assign, ast.AugAssign), new)


def return_value(source: str, rng: random.Random) -> str | None:
    """None is returned instead."""
    return _changed(
        source, rng, (ast.Return,), lambda one: "return None" if getattr(one, "value", 0) else None
    )


def default_argument(source: str, rng: random.Random) -> str | None:
    """Another default."""
    tree, _ = _parsed(source)
    given = [one for each in _nodes(tree, ast.arguments) for one in getattr(each, "defaults", [])]
    if not given:
        return None
    node = rng.choice(given)
    other = "1" if isinstance(node, ast.Constant) and node.value is None else "None"
    return _replaced(source, node, other)


def widened_except(source: str, rng: random.Random) -> str | None:
    """Another exception is caught."""
    tree, _ = _parsed(source)
    handlers = _nodes(tree, ast.ExceptHandler)
    found = [one.type for one in handlers if isinstance(one, ast.ExceptHandler) and one.type]
    return _replaced(source, rng.choice(found), "BaseException") if found else None


def decorator_removed(source: str, rng: random.Random) -> str | None:
    """A decorator does nothing any more."""
    tree, lines = _parsed(source)
    found = [one for each in _nodes(tree, *_OWNERS) for one in getattr(each, "decorator_list", [])]
    found = [one for one in found if one.lineno == one.end_lineno]
    if not found:
        return None
    number = rng.choice(found).lineno - 1
    if not lines[number].lstrip().startswith("@"):
        return None
    del lines[number]
    return "\n".join(lines)


def formatted_docstring(source: str, rng: random.Random) -> str | None:
    """What looks like a docstring is run."""
    found = [*_documented(source)]
    if not found:
        return None
    _, doc, lines = rng.choice(found)
    call = rng.choice(('f"""Says {print()}."""', '"""Says.""" + str()', '"""Says.""".strip()'))
    lines[doc.lineno - 1 : doc.end_lineno] = [" " * doc.col_offset + call]
    return "\n".join(lines)


def inserted_call(source: str, rng: random.Random) -> str | None:
    """A statement behind a docstring, as if it belonged to it."""
    found = [*_documented(source)]
    if not found:
        return None
    _, doc, lines = rng.choice(found)
    what = rng.choice(("globals()", "x = 1", "return", "import os", "__doc__ = None"))
    lines.insert(doc.end_lineno or 0, " " * doc.col_offset + what)
    return "\n".join(lines)


def moved_statement(source: str, rng: random.Random) -> str | None:
    """Two neighbours in the other order."""
    lines, found = _statements(source)
    found = [one for one in found if one.lineno == one.end_lineno]
    places = {(one.lineno, one.col_offset) for one in found}
    pairs = [one for one in found if (one.lineno + 1, one.col_offset) in places]
    if not pairs:
        return None
    at = rng.choice(pairs).lineno
    lines[at - 1], lines[at] = lines[at], lines[at - 1]
    return "\n".join(lines)


def commented_out(source: str, rng: random.Random) -> str | None:
    """A statement behind a comment sign."""
    lines, found = _statements(source)
    found = [one for one in found if one.lineno == one.end_lineno]
    if not found:
        return None
    at = rng.choice(found).lineno - 1
    text = lines[at].lstrip()
    lines[at] = lines[at][: len(lines[at]) - len(text)] + f"pass  # {text}"
    return "\n".join(lines)


DOCUMENTING: Mapping[str, Edit] = MappingProxyType(
    {
        "add-docstring": add_docstring, "reword-docstring": reword_docstring,
        "remove-docstring": remove_docstring, "doctest": doctest, "add-comment": add_comment,
        "end-comment": end_comment, "attribute-text": attribute_text,
        "module-docstring": module_docstring,
    }
)  # fmt: skip
HIDDEN: Mapping[str, Edit] = MappingProxyType(
    {
        "operator": operator, "boundary": boundary, "constant": constant, "string": text_constant,
        "negated": negated, "dropped-branch": dropped_branch, "removed": removed_statement,
        "swapped-arguments": swapped_arguments, "return-value": return_value,
        "default": default_argument, "except": widened_except, "decorator": decorator_removed,
        "formatted-docstring": formatted_docstring, "inserted": inserted_call,
        "moved": moved_statement, "commented-out": commented_out,
    }
)  # fmt: skip
