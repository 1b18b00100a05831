"""Which tests a change reaches, on trees small enough to be read."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from sef.checks import PYTHON, Check
from sef.reach import Reach, Reached, Tree, narrowed, reached
from sef.reach.recorded import recorded
from sef.repository import find_repository
from sef.workspace import Workspace

_FILES = {
    "pkg/__init__.py": "from .ops import add, sub\nfrom .text import shout\n",
    "pkg/ops.py": "def add(a, b):\n    return a + b\n\ndef sub(a, b):\n    return add(a, -b)\n",
    "pkg/text.py": "def shout(words):\n    return words.upper()\n",
    "tests/test_ops.py": (
        "from pkg import add, sub\n\ndef test_add():\n    assert add(1, 2) == 3\n\n"
        "def test_sub():\n    assert sub(3, 2) == 1\n"
    ),
    "tests/test_text.py": "import pkg\n\ndef test_shout():\n    assert pkg.shout('a') == 'A'\n",
    "tests/test_more.py": "".join(f"def test_{n}():\n    assert {n} == {n}\n\n" for n in range(9)),
}


def change(path: str, text: str | None, files: dict[str, str] | None = None) -> Reached:
    """What is reached when `path` gets another text; None deletes it."""
    before = _FILES if files is None else files
    after = {name: held for name, held in before.items() if name != path}
    if text is not None:
        after[path] = text
    return reached(Tree(files=after), {path: before.get(path)})


def test_a_change_reaches_the_tests_that_come_to_it_by_names() -> None:
    """Through a re-export, and through another function; no test of another module."""
    found = change("pkg/ops.py", _FILES["pkg/ops.py"].replace("a + b", "a - b"))
    assert found.tests == ("tests/test_ops.py",)
    assert found.complete


def test_one_test_of_a_file_is_named_where_the_others_are_not_reached() -> None:
    """`sub` alone is changed, and only one of two tests mentions it."""
    found = change("pkg/ops.py", _FILES["pkg/ops.py"].replace("-b)", "b)"))
    assert found.tests == ("tests/test_ops.py::test_sub",)


def test_a_comment_reaches_nothing() -> None:
    """The code is the same."""
    found = change("pkg/ops.py", _FILES["pkg/ops.py"] + "# more\n")
    assert (found.tests, found.complete) == ((), True)


def test_an_import_that_is_added_reaches_all_that_import_the_file() -> None:
    """It may fail, or run anything."""
    found = change("pkg/text.py", "import pkg.missing\n" + _FILES["pkg/text.py"])
    assert set(found.tests) == {"tests/test_ops.py", "tests/test_text.py"}


def test_a_name_that_is_gone_reaches_all_that_import_what_imports_it() -> None:
    """`from .text import shout` fails for every test of the package."""
    found = change("pkg/text.py", "def whisper(words):\n    return words\n")
    assert set(found.tests) == {"tests/test_ops.py", "tests/test_text.py"}


def test_a_file_that_cannot_be_parsed_reaches_all_that_import_it() -> None:
    """Their imports fail."""
    found = change("pkg/ops.py", "def add(:\n")
    assert {"tests/test_ops.py", "tests/test_text.py"} <= set(found.tests)


def test_a_dunder_method_is_reached_through_its_class() -> None:
    """Nobody mentions `__eq__`, and a comparison calls it."""
    files = _FILES | {
        "pkg/money.py": "class Money:\n    def __eq__(self, other):\n        return True\n",
        "pkg/bank.py": "from pkg.money import Money\n\ndef pay():\n    return Money()\n",
        "tests/test_bank.py": "import pkg.bank\n\ndef test_pay():\n    assert pkg.bank.pay() == 1\n",
    }
    found = change("pkg/money.py", files["pkg/money.py"].replace("True", "False"), files)
    assert found.tests == ("tests/test_bank.py",)


def test_fixtures_are_come_to_by_their_names() -> None:
    """A test mentions a fixture as its argument, or in a string."""
    files = _FILES | {
        "tests/conftest.py": (
            "import pytest\nfrom pkg.text import shout\n\n@pytest.fixture\ndef loud():\n"
            "    return shout('x')\n"
        ),
        "tests/test_loud.py": (
            "import pytest\n\ndef test_one(loud):\n    pass\n\n"
            "@pytest.mark.usefixtures('loud')\ndef test_two():\n    pass\n\n"
            "def test_three():\n    pass\n\ndef test_four():\n    pass\n"
        ),
    }
    found = change("pkg/text.py", _FILES["pkg/text.py"].replace("upper", "lower"), files)
    assert "tests/test_loud.py::test_one" in found.tests
    assert "tests/test_loud.py::test_two" in found.tests
    assert "tests/test_loud.py::test_three" not in found.tests


def test_an_inherited_test_is_reached_in_the_file_that_inherits_it() -> None:
    """Its id is of the inheriting class, so that the whole file is named."""
    files = _FILES | {
        "tests/test_base.py": (
            "from pkg import shout\n\nclass TestBase:\n    word = 'a'\n"
            "    def test_loud(self):\n        assert shout(self.word)\n"
        ),
        "tests/test_heir.py": (
            "from tests.test_base import TestBase\n\nclass TestHeir(TestBase):\n    word = 'b'\n"
        ),
    }
    found = change("pkg/text.py", _FILES["pkg/text.py"].replace("upper", "lower"), files)
    assert "tests/test_heir.py" in found.tests


def test_a_test_that_starts_programs_is_always_reached() -> None:
    """Nobody can tell what the program comes to."""
    files = _FILES | {
        "tests/test_cli.py": "import subprocess\n\ndef test_it():\n    subprocess.run(['pkg'])\n"
    }
    found = change("pkg/ops.py", _FILES["pkg/ops.py"].replace("-b)", "b)"), files)
    assert "tests/test_cli.py" in found.tests


def test_a_name_that_is_put_together_is_followed_by_its_beginning() -> None:
    """`getattr(x, "visit_" + kind)` may come to every `visit_...`, and to nothing else."""
    files = _FILES | {
        "pkg/walk.py": (
            "class Walk:\n    def visit_a(self):\n        return 1\n"
            "    def leave_a(self):\n        return 2\n\n"
            "def walk(kind):\n    return getattr(Walk, 'visit_' + kind)\n"
        ),
        "tests/test_walk.py": "from pkg.walk import walk\n\ndef test_it():\n    assert walk('a')\n",
    }
    text = files["pkg/walk.py"]
    assert change("pkg/walk.py", text.replace("return 1", "return 3"), files).tests
    assert not change("pkg/walk.py", text.replace("return 2", "return 3"), files).tests


@pytest.mark.parametrize(
    ("path", "text"),
    [("pyproject.toml", "[tool.x]\n"), ("tests/conftest.py", "def pytest_configure(): pass\n")],
)
def test_settings_and_hooks_reach_everything(path: str, text: str) -> None:
    """They may concern any test, also one that mentions nothing of them."""
    found = change(path, text, _FILES | {path: ""})
    assert found.everything
    assert "tests/test_more.py" in found.tests


def test_a_file_that_is_not_python_leaves_doubt() -> None:
    """Who reads it cannot be followed."""
    found = change("pkg/data.json", "{}", _FILES | {"pkg/data.json": "[]"})
    assert not found.complete


def test_a_decorator_of_the_project_leaves_doubt() -> None:
    """It may keep what it is given where others find it."""
    files = _FILES | {
        "pkg/register.py": "KNOWN = {}\n\ndef known(f):\n    KNOWN[f.__name__] = f\n    return f\n",
        "pkg/hooks.py": "from pkg.register import known\n\n@known\ndef hook():\n    return 1\n",
    }
    found = change("pkg/hooks.py", files["pkg/hooks.py"].replace("return 1", "return 2"), files)
    assert not found.complete


def test_where_most_tests_may_come_to_a_change_the_nearest_are_named() -> None:
    """They are a part, and do not pretend to be all."""
    files = {
        "app.py": "def core():\n    return 1\n\ndef wide():\n    return core()\n",
        "tests/test_far.py": "from app import wide\n\n"
        + "".join(f"def test_{n}():\n    assert wide()\n\n" for n in range(20)),
        "tests/test_near.py": "from app import core\n\ndef test_core():\n    assert core()\n\n"
        "def test_other():\n    assert core() == 1\n",
    }
    found = change("app.py", files["app.py"].replace("1", "2"), files)
    assert found.tests == ("tests/test_near.py",)
    assert not found.complete


@pytest.mark.parametrize("text", ["(" * 5000, "\0", "x = " + "-" * 100_000 + "1", "\ud800"])
def test_hostile_text_is_not_followed_but_told(text: str) -> None:
    """Deep nesting, a NUL, half a character: all that import the file are reached."""
    found = change("pkg/ops.py", text)
    assert {"tests/test_ops.py", "tests/test_text.py"} <= set(found.tests)


def test_relative_imports_may_lead_out_of_the_tree() -> None:
    """Such an import is followed to nothing."""
    text = "from ....... import x\n" + _FILES["pkg/ops.py"]
    assert "tests/test_ops.py" in change("pkg/ops.py", text).tests


def coverage_data(path: Path, contexts: dict[str, str]) -> bytes:
    """A data file as coverage.py 7 writes it: which context ran which file."""
    base = sqlite3.connect(path)
    base.executescript(
        "create table file (id integer primary key, path text);"
        "create table context (id integer primary key, context text);"
        "create table line_bits (file_id integer, context_id integer, numbits blob);"
        "create table arc (file_id integer, context_id integer, fromno integer, tono integer);"
    )
    for number, (context, file) in enumerate(contexts.items()):
        base.execute("insert into file values (?, ?)", (number, file))
        base.execute("insert into context values (?, ?)", (number, context))
        base.execute("insert into line_bits values (?, ?, x'01')", (number, number))
    base.commit()
    base.close()
    return path.read_bytes()


def test_coverage_with_contexts_names_tests_that_names_do_not(tmp_path: Path) -> None:
    """Both spellings of a context; a context without a name says nothing."""
    data = coverage_data(
        tmp_path / "c",
        {
            "tests.test_ops.test_add": "/home/a/pkg/ops.py",
            "tests/test_text.py::test_shout|run": "/home/a/pkg/ops.py ",
            "tests/test_more.py::test_1|run": "/home/a/pkg/ops.py",
            "": "/home/a/pkg/ops.py",
        },
    )
    tests = {path for path in _FILES if path.startswith("tests/")}
    assert recorded(data, ["pkg/ops.py"], tests) == {"tests/test_ops.py", "tests/test_more.py"}


@pytest.mark.parametrize("data", [b"", b"SQLite format 3\0" + b"x" * 4096, b"no database"])
def test_coverage_data_that_is_none_says_nothing(data: bytes) -> None:
    """It may be empty, cut off, or another file."""
    assert recorded(data, ["pkg/ops.py"], ["tests/test_ops.py"]) == frozenset()


def test_a_check_is_narrowed_to_tests_and_keeps_its_options() -> None:
    """Paths of the command give way; values of options stay though a folder is called so."""
    argv = (PYTHON, "-m", "pytest", "-q", "-k", "tests", "--deselect", "tests/test_a.py", "tests")
    check = Check(name="tests", runner="pytest", argv=argv, python=True)
    found = narrowed(check, ["tests/test_a.py::test_x", "-odd.py"], ["tests/test_a.py"])
    assert found is not None
    assert found.argv == (*argv[:-1], "tests/test_a.py::test_x", "./-odd.py")


def test_other_runners_are_not_narrowed() -> None:
    """They are asked for all tests."""
    check = Check(name="tests", runner="cargo", argv=("cargo", "test"), python=False)
    assert narrowed(check, ["tests/a.rs"], []) is None


def test_moving_a_statement_out_of_a_condition_is_a_change() -> None:
    """The statement is the same, and when it is executed is not."""
    before = "import sys\nif sys.argv:\n    limit = 1\nelse:\n    other = 2\n\ndef top():\n    return limit\n"
    after = "import sys\nif sys.argv:\n    pass\nelse:\n    other = 2\n    limit = 1\n\ndef top():\n    return limit\n"
    files = _FILES | {
        "pkg/top.py": before,
        "tests/test_top.py": "from pkg.top import top\n\ndef test_top():\n    assert top()\n",
    }
    assert "tests/test_top.py" in change("pkg/top.py", after, files).tests


def test_what_is_reached_is_read_from_the_draft_and_from_git(
    repository: Callable[[dict[str, str]], Path], tmp_path: Path
) -> None:
    """Of a fork: changed, added and deleted files, and the coverage data of the user's tree."""
    root = repository(_FILES | {".gitignore": ".coverage\n"})
    coverage_data(root / ".coverage", {"tests/test_more.py::test_1|run": "/x/pkg/ops.py"})

    async def go() -> Reached:
        found = await find_repository(root)
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        workspace = Workspace(found, run="r1", scratch=scratch)
        await workspace.open()
        async with workspace.fork(workspace.base) as fork:
            target = fork.checkout.path / "pkg/ops.py"
            target.write_text(target.read_text().replace("-b)", "b)"))
            (fork.checkout.path / "pkg/new.py").write_text("from pkg import sub\n")
            (fork.checkout.path / "tests/test_text.py").unlink()
            patch = await workspace.capture(fork)
        async with workspace.fork(patch.commit) as fork:
            return await Reach(found.git, tree=root).of(fork.checkout, patch.base)

    found = asyncio.run(go())
    assert found.tests == ("tests/test_more.py", "tests/test_ops.py::test_sub")
