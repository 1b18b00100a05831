"""A task to document: what changed is documentation, and it is some."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import git as run_git
from sef.git import Git
from sef.model import (
    Answer,
    Change,
    Checkout,
    Draft,
    Kind,
    Patch,
    Route,
    Task,
    Tier,
    Usage,
    Verdict,
)
from sef.protocols import Case
from sef.verifiers.exact import SIGNS, Documents
from sef.verifiers.exact.doc_changes import change

_BASE = 'def f(a):\n    """Old."""\n    return a + 1  # noqa: E501\n'


def signs(path: str, before: str, after: str) -> tuple[set[str], bool]:
    """The signs, and whether the change is stopped."""
    made = change(path, before.encode(), after.encode(), named=False)
    assert all(one.sign in SIGNS for one in made.findings)
    return {one.sign for one in made.findings}, any(one.stops for one in made.findings)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_BASE, _BASE.replace("Old", "New")),
        (_BASE, _BASE.replace('    """Old."""\n', "")),
        ('def f():\n    """Old."""\n', "def f():\n    pass\n"),
        ("def f(): ...\n", 'def f():\n    """New."""\n'),
        ("class A:\n    x = 1\n", 'class A:\n    x = 1\n    """Length."""\n'),
        ("x = 1\n", "# why\nx = 1\n"),
        ("if a:\n    pass\n", 'if a:\n    "nothing to do"\n'),
    ],
)
def test_documentation_is_not_code(before: str, after: str) -> None:
    """Docstrings, comments, string statements, and the `pass` that a removed one needs."""
    assert signs("a.py", before, after) == (set(), False)


@pytest.mark.parametrize(
    "after",
    [
        _BASE.replace("+ 1", "+ 2"),
        _BASE.replace('"""Old."""', 'f"""New {a}."""'),
        _BASE.replace('"""Old."""', '"""New.""".strip()'),
        _BASE.replace("return", "x ="),
        _BASE.replace("(a)", "(a, *, b=1)"),
        _BASE.replace("+ 1", "+ True"),
        _BASE.replace("    return", "    # return"),
        "def f(a:\n",
        "x = " + "(" * 5000 + "1" + ")" * 5000,
    ],
)
def test_code_that_hides_behind_documentation_is_found(after: str) -> None:
    """Also an f-string in a docstring's place, a comment sign, and what cannot be parsed."""
    found, stopped = signs("a.py", _BASE, after)
    assert "code-changed" in found
    assert stopped


def test_what_only_tools_or_code_read_is_told() -> None:
    """It stops nothing."""
    assert signs("a.py", _BASE, _BASE.replace("  # noqa: E501", "")) == ({"tool-comment"}, False)
    assert signs("a.py", "#!/bin/a\n" + _BASE, _BASE)[0] == {"tool-comment"}
    doctest = _BASE.replace("Old.", "New.\n\n    >>> f(1)\n    2\n    ")
    assert signs("a.py", _BASE, doctest) == ({"doctest-changed"}, False)
    reads = "import x\n" + _BASE + "print(f.__doc__)\n"
    assert signs("a.py", reads, reads.replace("Old", "New"))[0] == {"doc-read-by-code"}
    assert signs("a.py", _BASE, _BASE.replace("\n", "\r\n"))[0] == {"line-ends"}


