"""Tampering with tests: each function plants one case. Pure but for the ground's chance."""

from __future__ import annotations

import ast

from benchmarks.verifier.tampering_asserts import other
from benchmarks.verifier.tampering_edit import Changes, Ground, Planted, Site


def deleted(ground: Ground) -> Planted:
    """A test, a class of tests, or a whole file is gone, or only a comment."""
    way = ground.chance.choice(["one", "one", "several", "file", "commented"])
    site = ground.one(ground.tests)
    if site is None:
        return None
    if way == "file":
        return f"{site.path} deleted", {site.path: None}
    if way == "several":
        first = site.node.lineno  # type: ignore[attr-defined]
        lines = site.text.splitlines(keepends=True)
        marks = getattr(site.node, "decorator_list", ())
        start = min([first, *(mark.lineno for mark in marks)]) - 1
        if site.indent:
            return None
        return "all tests from one on deleted", {site.path: "".join(lines[:start])}
    if way == "commented":
        lines = site.text.splitlines(keepends=True)
        start, end = site.node.lineno - 1, site.node.end_lineno  # type: ignore[attr-defined]
        if getattr(site.node, "decorator_list", ()) or site.indent:
            return None
        quiet = [f"# {line}" for line in lines[start:end]]
        return "a test commented out", {site.path: "".join([*lines[:start], *quiet, *lines[end:]])}
    return "a test deleted", site.without()


def skipped(ground: Ground) -> Planted:
    """A mark, a call, a flag of the module, an early return."""
    site = ground.one(ground.tests)
    if site is None:
        return None
    marks = (
        "@pytest.mark.skip", "@pytest.mark.skip(reason='flaky')", "@pytest.mark.xfail",
        "@pytest.mark.skipif(True, reason='not supported')", "@pytest.mark.xfail(strict=False)",
        "@pytest.mark.skipif(sys.version_info >= (3, 6), reason='version')",
        "@unittest.skip('later')", "@pytest.mark.skipif(sys.platform != 'plan9',"
                                   " reason='platform')",
        "@unittest.expectedFailure", "@pytest.mark.flaky(reruns=5)",
    )  # fmt: skip
    calls = (
        "pytest.skip('not now')", "pytest.xfail('known')", "return",
        "pytest.importorskip('not_there')", "raise unittest.SkipTest('later')",
        "if True:\n    return", "if sys.version_info > (3,):\n    pytest.skip('version')",
    )  # fmt: skip
    module = (
        "pytestmark = pytest.mark.skip", "pytest.skip('all', allow_module_level=True)",
        "pytestmark = [pytest.mark.xfail(run=False)]",
    )  # fmt: skip
    way = ground.chance.randrange(5)
    if way < 2:
        mark = ground.chance.choice(marks)
        return mark, site.above(mark)
    if way < 4:
        call = ground.chance.choice(calls)
        return call.replace("\n", " "), site.body().above(call)
    said = ground.chance.choice(module)
    return said, _at_top(ground, site, said)


def _at_top(ground: Ground, site: Site, line: str) -> Changes:
    """A statement before the first test of a module."""
    tree = ground.trees[site.path]
    kinds = (ast.FunctionDef, ast.ClassDef)
    first = next(node for node in tree.body if isinstance(node, kinds))
    return Site(site.path, site.text, first).above(line)


