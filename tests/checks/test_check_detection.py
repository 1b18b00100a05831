"""Which commands judge a project, from its files alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from sef.checks.check import PYTHON, Check, Overrides
from sef.checks.commands import arguments
from sef.checks.detect import detect, wanted
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
    ],
)
def test_an_override_takes_the_place_of_what_is_found(line: str, runner: str, python: bool) -> None:
    (check,) = checks({"pytest.ini": ""}, tests=line)
    assert (check.runner, check.python) == (runner, python)


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
