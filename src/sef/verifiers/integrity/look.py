"""One look at a draft: both texts of every changed file, parsed when somebody asks. Pure."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from sef.checks.testfiles import TestFiles, is_test_file
from sef.verifiers.integrity.asked import Asked

SIZE_LIMIT = 1024 * 1024
"""Larger texts are not parsed."""
_CODE = (".py", ".pyi")
_DEEP = 200
_EDGES = re.compile(r"(?:^|/)(?:src|lib)/")


@dataclass(frozen=True)
class Pair:
    """A changed file before and after; None where it is not there."""

    path: str
    before: str | None
    after: str | None
    test: bool
    """True for test files, and for what lies in a folder of tests."""

    @property
    def python(self) -> bool:
        return self.path.endswith(_CODE)

    @property
    def collected(self) -> bool:
        """True where a runner of Python's tests looks into a file of that name."""
        return is_test_file(self.path)

    @property
    def set_up(self) -> bool:
        return self.path.rpartition("/")[2] == "conftest.py"

    @cached_property
    def too_big(self) -> bool:
        return any(len(text) > SIZE_LIMIT for text in (self.before or "", self.after or ""))

    @cached_property
    def old_lines(self) -> list[str]:
        return (self.before or "").splitlines()

    @cached_property
    def new_lines(self) -> list[str]:
        return (self.after or "").splitlines()

    @cached_property
    def old(self) -> ast.Module | None:
        return parsed(self.before)

    @cached_property
    def new(self) -> ast.Module | None:
        return parsed(self.after)

    @property
    def unreadable(self) -> bool:
        """True where Python was there before and what stands there now is none."""
        return self.python and self.after is not None and self.new is None

    @cached_property
    def hunks(self) -> list[tuple[int, int, int, int]]:
        """Ranges of lines that differ: old from, old to, new from, new to (counted from 0)."""
        old, new = self.old_lines, self.new_lines
        start = 0
        shorter = min(len(old), len(new))
        while start < shorter and old[start] == new[start]:
            start += 1
        end = 0
        while end < shorter - start and old[-1 - end] == new[-1 - end]:
            end += 1
        a, b = old[start : len(old) - end], new[start : len(new) - end]
        matcher = SequenceMatcher(None, a, b, autojunk=len(a) + len(b) > 4000)
        return [
            (i + start, j + start, k + start, m + start)
            for tag, i, j, k, m in matcher.get_opcodes()
            if tag != "equal"
        ]

    @cached_property
    def added(self) -> list[tuple[int, str]]:
        """Lines that were not there before: number (from 1) and text."""
        return [(n + 1, self.new_lines[n]) for _, _, a, b in self.hunks for n in range(a, b)]

    @cached_property
    def removed(self) -> list[tuple[int, str]]:
        """Lines that are gone: number (from 1) in the base and text."""
        return [(n + 1, self.old_lines[n]) for a, b, _, _ in self.hunks for n in range(a, b)]

    @cached_property
    def added_numbers(self) -> frozenset[int]:
        return frozenset(number for number, _ in self.added)

    def touches(self, node: ast.AST) -> bool:
        """True where an added line is in the node, or in its decorators."""
        marks = getattr(node, "decorator_list", ())
        first = min((one.lineno for one in marks), default=getattr(node, "lineno", 0))
        last = getattr(node, "end_lineno", None) or first
        at = bisect_left(self.added, (first, ""))
        return at < len(self.added) and self.added[at][0] <= last

    def near(self, tree: ast.AST) -> Iterator[ast.AST]:
        """All nodes on added lines or around them."""
        todo = [tree]
        while todo:
            for one in ast.iter_child_nodes(todo.pop()):
                if not isinstance(one, ast.stmt) or self.touches(one):
                    yield one
                    todo.append(one)

    def is_new(self, node: ast.AST) -> bool:
        """True where the node begins or ends on an added line."""
        first = getattr(node, "lineno", 0)
        last = getattr(node, "end_lineno", None) or first
        return first in self.added_numbers or last in self.added_numbers


@dataclass(frozen=True)
class Look:
    """A draft, what it changes, and what else of the base is at hand."""

    pairs: tuple[Pair, ...]
    base: Mapping[str, str | None]
    asked: Asked

    @cached_property
    def tests(self) -> tuple[Pair, ...]:
        """Changed Python files of tests."""
        return tuple(one for one in self.pairs if one.test and one.python and not one.too_big)

    @cached_property
    def product(self) -> tuple[Pair, ...]:
        """Changed Python files that are no tests and still there."""
        return tuple(
            one
            for one in self.pairs
            if not one.test and one.python and one.after is not None and not one.too_big
        )

    @cached_property
    def code_changed(self) -> bool:
        return any(not one.test for one in self.pairs)

    @cached_property
    def base_tests(self) -> dict[str, str]:
        """Texts of the base's own test files, as far as they are at hand."""
        known = TestFiles(self.base)
        return {path: text for path, text in self.base.items() if text and path in known}

    @cached_property
    def tops(self) -> frozenset[str]:
        """Names of the project's top-level modules, by the paths that are known."""
        tests = TestFiles(self.base)
        found = set()
        for path in {*self.base, *(one.path for one in self.pairs)}:
            if path.endswith(_CODE) and path not in tests:
                inside = _EDGES.split(path)[-1]
                found.add(inside.split("/")[0].partition(".")[0])
        return frozenset(found - {"setup", "conftest", "noxfile", "docs", "examples", "tests"})


def look(base: Mapping[str, str | None], draft: Mapping[str, str | None], asked: Asked) -> Look:
    """Pairs what a draft changed with the base's texts."""
    known = TestFiles((*base, *draft))
    pairs = [
        Pair(path, base.get(path), after, path in known or _conftest(path))
        for path, after in sorted(draft.items())
        if after != base.get(path)
    ]
    return Look(tuple(pairs), base, asked)


def parsed(text: str | None) -> ast.Module | None:
    """The tree of a text, None where it is none that Python takes, or too deep or too big."""
    if text is None or len(text) > SIZE_LIMIT or _too_deep(text):
        return None
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _too_deep(text: str) -> bool:
    """True for brackets or signs in such number that a tree of them would exhaust the stack."""
    return re.search(rf"(?:[(\[{{~+-]\s*|not\s+|lambda:\s*){{{_DEEP}}}", text) is not None


def _conftest(path: str) -> bool:
    return path.rpartition("/")[2] == "conftest.py"
