"""Which commands judge a project, from its files alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from sef.checks.check import PYTHON, Check, Overrides
from sef.checks.commands import arguments
from sef.checks.detect import detect, wanted
from sef.checks.places import Places
from sef.checks.testfiles import TestFiles
from sef.errors import ConfigError

_UNITTEST = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n"
_PYTEST = "def test_a(): pass\n"


def checks(files: Mapping[str, str], **overrides: str) -> tuple[Check, ...]:
    texts = {path: files[path] for path in wanted(tuple(files))}
    return detect(tuple(files), texts, Overrides(**overrides))


def how_tested(files: Mapping[str, str]) -> Check | None:
    return next((check for check in checks(files) if check.name == "tests"), None)


@pytest.mark.parametrize(
    "files",
    [
        {"pytest.ini": ""},
        {"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-q'"},
        {"pyproject.toml": "[tool.pytest]\naddopts = ['-q']"},
        {"tox.ini": "[pytest]\n"},
        {"setup.cfg": "[tool:pytest]\n"},
        {"tests/conftest.py": ""},
        {"test_a.py": _PYTEST},
        {"test_a.py": _UNITTEST, "test_b.py": _PYTEST},
        {"test_a.py": _UNITTEST, "requirements-dev.txt": "pytest>=8\n"},
        {
            "test_a.py": "from unittest.mock import patch\nclass TestA:\n    def test_x(self): pass\n"
        },
    ],
)
def test_pytest_is_found(files: Mapping[str, str]) -> None:
    check = how_tested(files)
    assert check is not None
    assert (check.runner, check.argv, check.python) == ("pytest", (PYTHON, "-m", "pytest"), True)


@pytest.mark.parametrize(
    ("files", "rest"),
    [
        ({"test_a.py": _UNITTEST}, "discover -v"),
        ({"tests/__init__.py": "", "tests/test_a.py": _UNITTEST}, "discover -v"),
        ({"tests/test_a.py": _UNITTEST}, "discover -v -s tests"),
        ({"src/p/__init__.py": "", "src/p/test_a.py": _UNITTEST}, "discover -v -s src"),
        ({"a_test.py": _UNITTEST}, "discover -v -p *_test.py"),
        ({"a/test_a.py": _UNITTEST, "b/test_b.py": _UNITTEST}, "-v a/test_a.py b/test_b.py"),
    ],
)
def test_unittest_starts_where_it_reaches_every_test(files: Mapping[str, str], rest: str) -> None:
    check = how_tested(files)
    assert check is not None
    assert check.command == f"python -m unittest {rest}"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"tox.ini": "[testenv]\n"}, "tox"),
        ({"noxfile.py": ""}, "nox"),
        ({"Cargo.toml": ""}, "cargo test"),
        ({"go.mod": ""}, "go test -json ./..."),
        ({"package.json": json.dumps({"scripts": {"test": "jest"}})}, "npm test"),
        ({"Makefile": ".PHONY: test\ntest: build\n\t./t\n"}, "make test"),
        ({"Makefile": "check:\n\t./t\n"}, "make check"),
    ],
)
def test_other_runners_are_found(files: Mapping[str, str], command: str) -> None:
    check = how_tested(files)
    assert check is not None
    assert (check.command, check.python) == (command, False)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"main.py": ""},
        {"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'},
        {"package.json": "[" * 100_000},
        {"Makefile": "test := 1\nall:\n"},
        {"pyproject.toml": "not toml"},
        {"setup.cfg": "[[["},
        {"node_modules/x/test_a.py": _PYTEST},
    ],
)
def test_nothing_is_found_where_nothing_is_said(files: Mapping[str, str]) -> None:
    assert checks(files) == ()


def test_the_order_prefers_pytest_and_then_what_is_nearest_to_python() -> None:
    every = {"Cargo.toml": "", "go.mod": "", "tox.ini": "[tox]\n", "Makefile": "test:\n"}
    assert [c.runner for c in checks(every)] == ["tox"]
    assert [c.runner for c in checks({**every, "pytest.ini": ""})] == ["pytest"]


def test_linters_and_type_checkers_are_found_where_they_are_configured() -> None:
    files = {
        "pyproject.toml": "[tool.ruff]\n[tool.mypy]\nfiles = ['src']\n[tool.pyright]\n",
        ".flake8": "[flake8]\n",
    }
    assert [(c.name, c.command) for c in checks(files)] == [
        ("lint", "ruff check --no-cache --output-format=concise"),
        ("lint", "flake8"),
        ("types", "mypy"),
        ("types", "pyright --pythonpath python"),
    ]
    assert [c.command for c in checks({"mypy.ini": "[mypy]\n"})] == ["mypy ."]


@pytest.mark.parametrize(
    ("line", "runner", "python"),
    [
        ("pytest -q 'a b'", "pytest", True),
        ("python3 -m pytest -x", "pytest", True),
        ("python -m coverage run -m pytest", "pytest", True),
        ("uv run pytest", "pytest", False),
        ("python runtests.py", "command", True),
        ("./run.sh", "command", False),
        ("yarn test", "npm", False),
        ("make pytest", "make", False),
        (".venv/bin/pytest", "pytest", False),
        ("/x/.venv/bin/python -m pytest", "pytest", False),
        ("python -m ruff check", "ruff", True),
        ("python3 -m mypy src", "mypy", True),
        ("uv run mypy .", "mypy", False),
        ("uv run --group dev ruff check", "ruff", False),
        ("poetry run python -m flake8", "flake8", False),
        ("pdm run pylint calc", "pylint", False),
        ("hatch run black --check .", "black", False),
        ("npx pyright", "pyright", False),
        ("npx jest", "npm", False),
        ("pre-commit run --all-files", "pre-commit", False),
        ("python -m pre_commit run", "pre-commit", True),
        ("uv run make lint", "command", False),
    ],
)
def test_an_override_takes_the_place_of_what_is_found(line: str, runner: str, python: bool) -> None:
    (check,) = checks({"pytest.ini": ""}, tests=line)
    assert (check.runner, check.python, check.named) == (runner, python, True)


@pytest.mark.parametrize("line", ["a && b", "cd x; make", "A=1 pytest", "pytest > log", "'", " "])
def test_an_override_that_needs_a_shell_is_refused(line: str) -> None:
    with pytest.raises(ConfigError):
        checks({}, tests=line)


def words(check: Check, only: str | None, *files: str) -> str:
    found = arguments(check, scratch=Path("/s"), only=only, files=files)
    assert found is not None
    return " ".join(found)


def test_a_part_takes_the_place_of_the_paths_of_an_override() -> None:
    (check,) = checks({}, tests="pytest -x tests -k tests")
    said = words(check, "tests/test_a.py::test_b", "tests/test_a.py")
    assert said.startswith("{python} -m pytest -x -k tests tests/test_a.py::test_b --color=no")


def test_a_part_cannot_be_read_as_an_option() -> None:
    (check,) = checks({"pytest.ini": ""})
    assert " ./-x.py " in words(check, "-x.py", "-x.py")


def test_a_part_of_unittest_is_found_from_its_own_folder() -> None:
    check = how_tested({"tests/test_a.py": _UNITTEST})
    assert check is not None
    said = words(check, "tests/test_a.py::T::test_a", "tests/test_a.py")
    assert said.endswith("discover -v -s ./tests -t ./tests -p test_a.py -k *.T.test_a")


def test_make_cannot_be_asked_for_a_part() -> None:
    (check,) = checks({"Makefile": "test:\n"})
    assert arguments(check, scratch=Path("/s"), only="a.py", files=("a.py",)) is None


def test_in_a_fork_every_test_is_run() -> None:
    """Whatever the options say: what is compared must be complete."""
    (check,) = checks({}, tests="pytest -x")
    found = arguments(check, scratch=Path("/s"), only=None, files=(), fork=True)
    assert found is not None
    assert found[4:6] == ("--maxfail=0", "--continue-on-collection-errors")
    (check,) = checks({}, tests="python -m unittest -f tests")
    found = arguments(check, scratch=Path("/s"), only=None, files=(), fork=True)
    assert found == (PYTHON, "-m", "unittest", "tests")


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("test_a.py", True),
        ("a/a_test.py", True),
        ("polls/tests.py", True),
        ("test.py", True),
        ("conftest.py", True),
        ("web/a.spec.ts", True),
        ("pkg/a_test.go", True),
        ("tests/data/a.json", True),
        ("calc/spec/load.py", False),
        ("attest.py", False),
        ("contest/a.py", False),
        ("docs/tests/intro.md", False),
    ],
)
def test_a_test_file_is_known_by_its_name_or_its_folder(path: str, is_one: bool) -> None:
    tests = TestFiles((path, "tests/test_x.py", "calc/spec/load.py"))
    assert (path in tests) is is_one


def test_paths_into_the_users_tree_lead_into_the_fork() -> None:
    places = Places(
        tree=Path("/u/tree"),
        fork=Path("/f"),
        programs=Path("/u/tree/.venv/bin"),
        instead=Path("/s/bin"),
    )
    for word, led in (
        (".venv/bin/pytest", "/s/bin/pytest"),
        ("/u/tree/.venv/bin/python", "/s/bin/python"),
        ("./run.sh", "./run.sh"),
        ("/usr/bin/make", "/usr/bin/make"),
    ):
        assert places.led((word,)) == (led,)
    said = (
        "x /u/tree /u/tree/a.py::t --config=/u/tree/b.toml /u/tree/.venv/lib /u/treetop /etc tests"
    )
    assert places.led(said.split())[1:] == (
        "/f", "/f/a.py::t", "--config=/f/b.toml", "/u/tree/.venv/lib", "/u/treetop", "/etc", "tests",
    )  # fmt: skip
