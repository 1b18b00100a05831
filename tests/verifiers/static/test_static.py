"""The static stage: what is wrong with a draft however it is run."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sef.git import Git
from sef.model import Answer, Checkout, Draft, Kind, Patch, Route, Task, Tier, Usage, Verdict
from sef.protocols import Case
from sef.reach.modules import Modules
from sef.repository import find_repository
from sef.verifiers.static import SIGNS, Finding, Static, similarity
from sef.verifiers.static.compared import Sides, new_problems, newer_syntax
from sef.verifiers.static.facts import NOTHING, Facts, facts_of
from sef.verifiers.static.links import Tree
from sef.verifiers.static.syntax import oldest_python, problem
from sef.weights import WEIGHTS
from sef.workspace import Workspace

Files = Mapping[str, str]
_FILES = {
    "pkg/__init__.py": "from .ops import add\n",
    "pkg/ops.py": "def add(a, b):\n    return a + b\n\nclass Sum:\n"
    "    def __init__(self, start):\n        self.start = start\n"
    "    def plus(self, n):\n        return self.start + n\n"
    "    def twice(self):\n        return self.plus(self.plus(1))\n",
    "pkg/use.py": "from pkg.ops import add\nimport pkg.ops as o\n\ndef f():\n"
    "    return add(1, 2) + o.Sum(1).plus(2)\n",
}


def sides(before: Files, after: Files) -> Sides:
    paths = [path for path in {**before, **after} if before.get(path) != after.get(path)]

    def tree(files: Files) -> Tree:
        def facts(path: str) -> Facts:
            return facts_of(files[path]) if path in files else NOTHING

        return Tree(modules=Modules(files=frozenset(files)), facts=facts)

    def data(files: Files, path: str) -> bytes | None:
        return files[path].encode() if path in files else None

    return Sides(
        base=tree(before),
        draft=tree(after),
        changed={path: (data(before, path), data(after, path)) for path in sorted(paths)},
        texts=lambda: {path: text for path, text in after.items() if path.endswith(".py")},
    )


def found(changes: Mapping[str, str | None], before: Files | None = None) -> list[str]:
    """`sign path:line` of each finding of a draft that writes these files; None deletes."""
    base = _FILES if before is None else before
    after = {path: text for path, text in {**base, **changes}.items() if text is not None}
    return [f"{one.sign} {one.path}:{one.line}" for one in new_problems(sides(base, after))]


OPS, USE = _FILES["pkg/ops.py"], _FILES["pkg/use.py"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pkg/ops.py": OPS + "def g(:\n"}, ["syntax pkg/ops.py:11"]),
        ({"pkg/ops.py": OPS + "return 1\n"}, ["syntax pkg/ops.py:11"]),
        ({"a.json": '{"a": 1,}'}, ["syntax a.json:1"]),
        ({"a.toml": "a = \n"}, ["syntax a.toml:1"]),
        ({"pkg/use.py": USE + "def g():\n    return ad(1)\n"}, ["undefined-name pkg/use.py:7"]),
        ({"pkg/use.py": USE + "from pkg.ops import sub\nsub(1)\n"}, ["missing-name pkg/use.py:6"]),
        ({"pkg/use.py": USE + "import pkg.gone\n"}, ["missing-module pkg/use.py:6"]),
        ({"pkg/use.py": USE + "x = o.Total\n"}, ["missing-name pkg/use.py:6"]),
        ({"pkg/ops.py": OPS.replace("def add(a, b)", "def plus(a, b)")},
         ["missing-name pkg/__init__.py:1", "missing-name pkg/use.py:1"]),
        ({"pkg/ops.py": OPS.replace("add(a, b)", "add(a, b, c)")}, ["call-mismatch pkg/use.py:5"]),
        ({"pkg/ops.py": OPS.replace("add(a, b)", "add(a, *, b)")}, ["call-mismatch pkg/use.py:5"]),
        ({"pkg/ops.py": OPS.replace("(self, start)", "(self)")}, ["call-mismatch pkg/use.py:5"]),
        ({"pkg/ops.py": OPS.replace("plus(self, n)", "plus(self)")},
         ["call-mismatch pkg/ops.py:10"]),
        ({"pkg/use.py": USE.replace("add(1, 2)", "add(1)")}, ["call-doubt pkg/use.py:5"]),
        ({"new.py": "from pkg import add\n\nadd(1)\n"}, ["call-doubt new.py:3"]),
        ({"pkg/ops.py": None}, ["missing-module pkg/__init__.py:1", "missing-module pkg/use.py:1",
                                "missing-module pkg/use.py:2"]),
        ({"pkg/use.py": "class A:\n    x = 1\n    y = [x for _ in range(3)]\n"},
         ["undefined-name pkg/use.py:3"]),
        ({"pkg/use.py": "import os\n" + USE}, ["unused-import pkg/use.py:1"]),
    ],
)  # fmt: skip
def test_new_problems_are_told(changes: Mapping[str, str | None], told: list[str]) -> None:
    """In the changed file, and in files that use what it took away or changed."""
    missed = [one for one in told if one not in found(changes)]
    assert not missed, found(changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"pkg/ops.py": OPS.replace("add(a, b)", "add(a, b, c=0)")},
        {"pkg/ops.py": OPS.replace("add(a, b)", "add(*a, b=1)")},
        {"pkg/use.py": "try:\n    from pkg.fast import add\nexcept ImportError:\n    add = None\n"},
        {"pkg/use.py": "from __future__ import annotations\ndef f(a: Unknown) -> Other: ...\n"},
        {"pkg/use.py": "def f():\n    global made\n    made = 1\n\ndef g():\n    return made\n"},
        {"pkg/use.py": "from os.path import *\n\ndef f():\n    return join('a')\n"},
        {"pkg/use.py": "class A:\n    x = 1\n    y = [n for n in range(x)]\n"},
        {"pkg/use.py": "try:\n    text = unicode\nexcept NameError:\n    text = str\n"},
        {"pkg/use.py": "def f(add):\n    return add(1, 2, 3)\n\nfrom pkg.ops import add\n"},
        {"pkg/use.py": "from pkg import use\nprint(__file__, __name__, use.anything_of_mine)\n"
                       "def __getattr__(name):\n    return name\n"},
        {"pkg/use.py": "import json\nimport numpy\nnumpy.gone\njson.gone\n"},
        {"pkg/_fast.pyx": "", "pkg/use.py": "from pkg import _fast\nfrom pkg._fast import quick\n"
                                            "quick()\n_fast.x\n"},
        {"tsconfig.json": "// comment\n{}", ".vscode/settings.json": "{/* c */}"},
        {"pkg/use.py": USE.replace("add(1, 2)", "add(*(1, 2))")},
        {"a.py": "match = 1\nprint(match)\n", "b.txt": "def (", "c.js": "}{"},
    ],
)  # fmt: skip
def test_what_is_right_is_let_be(changes: Mapping[str, str | None]) -> None:
    """Provided for, dynamic, not the project's, or not a language that is known here."""
    assert found(changes) == []


