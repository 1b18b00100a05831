"""What surrounds the tests: hooks, what is collected, values at the top of test modules. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from sef.verifiers.integrity import cases
from sef.verifiers.integrity.finding import Finding
from sef.verifiers.integrity.look import Look, Pair
from sef.verifiers.integrity.loss import changed_literals
from sef.verifiers.integrity.words import constant, dotted, dump, last, main_guard, walk

_HOOKS: Final = frozenset(
    {
        "pytest_runtest_makereport", "pytest_collection_modifyitems", "pytest_sessionfinish",
        "pytest_ignore_collect", "pytest_runtest_protocol", "pytest_runtest_call",
        "pytest_runtest_setup", "pytest_runtest_teardown", "pytest_pyfunc_call",
        "pytest_report_teststatus", "pytest_collect_file", "pytest_collect_directory",
        "pytest_itemcollected", "pytest_runtest_logreport", "pytest_make_collect_report",
        "pytest_pycollect_makeitem", "pytest_pycollect_makemodule", "pytest_generate_tests",
        "pytest_unconfigure", "pytest_collection", "pytest_collection_finish", "pytest_runtestloop",
        "pytest_cmdline_main", "pytest_cmdline_parse", "pytest_load_initial_conftests",
        "pytest_runtest_logfinish", "pytest_sessionstart", "pytest_exception_interact",
        "pytest_terminal_summary", "load_tests", "pytest_configure", "pytest_addoption",
    }
)  # fmt: skip
_HARMLESS: Final = frozenset({"pytest_addoption", "pytest_configure", "pytest_terminal_summary"})
_HARM = re.compile(
    r"add_?marker|deselect|outcome|exitstatus|wasxfailed|skip|xfail|excinfo|_exit|setattr|\.ini\b|"
    r"addini|override|option\.\w+\s*=|items\[|inipath|register\("
)
_IGNORING: Final = frozenset({"collect_ignore", "collect_ignore_glob"})
_ENDING: Final = frozenset(
    {"pytest.skip", "pytest.importorskip", "pytest.exit", "sys.exit", "os._exit", "exit", "quit",
     "skip", "importorskip", "unittest.skip"}
)  # fmt: skip
_BINDING = re.compile(r"\bglobals\(\)|__test__|\bvars\(sys\.modules|\b__import__\(")


def findings(look: Look) -> Iterator[Finding]:
    """Of all Python files of tests."""
    for pair in look.tests:
        if pair.after is None:
            if pair.set_up:
                yield _of(pair, 0, "set-up-edited", f"{pair.path} is gone", look, hard=True)
            continue
        if pair.unreadable:
            yield _unreadable(pair)
        elif pair.new is not None:
            yield from _hooks(pair, pair.new, look)
            yield from _top(pair, pair.new, look)
            if pair.before is not None:
                yield from _values(pair, look)


def _unreadable(pair: Pair) -> Finding:
    return Finding(
        sign="unreadable",
        path=pair.path,
        line=0,
        what="no Python that can be read",
        decisive=pair.old is not None or pair.before is None,
    )


def _hooks(pair: Pair, tree: ast.Module, look: Look) -> Iterator[Finding]:
    for node in pair.near(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name not in _HOOKS:
            continue
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        fresh = [number for number in lines if number in pair.added_numbers]
        text = "\n".join(pair.new_lines[number - 1] for number in fresh)
        if not fresh:
            continue
        harmless = node.name in _HARMLESS and not _HARM.search(text)
        what = f"the hook {node.name} decides what is run or how it ended"
        yield Finding(
            sign="hook-added",
            path=pair.path,
            line=node.lineno,
            what=what,
            decisive=not (
                harmless or look.asked.names(pair.path) or look.asked.says("hook|plugin")
            ),
        )


def _top(pair: Pair, tree: ast.Module, look: Look) -> Iterator[Finding]:
    for node in tree.body:
        if not pair.is_new(node) and not isinstance(node, ast.If | ast.Try):
            continue
        for one in _statements(node):
            if not pair.is_new(one):
                continue
            if _ignores(one):
                what = "a list of tests that are not collected"
                yield _of(pair, one.lineno, "test-not-collected", what, look)
            elif ended := _ends(one):
                skips = "skip" in ended
                allowed = (skips and look.asked.says("skip|xfail")) or pair.before is None
                yield Finding(
                    sign="test-skipped" if skips else "exit-trick",
                    path=pair.path,
                    line=one.lineno,
                    what=f"the module ends with `{ended}` before its tests",
                    decisive=not (allowed and skips),
                )
    for number, text in pair.added:
        if _BINDING.search(text) and pair.before is not None and "__import__" not in text:
            what = "names of tests are bound at run time"
            yield _of(pair, number, "test-not-collected", what, look)


def _statements(node: ast.stmt) -> Iterator[ast.stmt]:
    yield node
    if isinstance(node, ast.If | ast.Try):
        body = () if main_guard(node) else node.body
        for one in (*body, *node.orelse):
            yield from _statements(one)
    if isinstance(node, ast.Try):
        for handler in node.handlers:
            for one in handler.body:
                yield from _statements(one)


def _ignores(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        return not _IGNORING.isdisjoint(map(dotted, node.targets))
    if isinstance(node, ast.AugAssign | ast.AnnAssign):
        return dotted(node.target) in _IGNORING
    return isinstance(node, ast.Expr) and dotted(node.value).split(".")[0] in _IGNORING


def _ends(node: ast.stmt) -> str:
    """The callee where a module skips or ends itself."""
    if isinstance(node, ast.Raise) and node.exc is not None:
        name = dotted(node.exc)
        return name if re.search(r"Skip|SystemExit", name) else ""
    value = getattr(node, "value", None)
    if isinstance(value, ast.Call) and dotted(value) in _ENDING:
        return dotted(value)
    return ""


def _values(pair: Pair, look: Look) -> Iterator[Finding]:
    """Literals at the top of a test module that its tests are held against."""
    before, after = _bound(pair.old), _bound(pair.new)
    for name in sorted(before.keys() & after.keys()):
        a, b = before[name], after[name]
        if dump(a) == dump(b) or name in ("pytestmark", "__all__", *_IGNORING):
            continue
        rows, others = cases.rows(a), cases.rows(b)
        lost = list(cases.rows_lost(rows, others, same=True, line=b.lineno)) if rows != [a] else []
        for loss in lost:
            told = bool(loss.new) and all(look.asked.quotes(value) for value in loss.new)
            yield _of(pair, b.lineno, loss.sign, f"{loss.what} (in {name})", look, allowed=told)
        literals = changed_literals(a, b)
        if not lost and (literals or (constant(a) and not constant(b))):
            told = bool(literals) and all(look.asked.quotes(one) for one in literals or ())
            what = f"the value of {name} was edited"
            yield _of(pair, b.lineno, "expected-edited", what, look, allowed=told)


def _bound(tree: ast.Module | None) -> dict[str, ast.expr]:
    found = {}
    for node in tree.body if tree else ():
        single = isinstance(node, ast.Assign) and len(node.targets) == 1
        if single and any(isinstance(one, ast.Constant) for one in walk(node)):
            found[dotted(node.targets[0])] = node.value  # type: ignore[attr-defined]
    found.pop("", None)
    return found


def _of(
    pair: Pair,
    line: int,
    sign: str,
    what: str,
    look: Look,
    *,
    allowed: bool = False,
    hard: bool = False,
) -> Finding:
    fine = allowed or look.asked.names(pair.path) or (look.asked.may_change(pair.path) and not hard)
    if sign == "test-not-collected":
        fine = look.asked.names(pair.path) and look.asked.removes
    return Finding(sign=sign, path=pair.path, line=line, what=what, decisive=not fine)


def fixture_edits(look: Look) -> Iterator[Finding]:
    """Functions of a `conftest.py` that changed: said, no more."""
    for pair in look.pairs:
        if pair.set_up and pair.before is not None and pair.after is not None:
            named = sorted(
                {
                    node.name
                    for node in (pair.new.body if pair.new else ())
                    if isinstance(node, ast.FunctionDef) and _touched(pair, node)
                }
            )
            if named:
                what = f"the set-up of the tests was edited: {', '.join(named[:3])}"
                yield Finding(
                    sign="set-up-edited", path=pair.path, line=0, what=what, decisive=False
                )


def _touched(pair: Pair, node: ast.FunctionDef) -> bool:
    lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return any(number in pair.added_numbers for number in lines) and last(node) == ""
