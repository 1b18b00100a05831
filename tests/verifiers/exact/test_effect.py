"""A task to change code: a draft that leaves it as it was has not done it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import git as run_git
from sef.git import Git
from sef.listing import changes_of
from sef.model import (
    Answer,
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
from sef.verifiers.exact import SIGNS, Effect

pytestmark = pytest.mark.slow  # real repositories
Make = Callable[[dict[str, str]], Path]
ADD = 'def add(a, b):\n    """Add."""\n    return a - b  # noqa: E501\n'
FILES = {"calc.py": ADD, "web.js": "let a = 1;\n", "notes.md": "one\n", "words.txt": "one\n"}
TASK = "Fix add in calc.py so that it adds"


def judge(
    root: Path, writes: dict[str, str | None], text: str = TASK, kind: Kind = Kind.IMPLEMENT
) -> Verdict:
    """The verdict on a commit that holds these texts; None is a file that goes."""
    base = run_git(root, "rev-parse", "HEAD").strip()
    for path, content in writes.items():
        (root / path).unlink() if content is None else (root / path).write_text(content)
    run_git(root, "add", "-A")
    run_git(root, "commit", "-q", "--allow-empty", "-m", "draft")
    commit = run_git(root, "rev-parse", "HEAD").strip()
    git = Git(git_dir=root / ".git", work_tree=root)

    async def verdict() -> Verdict:
        patch = Patch(base=base, commit=commit, changes=await changes_of(git, base, commit))
        case = Case(
            task=Task(id="t", text=text),
            route=Route(tier=Tier.LIGHT, kind=kind, policy="fast", score=1, reason=""),
            draft=Draft(answer=Answer(text=""), patch=patch, usage=Usage(cost_usd=None)),
            checkout=Checkout(path=root, commit=commit, users=False, files=(), base_files=()),
            base=base,
        )
        return await Effect(git).verify(case)

    return asyncio.run(verdict())


@pytest.mark.parametrize(
    "writes",
    [
        {"calc.py": "# It adds now.\n" + ADD},
        {"calc.py": ADD.replace("Add.", "Add two numbers, rightly.")},
        {"calc.py": ADD.replace("a - b", "a  -  b")},
        {"calc.py": ADD + "\n\n"},
        {"calc.py": ADD.replace("Add.", "Sum."), "notes.md": "add is mended\n"},
        {"calc.py": ADD.replace("Add.", "Sum."), "web.js": "// mended\nlet a = 1;\n"},
    ],
)
def test_words_do_not_mend_code(repository: Make, writes: dict[str, str | None]) -> None:
    """Comments, docstrings, white space and documents beside them: the code is the base's."""
    found = judge(repository(FILES), writes)
    assert not found.accepted and not found.undecided
    assert "nothing that runs changed in calc.py" in found.reason
    (evidence,) = found.evidence
    assert evidence.sign == "nothing-runs-otherwise" and evidence.sign in SIGNS


@pytest.mark.parametrize(
    "writes",
    [
        {"calc.py": ADD.replace("a - b", "a + b")},
        {"calc.py": "# why\n" + ADD, "web.js": "let a = 2;\n"},
        {"calc.py": ADD.replace("  # noqa: E501", "")},  # a comment that tools read
        {"calc.py": "# why\n" + ADD, "words.txt": "one\ntwo\n"},  # a text that code may read
        {"calc.py": "# why\n" + ADD, "new.py": "x = 1\n"},
        {"calc.py": None},
        {"notes.md": "more\n"},  # who asks for that is taken at their word
        {"calc.py": "def add(:\n"},
        {},
    ],
)
def test_what_may_have_an_effect_is_let_pass(
    repository: Make, writes: dict[str, str | None]
) -> None:
    """Other verifiers judge it."""
    assert judge(repository(FILES), writes).accepted


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("find('\\d')", "find(r'\\d')"),  # what Python warns of
        ("x = 'a'", 'x = "a"'),
        ("x = (1)", "x = 1"),
        ("x = 1000000", "x = 1_000_000"),
        ("x = u'a'", "x = 'a'"),
        ('def f():\n    """A \\d."""', 'def f():\n    r"""A \\d."""'),
        ('def f():\n    """A \\d."""', 'def f():\n    """A \\\\d."""'),
        ('import click\n"""Syncs."""', 'import click\n"""Deletes too."""'),
        (
            'from typer import run\n\n\ndef f():\n    """Syncs."""',
            'from typer import run\n\n\ndef f():\n    """Deletes too."""',
        ),
    ],
)
def test_what_is_the_same_code_written_otherwise_may_be_the_task(
    repository: Make, old: str, new: str
) -> None:
    """Escapes, quotes, brackets; and docstrings that a program shows to its users."""
    root = repository({"calc.py": old + "\n"})
    assert judge(root, {"calc.py": new + "\n"}, "Mend it in calc.py").accepted
    assert not judge(root, {"calc.py": "# mended\n" + new + "\n"}, "Mend it in calc.py").accepted


@pytest.mark.parametrize(
    "text",
    [
        "Fix the URLs in calc.py",
        "Fix a bunch of links",
        "Add an explanation of add",
        "Rewrap the text",
        "the --help of add is wrong",
        "Make the selection logic clearer",
        "Ergänze einen Kommentar",
        "\u0438\u0441\u043f\u0440\u0430\u0432\u044c calc.py",
        "Clarify the comment in calc.py",
        "fix the typo in calc.py",
        "Reformat calc.py",
        "say in the docs of add what it does",
        "tidy calc.py up",
    ],
)
def test_who_asks_for_words_gets_words(repository: Make, text: str) -> None:
    """Also where the request was taken for one to implement."""
    assert judge(repository(FILES), {"calc.py": "# why\n" + ADD}, text).accepted


def test_other_kinds_of_work_are_not_held_to_it(repository: Make) -> None:
    """A task to document leaves the code as it is."""
    assert judge(repository(FILES), {"calc.py": "# why\n" + ADD}, kind=Kind.DOCUMENT).accepted


def test_a_mode_is_an_effect(repository: Make) -> None:
    """A file that can be run now does something that it did not."""
    root = repository(FILES)
    (root / "calc.py").chmod(0o755)
    assert judge(root, {"calc.py": "# why\n" + ADD}).accepted
