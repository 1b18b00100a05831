"""Searches without a model."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sef.errors import DraftFailure
from sef.executors.search import SearchExecutor
from sef.model import Answer, Checkout, Effort, Kind, Request, Route, Task, Tier
from sef.protocols import Assignment

Make = Callable[..., Path]

_CORE = """\
import typing as t

VERSION = "1"
limit: int = 3
first, (second, *rest) = 1, (2, 3)

@t.final
class Context:
    name: str = "x"

    @property
    def invoke(self): ...

    class Inner:
        async def run(self): ...

if True:
    def guarded(): ...

def outer():
    local = 1
    def inner(): ...
    try: ...
    except Exception:
        def handler(): ...
"""
_TREE = {
    "src/core.py": _CORE,
    "src/pkg/__init__.py": "café = 1\ndef größe(): ...\n",
    "tests/test_core.py": "class Context: ...\n# --help is text too\n",
    "broken.py": "class Context(:\n",
    "web/app.ts": "export default class Context<T> {\n  render(x: T) {\n  }\n}\n",
    "lib/a.go": "package a\n\nfunc (c *C) Render(x int) error {\n\treturn Render(1)\n}\n",
    "lib/b.c": "static int compute(int a)\n{\n    return compute(a);\n}\n#define LIMIT 3\n",
    ".github/ci.yml": "run: --help\n",
    ".gitignore": "ignored/\n",
}

pytestmark = pytest.mark.slow  # ripgrep, once a test


def tree(root: Path) -> Checkout:
    told = subprocess.run(
        ("git", "ls-files", "-z", "-co", "--exclude-standard"),
        cwd=root, check=True, capture_output=True,
    )  # fmt: skip
    files = tuple(sorted(os.fsdecode(name) for name in told.stdout.split(b"\0") if name))
    return Checkout(path=root, commit="c", users=True, files=files, base_files=files)


def search(root: Path, what: str, subject: str, files: tuple[str, ...] | None = None) -> Answer:
    request = Request(executor="search", what=what, subject=subject)
    route = Route(
        tier=Tier.NONE, kind=Kind.EXPLORE, policy="fast", score=1, reason="", request=request
    )
    task = Task(id="a", text="x")
    checkout = tree(root) if files is None else replace(tree(root), files=files)
    given = Assignment(task=task, route=route, checkout=checkout, effort=Effort.LOW)
    proposal = asyncio.run(SearchExecutor().execute(given))
    assert (proposal.usage.cost_usd, proposal.usage.model) == (Decimal(0), None)
    return proposal.answer


@pytest.fixture
def root(repository: Make) -> Path:
    made = repository(_TREE)
    (made / "ignored").mkdir()
    (made / "ignored" / "x.py").write_text("class Context: --help\n")
    (made / "binary.dat").write_bytes(b"--help\n" + b"x" * 100_000 + b"\0")
    return made


def test_source_comes_before_tests_and_patterns_say_that_they_are(root: Path) -> None:
    assert search(root, "definition", "class Context").text.splitlines() == [
        "src/core.py:8: class Context:",
        "web/app.ts:1: export default class Context<T> { (by pattern)",
        "tests/test_core.py:1: class Context: ...",
        "1 file not understood: broken.py",
    ]


@pytest.mark.parametrize(
    ("subject", "places"),
    [
        ("VERSION", ["src/core.py:3"]),
        ("limit", ["src/core.py:4"]),
        ("rest", ["src/core.py:5"]),
        ("Context.invoke", ["src/core.py:12"]),
        ("method invoke()", ["src/core.py:12"]),
        ("core.Context.Inner.run", ["src/core.py:15"]),
        ("Inner", ["src/core.py:14"]),
        ("Context.name", ["src/core.py:9"]),
        ("guarded", ["src/core.py:18"]),
        ("function inner", ["src/core.py:22"]),
        ("handler", ["src/core.py:25"]),
        ("größe", ["src/pkg/__init__.py:2"]),
        ("cafe\u0301", ["src/pkg/__init__.py:1"]),
        ("Render", ["lib/a.go:3"]),
        ("render", ["web/app.ts:2"]),
        ("compute", ["lib/b.c:1"]),
        ("LIMIT", ["lib/b.c:5"]),
        ("module core", ["src/core.py:0"]),
        ("name", []),
        ("local", []),
        ("class outer", []),
    ],
)
def test_definitions_are_found_by_name(subject: str, places: list[str], root: Path) -> None:
    matches = search(root, "definition", subject).matches
    assert [f"{match.path}:{match.line}" for match in matches] == places


def test_another_case_is_a_second_try_that_says_so(root: Path) -> None:
    answer = search(root, "definition", "version")
    assert answer.text.splitlines() == [
        'src/core.py:3: VERSION = "1"',
        "nothing is called exactly version; upper and lower case were ignored",
    ]


@pytest.mark.parametrize("subject", ["nope", "--help", "a b c", "*", "class", "$(id)", "..."])
def test_no_definition_is_an_answer(subject: str, root: Path) -> None:
    answer = search(root, "definition", subject)
    assert answer.matches == ()
    assert answer.text.startswith(f"no definition of {subject} in 4 Python files")


def test_text_is_taken_literally_and_never_as_an_option(root: Path) -> None:
    answer = search(root, "text", "--help")
    assert [(m.path, m.line) for m in answer.matches] == [
        (".github/ci.yml", 1),
        ("tests/test_core.py", 2),
    ]
    assert answer.text.startswith(".github/ci.yml:1: run: --help\n")
    assert search(root, "text", ".*").text == "no line holds '.*' in 10 files"
    assert len(search(root, "regex", "^class .ontext:").matches) == 2


def test_a_pattern_that_is_none_is_explained(root: Path) -> None:
    with pytest.raises(DraftFailure, match="ripgrep could not search"):
        search(root, "regex", "(")


@pytest.mark.parametrize("subject", ["", " ", "a\nb", "a\0b", "a" * 501])
def test_a_search_needs_one_line(subject: str, root: Path) -> None:
    with pytest.raises(DraftFailure, match="one line"):
        search(root, "text", subject)


def test_an_unknown_search_says_what_there_is(root: Path) -> None:
    with pytest.raises(DraftFailure, match="definition, text, regex and files"):
        search(root, "references", "x")


def test_long_lines_are_cut_and_many_are_counted(root: Path) -> None:
    (root / "long.txt").write_text("needle " + "x" * 50_000 + "\n" + "needle\n" * 1_500)
    answer = search(root, "text", "needle")
    assert len(answer.matches) == 200
    assert len(answer.text) < 10_000
    assert answer.text.endswith("the first 200 of 1,501 are shown")


def test_what_is_found_can_hide_no_control_codes(root: Path) -> None:
    (root / "evil.txt").write_text("needle \x1b]0;title\x07\x1b[2J\u202e end\n")
    assert search(root, "text", "needle").text == "evil.txt:1: needle end"


def test_links_are_not_followed(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.py").write_text("class Secret: ...\n")
    (root / "link.py").symlink_to(outside / "secret.py")
    (root / "folder").symlink_to(outside)
    (root / "pipe.py").symlink_to("/dev/zero")
    assert search(root, "definition", "Secret").matches == ()
    assert search(root, "text", "class Secret").matches == ()
    linked = tree(root)
    escaped = Checkout(
        path=root, commit="c", users=True, files=(*linked.files, "folder/secret.py", "../outside/secret.py"),
        base_files=(),
    )  # fmt: skip
    route = Route(
        tier=Tier.NONE, kind=Kind.EXPLORE, policy="fast", score=1, reason="",
        request=Request(executor="search", what="definition", subject="Secret"),
    )  # fmt: skip
    given = Assignment(
        task=Task(id="a", text="x"), route=route, checkout=escaped, effort=Effort.LOW
    )
    assert asyncio.run(SearchExecutor().execute(given)).answer.matches == ()


def test_large_files_are_left_out_and_counted(root: Path) -> None:
    (root / "large.py").write_text("class Large: ...\n" + "#" * (2 * 1024 * 1024))
    for what, subject in (("definition", "Large"), ("text", "class Large")):
        answer = search(root, what, subject)
        assert answer.matches == ()
        assert answer.text.endswith("\n1 file over 2 MB skipped")


@pytest.mark.parametrize(
    ("content", "understood"),
    [
        (b"# -*- coding: latin-1 -*-\nTarget = '\xe9'\n", True),
        (b"\xef\xbb\xbfTarget = 1\n", True),
        (b"x = 1\x0c\nTarget = 1\n", True),
        (b"Target = '\xe9'\n", False),
        (b"Target = 1\n\0", False),
        (b"# coding: nonsense\nTarget = 1\n", False),
        (b"Target = " + b"(" * 5_000 + b"\n", False),
        (b"Target = " + b"-" * 200_000 + b"1\n", False),
    ],
)
def test_strange_files_are_read_or_named(content: bytes, understood: bool, root: Path) -> None:
    (root / "strange.py").write_bytes(content)
    answer = search(root, "definition", "Target")
    assert [match.path for match in answer.matches] == ["strange.py"] * understood
    assert ("not understood: strange.py" in answer.text) is not understood


@pytest.mark.parametrize(
    ("glob", "count"),
    [
        ("*.py", 4),
        ("core.py", 1),
        ("src/**/*.py", 2),
        ("**/core.py", 1),
        ("src", 0),
        ("src/", 2),
        ("./src/pkg", 1),
        ("*.{ts,go}", 2),
        ("/broken.py", 1),
        ("../*", 0),
        ("ignored/*", 0),
        ("[!a-z]*", 2),
        ("--help", 0),
        ("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*", 0),
        ("**/" * 100 + "x", 0),
        ("{a,b}" * 50, 0),
    ],
)
def test_files_are_found_by_their_names(glob: str, count: int, root: Path) -> None:
    answer = search(root, "files", glob)
    assert len(answer.matches) == count
    if not count:
        assert answer.text == f"no file matches {glob!r} among 10 files"


def test_names_that_are_not_unicode_can_be_shown(root: Path) -> None:
    name = os.path.join(os.fsencode(root), b"\xff\x1b[2J.txt")
    with open(name, "w") as file:
        file.write("needle\n")
    for what, subject in (("text", "needle"), ("files", "*.txt")):
        answer = search(root, what, subject)
        assert answer.text.encode("utf-8").startswith(b"?.txt")
        assert os.fsencode(answer.matches[0].path) == b"\xff\x1b[2J.txt"


_BOUND = """\
import numpy as np
import os.path
from m import (
    n,
    renamed as other,
)
from m import same as same