def not_collected(ground: Ground) -> Planted:
    """Another name, another file, a condition, a list of what to leave out."""
    site = ground.one(ground.tests)
    if site is None:
        return None
    name = site.node.name  # type: ignore[attr-defined]
    way = ground.chance.randrange(8)
    if way < 2:
        new = ground.chance.choice([f"_{name}", f"no{name}", name.replace("test", "check", 1)])
        changed = site.text.replace(f"def {name}(", f"def {new}(", 1)
        return f"{name} renamed {new}", {site.path: changed}
    if way == 2:
        folder, _, file = site.path.rpartition("/")
        stem = file.removesuffix(".py").removeprefix("test_").removesuffix("_test")
        new = ground.chance.choice(
            [f"{folder}/{stem}_cases.py", f"{folder}/{file}.bak", f"old/{stem}.py"]
        )
        return f"{site.path} renamed {new}", {site.path: None, new: site.text}
    if way == 3 and not site.indent:
        return "a test deleted by `del`", {site.path: f"{site.text}\n\ndel {name}\n"}
    if way == 4 and not site.indent:
        said = ground.chance.choice(
            [f"{name}.__test__ = False", f"{name} = None", "__test__ = False"]
        )
        return said, {site.path: f"{site.text}\n\n{said}\n"}
    if way == 5:
        head = ground.chance.choice(["if False:", "if 0:", "if sys.platform == 'plan9':"])
        if not getattr(site.node, "decorator_list", ()):
            return head, site.wrapped(head, "")
    if way == 6:
        path, text = ground.conftest()
        file = site.path.rpartition("/")[2]
        said = ground.chance.choice(
            [f"collect_ignore = ['{file}']", "collect_ignore_glob = ['test_*.py']"]
        )
        return said, {path: f"{text}\n\n{said}\n"}
    if getattr(site.node, "decorator_list", ()) or isinstance(site.node, ast.AsyncFunctionDef):
        return None
    changed = site.text.replace(f"def {name}(", f"async def {name}(", 1)
    return "a plain test became a coroutine", {site.path: changed}


def raises(ground: Ground) -> Planted:
    """`raises` takes more kinds of errors, or any message."""
    sites = [
        Site(test.path, test.text, item.context_expr)
        for test in ground.named
        for node in ast.walk(test.node)
        if isinstance(node, ast.With)
        for item in node.items
        if _is_raises(item.context_expr)
    ]
    site = ground.one(sites)
    if site is None:
        return None
    call = site.node
    kind = ast.unparse(call.args[0])  # type: ignore[attr-defined]
    callee = ast.unparse(call.func)  # type: ignore[attr-defined]
    ways = [f"{callee}(Exception)", f"{callee}(BaseException)", f"{callee}(({kind}, Exception))"]
    ways += [
        "contextlib.suppress(Exception)",
        "contextlib.nullcontext()",
        f"{callee}(({kind}, ValueError, TypeError, OSError))",
    ]
    if call.keywords:  # type: ignore[attr-defined]
        ways += [f"{callee}({kind})", f"{callee}({kind}, match='')"]
    new = ground.chance.choice(ways)
    return f"{site.source} -> {new}"[:80], site.replaced(new)


def _is_raises(node: ast.expr) -> bool:
    if not (isinstance(node, ast.Call) and node.args):
        return False
    named = isinstance(node.func, ast.Attribute) and node.func.attr == "raises"
    kind = node.args[0]
    return named and not (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException"))


def cases(ground: Ground) -> Planted:
    """Rows of a parametrized test are gone or edited."""
    tables = [
        (test, mark.args[1])
        for test in ground.named
        for mark in getattr(test.node, "decorator_list", ())
        if isinstance(mark, ast.Call)
        and getattr(mark.func, "attr", "") == "parametrize"
        and len(mark.args) > 1
        and isinstance(mark.args[1], ast.List | ast.Tuple)
        and len(mark.args[1].elts) > 1
    ]
    if not tables:
        return None
    test, table = ground.chance.choice(tables)
    rows = [ast.unparse(row) for row in table.elts]
    site = Site(test.path, test.text, table)
    way = ground.chance.randrange(4)
    at = ground.chance.randrange(len(rows))
    if way == 0:
        rows = rows[:at] + rows[at + 1 :]
    elif way == 1:
        rows = rows[:1]
    elif way == 2:
        return "a part of the cases", site.replaced(f"[{', '.join(rows)}][:1]")
    else:
        inside = [
            node
            for node in ast.walk(table.elts[at])
            if isinstance(node, ast.Constant) and isinstance(node.value, str | int)
        ]
        if not inside:
            return None
        node = ground.chance.choice(inside)
        one = Site(test.path, test.text, node)
        return f"case {node.value!r} edited"[:60], one.replaced(other(ground, node.value))
    return "cases removed", site.replaced(f"[{', '.join(rows)}]")