def test_problems_of_the_base_are_not_the_drafts() -> None:
    """Also where lines have moved; one more of the same is."""
    before = {"a.py": "def f():\n    return gone\n", "b.json": "{,}", "c.py": "def ("}
    assert found({"a.py": "# more\n" + before["a.py"], "b.json": "{,,}", "c.py": "("}, before) == []


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b"(" * 100_000,
        b"x = " + b"-" * 200_000 + b"1",
        b"a" * 2**21,
        b"import " + b"a." * 90_000 + b"b",
        b'f"' + b"{a}" * 90_000 + b'"',
    ],
)
@pytest.mark.parametrize("name", ["a.py", "a.json", "a.toml"])
def test_hostile_files_are_told_and_end_quickly(name: str, data: bytes) -> None:
    """Nested too deeply, or too large: undecided or no such language; never an exception."""
    said = problem(name, data)
    assert said is not None


@pytest.mark.parametrize("data", [b"\0", b"\xff\xfe\0", b"x = '\xff'\n", b"# coding: nonsense\n"])
def test_bytes_that_are_no_source_are_no_python(data: bytes) -> None:
    """A NUL, another encoding, one that does not exist."""
    assert problem("a.py", data) is not None
    assert problem("a.py", b"x = 1\r\ny = 2\r\n") is None


