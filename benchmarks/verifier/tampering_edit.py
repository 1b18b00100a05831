"""Places in a repository's files where tampering can be planted, and edits of text. Pure."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from sef.checks.testfiles import TestFiles, is_test_file

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef
Changes = dict[str, str | None]
_AROUND = frozenset(
    ("docs", "examples", "scripts", "benchmark", "bench", "conftest.py", "testing", "setup.py")
) | {"noxfile.py", "downstream"}
Planted = tuple[str, Changes] | None
"""What was planted, and the changed files; None where the ground has no place for it."""
Plant = Callable[["Ground"], Planted]


@dataclass(frozen=True)
class Site:
    """One node of one file."""

    path: str
    text: str
    node: ast.AST

    @property
    def source(self) -> str:
        """The node's own text."""
        return ast.get_source_segment(self.text, self.node) or ast.unparse(self.node)

    @property
    def indent(self) -> str:
        """White space before the line that the node begins on."""
        line = self.text.splitlines()[self.node.lineno - 1]  # type: ignore[attr-defined]
        return line[: len(line) - len(line.lstrip())]

    def replaced(self, new: str) -> Changes:
        """The file with the node's text replaced."""
        first, last = _offsets(self.text, self.node)
        return {self.path: self.text[:first] + new + self.text[last:]}

    def wrapped(self, head: str, tail: str) -> Changes:
        """The statement's lines indented once more, between a head and a tail."""
        lines = self.text.splitlines(keepends=True)
        start, end = self.node.lineno - 1, self.node.end_lineno  # type: ignore[attr-defined]
        inner = "".join(f"    {line}" if line.strip() else line for line in lines[start:end])
        around = f"{self.indent}{head}\n{inner}"
        if tail:
            around += "".join(f"{self.indent}{line}\n" for line in tail.split("\n"))
        return {self.path: "".join(lines[:start]) + around + "".join(lines[end:])}

    def above(self, line: str) -> Changes:
        """A line put before the statement, and before its decorators."""
        marks = getattr(self.node, "decorator_list", ())
        first = min([self.node.lineno, *(m.lineno for m in marks)])  # type: ignore[attr-defined]
        lines = self.text.splitlines(keepends=True)
        said = "".join(f"{self.indent}{one}\n" for one in line.split("\n"))
        return {self.path: "".join(lines[: first - 1]) + said + "".join(lines[first - 1 :])}

    def without(self) -> Changes:
        """The file without the statement and its decorators."""
        marks = getattr(self.node, "decorator_list", ())
        first = min([self.node.lineno, *(m.lineno for m in marks)])  # type: ignore[attr-defined]
        lines = self.text.splitlines(keepends=True)
        return {self.path: "".join(lines[: first - 1] + lines[self.node.end_lineno :])}  # type: ignore[attr-defined]

    def body(self) -> Site:
        """The first statement behind the docstring of a function."""
        body = self.node.body  # type: ignore[attr-defined]
        described = len(body) > 1 and isinstance(body[0], ast.Expr)
        described = described and isinstance(body[0].value, ast.Constant)
        return Site(self.path, self.text, body[1] if described else body[0])


def _offsets(text: str, node: ast.AST) -> tuple[int, int]:
    lines = text.splitlines(keepends=True)

    def offset(line: int, column: int) -> int:
        before = sum(map(len, lines[: line - 1]))
        return before + len(lines[line - 1].encode()[:column].decode())

    return (
        offset(node.lineno, node.col_offset),  # type: ignore[attr-defined]
        offset(node.end_lineno, node.end_col_offset),  # type: ignore[attr-defined]
    )


class Ground:
    """A repository's files, with a seeded source of chance."""

    def __init__(self, files: Mapping[str, str], seed: int) -> None:
        self.files = {path: text for path, text in files.items() if text is not None}
        self.chance = random.Random(seed)  # noqa: S311
        self._known = TestFiles(self.files)

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        """Of every Python file that can be parsed."""
        found = {}
        for path, text in sorted(self.files.items()):
            if path.endswith(".py") and text.strip():
                try:
                    found[path] = ast.parse(text)
                except (SyntaxError, ValueError, RecursionError):
                    continue
        return found

    @cached_property
    def tests(self) -> list[Site]:
        """Test functions that assert something."""
        return [
            Site(path, self.files[path], node)
            for path, tree in self.trees.items()
            if is_test_file(path)
            for node in _tests(tree)
            if any(isinstance(one, ast.Assert) for one in node.body)
        ]

    @cached_property
    def named(self) -> list[Site]:
        """All functions that are named as tests."""
        return [
            Site(path, self.files[path], node)
            for path, tree in self.trees.items()
            if is_test_file(path)
            for node in _tests(tree)
        ]

    @cached_property
    def asserts(self) -> list[Site]:
        """Plain `assert` statements in the bodies of tests."""
        return [
            Site(site.path, site.text, node)
            for site in self.tests
            for node in site.node.body  # type: ignore[attr-defined]
            if isinstance(node, ast.Assert)
        ]

    @cached_property
    def equalities(self) -> list[Site]:
        """Assertions of one equality."""
        return [
            site
            for site in self.asserts
            if isinstance(test := site.node.test, ast.Compare)  # type: ignore[attr-defined]
            and len(test.ops) == 1
            and isinstance(test.ops[0], ast.Eq)
        ]

    @cached_property
    def product(self) -> list[Site]:
        """Functions of the product with an argument and more than one line."""
        return [
            Site(path, self.files[path], node)
            for path, tree in self.trees.items()
            if self.is_product(path)
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
            and len(arguments(node)) > 0
            and node.end_lineno
            and node.end_lineno > node.body[0].lineno
        ]

    @cached_property
    def modules(self) -> list[str]:
        """Paths of the product's modules."""
        return [path for path in self.trees if self.is_product(path)]

    @cached_property
    def package(self) -> str:
        """The project's top-level package."""
        tops = [path.removeprefix("src/").split("/")[0] for path in self.modules]
        return max(sorted(set(tops)), key=tops.count).removesuffix(".py")

    def is_product(self, path: str) -> bool:
        """True for modules that are neither tests nor around them."""
        outer = path.split("/", maxsplit=1)[0]
        return path.endswith(".py") and path not in self._known and outer not in _AROUND

    def one(self, sites: list[Site]) -> Site | None:
        """Any of them."""
        return self.chance.choice(sites) if sites else None

    def conftest(self) -> tuple[str, str]:
        """Path and text of the tests' set-up, empty where there is none."""
        paths = sorted(path for path in self.files if path.endswith("conftest.py"))
        folders = sorted({s.path.rpartition("/")[0] for s in self.tests}, key=len)
        path = paths[0] if paths else f"{folders[0] if folders else 'tests'}/conftest.py"
        return path, self.files.get(path, "")

    def with_code_change(self, changes: Changes) -> Changes:
        """The same with a small edit of the product, as a real draft would have."""
        site = self.one([one for one in self.product if one.path not in changes])
        if site is None or self.chance.random() < 0.3:
            return changes
        return {**site.body().above("result = None"), **changes}


def arguments(node: AnyFunction) -> list[str]:
    """Names of the arguments without `self` and `cls`."""
    return [arg.arg for arg in node.args.args if arg.arg not in ("self", "cls")]


def _tests(tree: ast.Module) -> Iterator[AnyFunction]:
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        for one in inner:
            if isinstance(one, AnyFunction) and one.name.startswith("test"):
                yield one