for index, élan in []:
    pass
with open(x) as handle, \\
        other_thing() as (left, right):
    if (found := 1):
        walrus_in_call(deep := 2)
f = lambda: (hidden := 1)

class Holder:
    import json as codec
    for each in ():
        pass

class A:
    pass

def function():
    for local in ():
        pass
    import re as regex
"""


@pytest.mark.parametrize(
    ("subject", "lines"),
    [
        ("index", ["bound.py:9: for index, élan in []:"]),
        ("élan", ["bound.py:9: for index, élan in []:"]),
        ("handle", ["bound.py:11: with open(x) as handle, \\"]),
        ("right", ["bound.py:12: other_thing() as (left, right):"]),
        ("found", ["bound.py:13: if (found := 1):"]),
        ("deep", ["bound.py:14: walrus_in_call(deep := 2)"]),
        ("Holder.each", ["bound.py:19: for each in ():"]),
        ("class A", ["bound.py:22: class A:"]),
        ("np", ["bound.py:1: import numpy as np (import)"]),
        ("other", ["bound.py:5: renamed as other, (import)"]),
        ("Holder.codec", ["bound.py:18: import json as codec (import)"]),
    ],
)
def test_every_binding_of_a_module_or_a_class_is_found(
    subject: str, lines: list[str], repository: Make
) -> None:
    root = repository({"bound.py": _BOUND})
    assert search(root, "definition", subject).text.splitlines() == lines


@pytest.mark.parametrize("subject", ["hidden", "local", "regex", "same", "n", "each", "class np"])
def test_what_is_not_a_definition_is_not_found(subject: str, repository: Make) -> None:
    """Names of functions and lambdas, and imports that rename nothing."""
    root = repository({"bound.py": _BOUND})
    assert search(root, "definition", subject).matches == ()


def test_a_definition_comes_before_imports_of_it(repository: Make) -> None:
    root = repository({"a.py": "from b import One as Other\n", "b.py": "class Other: ...\n"})
    assert search(root, "definition", "Other").text.splitlines() == [
        "b.py:1: class Other: ...",
        "a.py:1: from b import One as Other (import)",
    ]


def test_repositories_inside_are_not_searched_and_named(repository: Make) -> None:
    root = repository({"a.py": "class Needle: ...\n"})
    for name in ("vend", "we[i]rd"):
        inner = repository({"b.py": "class Needle: ...\n"}, name=f"project/{name}")
        assert inner.parent == root
    files = ("a.py", "vend", "we[i]rd")
    for what, subject, count in (
        ("definition", "Needle", 1),
        ("text", "Needle", 1),
        ("files", "*", 1),
    ):
        answer = search(root, what, subject, files)
        assert [match.path for match in answer.matches] == ["a.py"] * count
        assert answer.text.endswith("\n2 submodules were not searched: vend, we[i]rd")
