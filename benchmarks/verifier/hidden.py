"""The hidden tests of a commit: those that are new in it or changed by it. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

from benchmarks.verifier.cases import Texts
from sef.checks.testfiles import is_test_file

_MOST = 80
"""Beyond these, whole files are run: a command line has an end."""


def hidden_tests(before: Texts, after: Texts) -> tuple[str, ...]:
    """What to name to pytest: `path::Class::test` where only tests changed, else `path`.

    A file whose other code changed (a fixture, a table) is taken whole; one that is gone or
    cannot be parsed gives nothing.
    """
    found: list[str] = []
    for path, text in sorted(after.items()):
        if text is not None and is_test_file(path):
            found += _of_file(path, before.get(path), text)
    return tuple(found)


def _of_file(path: str, before: str | None, after: str) -> list[str]:
    try:
        new = ast.parse(after)
        old = ast.parse(before or "")
    except (SyntaxError, ValueError):
        return []
    if before is None or _others(old) != _others(new):
        return [path]
    known = dict(_tests(old))
    changed = [name for name, said in _tests(new) if known.get(name) != said]
    return [path] if len(changed) > _MOST else [f"{path}::{name}" for name in changed]


def _tests(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Every test's name as pytest says it, and what it is, without its place."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            inner = (one for one in node.body if _is_test(one))
            yield from ((f"{node.name}::{one.name}", ast.dump(one)) for one in inner)
        elif _is_test(node):
            yield node.name, ast.dump(node)


def _is_test(node: ast.stmt) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef]:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return node.name.startswith("test")


def _others(tree: ast.Module) -> list[str]:
    """What a file holds beside tests and imports."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            found += [ast.dump(one) for one in node.body if not _is_test(one)]
        elif not _is_test(node) and not isinstance(node, ast.Import | ast.ImportFrom):
            found.append(ast.dump(node))
    return found
