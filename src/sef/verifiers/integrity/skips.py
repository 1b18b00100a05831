"""What keeps a test from running, or from counting. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sef.text import one_line
from sef.verifiers.integrity.inventory import Function
from sef.verifiers.integrity.words import constant, dotted, dump, last, walk

_MARKS: Final = frozenset(
    {"skip", "skipif", "skipIf", "skipUnless", "xfail", "expectedFailure", "flaky", "SkipTest"}
)
_NAMED = re.compile(r"(?i)skip|xfail|disabled?$|ignored?$|quarantine|expected_?fail|flaky|broken")
_CALLS: Final = frozenset(
    {"pytest.skip", "pytest.xfail", "pytest.importorskip", "pytest.exit", "self.skipTest", "skip",
     "xfail", "importorskip", "unittest.skip", "SkipTest", "unittest.SkipTest", "sys.exit",
     "os._exit",
     "skipTest", "pytest.skip.Exception", "nose.SkipTest", "exit", "quit", "SystemExit"}
)  # fmt: skip
_PLATFORM = re.compile(
    r"platform|version|os\.name|implementation|PY\d|PYPY|WIN|IS_|is_|HAS_|has_|find_spec|DARWIN|LINUX"
)


@dataclass(frozen=True, kw_only=True)
class Skip:
    """One reason why a test does not run, or why its failure does not count."""

    key: str
    line: int
    what: str
    by_platform: bool = False
    """True where it depends on the machine or the interpreter."""


def skips(function: Function) -> list[Skip]:
    """All of a function: its marks, those of its cases, calls in its body."""
    return [*_marked(function), *_in_body(function)]


def _marked(function: Function) -> Iterator[Skip]:
    for mark in function.marks:
        name = last(mark)
        if name in _MARKS or _NAMED.search(name):
            yield _skip(mark, f"{function.name} is marked `{_text(mark)}`")
        for node in walk(mark):
            inner = isinstance(node, ast.Call) and last(node) == "param"
            for word in node.keywords if inner else ():  # type: ignore[attr-defined]
                if word.arg == "marks" and re.search(r"skip|xfail", dump(word.value)):
                    yield _skip(word.value, f"a case of {function.name} is marked `{_text(word)}`")


def _in_body(function: Function) -> Iterator[Skip]:
    for node in walk(function.node):
        call = node.exc if isinstance(node, ast.Raise) else node
        calls = isinstance(call, ast.Call) or isinstance(node, ast.Raise)
        if call is not None and calls and dotted(call) in _CALLS:
            yield _skip(call, f"{function.name} calls `{_text(call)}`")


def _skip(node: ast.AST, what: str) -> Skip:
    said = dump(node)
    args = [arg for one in walk(node) if isinstance(one, ast.Call) for arg in one.args[:1]]
    depends = any(not constant(arg) for arg in args) and _PLATFORM.search(_text(node)) is not None
    return Skip(key=said, line=getattr(node, "lineno", 0), what=what, by_platform=depends)


def _text(node: ast.AST) -> str:
    return one_line(ast.unparse(node), 80)