def test_newer_syntax_is_told() -> None:
    """By `requires-python`; what was there before is not."""
    files = {"a.py": "x = 1\n"}
    text = {"a.py": "match x:\n    case 1: pass\n"}
    oldest = oldest_python('[project]\nrequires-python = ">=3.8,<4"\n')
    assert [one.sign for one in newer_syntax(sides(files, text), oldest)] == ["newer-syntax"]
    assert not [*newer_syntax(sides(text, {"a.py": text["a.py"] + "# c\n"}), oldest)]
    assert not [*newer_syntax(sides(files, text), (3, 10))]
    assert oldest_python("[") is None
    assert oldest_python("project = 3") is None


def test_a_finding_is_one_line_without_control_codes() -> None:
    """What it quotes comes from a draft."""
    one = Finding(path="a\x1b[31m.py", line=3, sign="syntax", what="x\ny\x1b[0m" + "z" * 900)
    assert "\x1b" not in str(one)
    assert "\n" not in str(one)
    assert len(str(one)) <= 300


def verdict(root: Path, tmp_path: Path, writes: Mapping[str, str | None]) -> Verdict:
    """Of a draft that writes these files; None deletes."""

    async def go() -> Verdict:
        repository = await find_repository(root)
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        workspace = Workspace(repository, run="r1", scratch=scratch)
        await workspace.open()
        async with workspace.fork(workspace.base) as fork:
            for path, content in writes.items():
                target = fork.checkout.path / path
                if content is None:
                    target.unlink()
                elif content.startswith("-> "):
                    target.symlink_to(content[3:])
                else:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_text(content)
            patch = await workspace.capture(fork)
        draft = Draft(answer=Answer(text=""), patch=patch, usage=Usage(cost_usd=None))
        async with workspace.fork(patch.commit) as fork:
            return await judged(repository.git, draft, fork.checkout, patch.base)

    return asyncio.run(go())


async def judged(git: Git, draft: Draft, checkout: Checkout, base: str) -> Verdict:
    route = Route(tier=Tier.LIGHT, kind=Kind.IMPLEMENT, policy="fast", score=1, reason="")
    task = Task(id="t", text="Add a multiply function")
    case = Case(task=task, route=route, draft=draft, checkout=checkout, base=base)
    return await Static(git).verify(case)


Make = Callable[[dict[str, str]], Path]


def test_a_draft_that_takes_a_name_away_is_rejected(repository: Make, tmp_path: Path) -> None:
    """The evidence names the file and line of whoever still uses it."""
    said = verdict(repository(_FILES), tmp_path, {"pkg/ops.py": OPS.replace("def add", "def plus")})
    assert not said.accepted
    assert not said.undecided
    assert {one.sign for one in said.evidence} == {"missing-name"}
    assert any(one.detail.startswith("pkg/use.py:1: ") for one in said.evidence)


def test_a_draft_without_new_problems_is_accepted(repository: Make, tmp_path: Path) -> None:
    """And says so."""
    said = verdict(
        repository(_FILES), tmp_path, {"pkg/ops.py": OPS + "def mul(a, b): return a * b\n"}
    )
    assert said.accepted
    assert [one.sign for one in said.evidence] == ["static-clean"]


