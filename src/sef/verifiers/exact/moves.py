"""A definition that moved to another module: as it was, and found by all who used it. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from sef.verifiers.exact import rename_code
from sef.verifiers.exact.finding import Finding, doubted, right, told, wrong
from sef.verifiers.exact.python_code import NotRead, difference, parsed
from sef.verifiers.exact.rename_asks import Rename

_Defining = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_Importing = ast.Import | ast.ImportFrom


def moved(
    before: Mapping[str, bytes], after: Mapping[str, bytes], ask: Rename
) -> tuple[Finding, ...]:
    """The findings about a move of `ask.old` to the module or file `ask.new`."""
    try:
        old = {path: parsed(data) for path, data in before.items() if path.endswith(".py")}
        new = {path: parsed(data) for path, data in after.items() if path.endswith(".py")}
    except NotRead as why:
        return (doubted("not-read", f"a file cannot be parsed: {why}"),)
    sources = [path for path, tree in old.items() if _find(tree, ask.old)]
    targets = [path for path in new if _is_module(path, ask.new) and _find(new[path], ask.old)]
    gone = [path for path in sources if path not in targets
            and not (path in new and _find(new[path], ask.old))]  # fmt: skip
    if not targets:
        return (wrong("not-renamed", f"{ask.old} is not defined in {ask.new}"),)
    if not gone:
        return (wrong("old-name-left", f"{ask.old} is still defined where it was"),)
    found = [*_beyond(old, new, gone[0], targets[0], ask), *_unresolved(new, gone[0], ask)]
    if not any(one.stops for one in found) and ask.pure:
        found.append(right("rename-exact", f"{ask.old} is in {targets[0]} as it was in {gone[0]}"))
    return tuple(found)


def _is_module(path: str, name: str) -> bool:
    wanted = name.removesuffix(".py").replace(".", "/").strip("/")
    whole = path.removesuffix(".py").removesuffix("/__init__")
    return f"/{whole}".endswith(f"/{wanted}")


def _find(tree: ast.Module, name: str) -> _Defining | None:
    return next((n for n in tree.body if isinstance(n, _Defining) and n.name == name), None)


def _rest(tree: ast.Module, name: str) -> ast.Module:
    """The module without its imports and without the definition."""
    kept = [node for node in tree.body if not isinstance(node, _Importing)]
    kept = [node for node in kept if not (isinstance(node, _Defining) and node.name == name)]
    return ast.Module(body=kept, type_ignores=[])


def _beyond(
    old: Mapping[str, ast.Module],
    new: Mapping[str, ast.Module],
    source: str,
    target: str,
    ask: Rename,
) -> Iterator[Finding]:
    """What else differs; beside imports and the module before a dot, nothing may."""
    one, other = _find(old[source], ask.old), _find(new[target], ask.old)
    if one and other and (found := difference(one, other)):
        detail = f"{target}:{found.after}: {ask.old} is not as it was ({found.what})"
        yield _says(ask, detail)
    empty = ast.Module(body=[], type_ignores=[])
    for path in sorted({*old, *new}):
        sides = (old.get(path, empty), new.get(path, empty))
        if difference(*(_rest(side, ask.old) for side in sides)):
            found = difference(*(_rest(side, ask.old) for side in sides))
            line = found.after if found else 0
            if not _only_prefix(sides, ask):
                yield _says(ask, f"{path}:{line}: something else changed, beyond the move")
        for name in rename_code.unbound(sides[1]) - rename_code.unbound(sides[0]):
            yield wrong("unresolved-name", f"{path}: {name} is read and nothing binds it")


def _only_prefix(sides: tuple[ast.Module, ast.Module], ask: Rename) -> bool:
    """True where only `module.name` became `other.name`, or the name alone."""

    class _Bare(ast.NodeTransformer):
        def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
            self.generic_visit(node)
            return ast.Name(id=node.attr, ctx=node.ctx) if node.attr == ask.old else node

    try:
        one, other = (_Bare().visit(_rest(parsed(ast.unparse(s)), ask.old)) for s in sides)
    except (NotRead, RecursionError):
        return False
    return difference(one, other) is None


def _says(ask: Rename, detail: str) -> Finding:
    sign = "beyond-the-rename"
    return wrong(sign, detail) if ask.pure else told(sign, detail, passed=False)


def _unresolved(new: Mapping[str, ast.Module], source: str, ask: Rename) -> Iterator[Finding]:
    """Imports of the name from a module that does not have it any more."""
    left = new.get(source)
    stays = left is not None and any(
        (alias.asname or alias.name) == ask.old
        for node in left.body
        if isinstance(node, _Importing)
        for alias in node.names
    )
    if stays:
        return
    module = source.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]
    for path, tree in sorted(new.items()):
        for node in ast.walk(tree):
            named = isinstance(node, ast.ImportFrom) and any(a.name == ask.old for a in node.names)
            last = (
                (node.module or "").rpartition(".")[2] if isinstance(node, ast.ImportFrom) else ""
            )
            attribute = isinstance(node, ast.Attribute) and node.attr == ask.old
            owner = node.value.id if attribute and isinstance(node.value, ast.Name) else ""  # type: ignore[attr-defined]
            if (named and last == module) or owner == module:
                yield wrong(
                    "old-name-left",
                    f"{path}:{getattr(node, 'lineno', 0)}: {ask.old} is not in {module} any more",
                )