@pytest.mark.parametrize(
    ("path", "before", "after", "stopped"),
    [
        ("a.go", "x := 1 // one\n", "x := 1 // two\n", False),
        ("a.go", "x := 1 // one\n", "x := 2 // one\n", True),
        ("a.go", "//go:build linux\nx := 1\n", "//go:build darwin\nx := 1\n", True),
        ("a.c", 's = "// no";\n', 's = "// yes";\n', True),
        ("a.c", "a + +b;\n", "a ++b;\n", True),
        ("a.c", "a(b);\n", "/** Calls. */\na(b);\n", False),
        ("a.c", "// a \\\nx();\n", "// b\nx();\n", True),
        ("a.js", "const u = `//a`;\n", "const u = `//b`;\n", True),
        ("a.js", "return <a>http://a</a>\n", "return <a>http://b</a>\n", True),
        ("a.rs", "fn f<'a>() {} // x\n", "fn f<'a>() {} // y\n", False),
        ("a.toml", "# a\nb = 1\n", "# c\nb = 1\n", False),
        ("a.toml", "# a\nb = 1\n", "# a\nb = 2\n", True),
        ("a.sh", "cat <<E\n# a\nE\n", "cat <<E\n# b\nE\n", True),
        ("requirements.txt", "a==1\n", "a==2\n", True),
        ("README.md", "a\n", "b\n", False),
        ("a.html", "<p>a</p><script>x</script>", "<p>b</p><script>x</script>", False),
        ("a.html", "<p>a</p><script>x</script>", "<p>a</p><script>y</script>", True),
        ("a.xyz", "a\n", "b\n", True),
        ("docs/a.xyz", "a\n", "b\n", False),
        ("a.ipynb", '{"cells": []}', '{"cells": [{"cell_type": "code", "source": ["x"]}]}', True),
    ],
)
def test_other_languages_are_compared_without_comments(
    path: str, before: str, after: str, stopped: bool
) -> None:
    """What cannot be told for certain is undecided, which stops."""
    assert signs(path, before, after)[1] is stopped


@pytest.mark.parametrize("text", ["/*" * 200_000, 'r#"' * 200_000, "/[" * 300_000, "`" * 300_001])
def test_hostile_texts_take_no_time(text: str) -> None:
    """They are undecided or read."""
    for path in ("a.js", "a.rs", "a.cpp", "a.html"):
        change(path, b"x", text.encode(), named=False)


Make = Callable[[dict[str, str]], Path]


def judge(root: Path, writes: dict[str, str], text: str = "Document it") -> Verdict:
    """The verdict on a commit that holds these files too."""
    base = run_git(root, "rev-parse", "HEAD").strip()
    for path, content in writes.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    run_git(root, "add", "-A")
    run_git(root, "commit", "-q", "--allow-empty", "-m", "draft")
    commit = run_git(root, "rev-parse", "HEAD").strip()
    changes = tuple(Change(path=path, status="M", mode="100644") for path in sorted(writes))
    case = Case(
        task=Task(id="t", text=text),
        route=Route(tier=Tier.LIGHT, kind=Kind.DOCUMENT, policy="fast", score=1, reason=""),
        draft=Draft(
            answer=Answer(text=""),
            patch=Patch(base=base, commit=commit, changes=changes),
            usage=Usage(cost_usd=None),
        ),
        checkout=Checkout(path=root, commit=commit, users=False, files=(), base_files=()),
        base=base,
    )
    return asyncio.run(Documents(Git(git_dir=root / ".git", work_tree=root)).verify(case))


def test_a_draft_must_document(repository: Make) -> None:
    """Nothing, or white space alone, is not done, unless white space was asked for."""
    root = repository({"a.py": _BASE, "README.md": "One  two\n"})
    assert "no documentation was written" in judge(root, {}).reason
    spaced = {"README.md": "One\ntwo\n"}
    verdict = judge(root, spaced)
    assert (verdict.accepted, verdict.undecided) == (False, False)
    assert "white space" in verdict.reason
    assert judge(root, {"README.md": "One  two\n"}, "Wrap the lines of README.md").accepted
    assert judge(root, {"a.py": _BASE.replace("Old", "New")}).accepted


def test_a_hidden_change_is_rejected_with_its_place(repository: Make) -> None:
    """A large file is undecided; a link is no documentation."""
    root = repository({"a.py": _BASE, "README.md": "One\n", "big.py": "x = 1\n"})
    verdict = judge(root, {"a.py": _BASE.replace("Old", "New").replace("1", "2"), "README.md": "2"})
    assert not verdict.accepted
    assert "a.py:3: code changed" in verdict.reason
    big = judge(root, {"big.py": f"# {'x' * 1_100_000}\nx = 1\n"})
    assert big.undecided


def test_a_test_that_reads_a_docstring_is_told(repository: Make) -> None:
    asserting = "import a\ndef test_f():\n    assert a.f.__doc__ == 'Old.'\n"
    root = repository({"a.py": _BASE, "test_a.py": asserting})
    verdict = judge(root, {"a.py": _BASE.replace("Old", "New")})
    assert verdict.accepted
    assert "doc-asserted" in {one.sign for one in verdict.evidence}
    assert any("test_a.py:3" in one.detail for one in verdict.evidence)