def test_suspicion_alone_does_not_reject(repository: Make, tmp_path: Path) -> None:
    """An unused import is told, and the draft accepted."""
    said = verdict(repository(_FILES), tmp_path, {"pkg/use.py": "import os\n" + USE})
    assert said.accepted
    assert [(one.sign, one.passed) for one in said.evidence] == [("unused-import", None)]


def test_odd_files_are_not_followed(repository: Make, tmp_path: Path) -> None:
    """A link, a file that is too large, a name with a line end, a deleted test."""
    root = repository(_FILES | {"old.py": "x = 1\n"})
    writes = {"l.py": "-> /etc/passwd", "big.py": "#" * 2**21, "a\nb.py": "x = 1\n", "old.py": None}
    said = verdict(root, tmp_path, writes)
    assert said.accepted
    assert {one.sign for one in said.evidence} == {"not-parsed"}


def test_every_sign_is_explained() -> None:
    """Slugs are short and in kebab case."""
    for slug, words in SIGNS.items():
        assert slug == slug.lower().replace(" ", "-")
        assert words.endswith(".")


def diff(tmp_path: Path, name: str, before: str, after: str) -> str:
    folder = tmp_path / name
    for part, text in (("a", before), ("b", after)):
        (folder / part).mkdir(parents=True)
        (folder / part / "x.py").write_text(text)
    done = subprocess.run(
        ("git", "diff", "--no-index", "a", "b"),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_patches_are_alike_by_what_they_change(tmp_path: Path) -> None:
    """White space, comments and places do not count; what is written does."""
    base = "".join(f"line_{n} = {n}\n" for n in range(30))
    one = diff(tmp_path, "1", base, base + "def mul(a, b):\n    return a * b\n")
    same = diff(tmp_path, "2", base, base + "# new\ndef mul(a,b):\n        return a*b\n\n")
    near = diff(tmp_path, "3", base, base + "def mul(a, b):\n    return b * a\n")
    other = diff(tmp_path, "4", base, base.replace("line_3 = 3", "line_3 = 4"))
    assert similarity(one, one) == 1.0
    assert similarity(one, same) == 1.0
    assert 0.3 < similarity(one, near) < 0.9
    assert similarity(one, other) < 0.1
    assert similarity(one, other) == similarity(other, one)
    assert similarity("", "") == 1.0
    assert similarity(one, "") == 0.0


def test_a_draft_that_repeats_a_rejected_one_says_so(repository: Make, tmp_path: Path) -> None:
    """It is told, and weighs against the draft; another draft is not suspected."""

    async def go() -> list[list[str]]:
        found = await find_repository(repository(_FILES))
        (tmp_path / "scratch").mkdir()
        workspace = Workspace(found, run="r1", scratch=tmp_path / "scratch")
        await workspace.open()

        async def drafted(text: str) -> Patch:
            async with workspace.fork(workspace.base) as fork:
                (fork.checkout.path / "pkg/ops.py").write_text(OPS + text)
                return await workspace.capture(fork)

        first = await drafted("\ndef mul(a, b):\n    return a + b\n")
        signs = []
        for text in (
            "\n# as before\ndef mul(a, b):\n    return a + b\n",
            "\ndef mul(a, b):\n    return sum(a for _ in range(b))\n",
        ):
            patch = await drafted(text)
            async with workspace.fork(patch.commit) as fork:
                case = Case(
                    task=Task(id="t", text="Add a multiply function"),
                    route=Route(
                        tier=Tier.LIGHT, kind=Kind.IMPLEMENT, policy="fast", score=1, reason=""
                    ),
                    draft=Draft(answer=Answer(text=""), patch=patch, usage=Usage(cost_usd=None)),
                    checkout=fork.checkout,
                    base=patch.base,
                    earlier=(first,),
                )
                said = await Static(found.git).verify(case)
                assert said.accepted
                signs.append([one.sign for one in said.evidence])
        return signs

    assert asyncio.run(go()) == [["static-clean", "same-patch"], ["static-clean"]]
    assert WEIGHTS["same-patch", None] < 0
