"""Which checks a project has, from the names of its files and the texts of a few of them.

Pure: `wanted` says which files to read, `detect` looks at what was read.
"""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from sef.checks.check import PYTHON, Check, Name, Overrides
from sef.checks.override import overridden
from sef.checks.suites import pytest_named, unittest_command, written_for_pytest
from sef.checks.testfiles import is_test_file

SIZE_LIMIT: Final = 1024 * 1024
"""Bytes of a file beyond which its text is not asked for."""
_TEST_FILES = 400
_CONFIGS = (
    "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "tox.toml", "setup.cfg",
    "ruff.toml", ".ruff.toml", ".flake8", "mypy.ini", ".mypy.ini", "package.json",
    "GNUmakefile", "makefile", "Makefile", "requirements.txt",
)  # fmt: skip
_REQUIREMENTS = re.compile(r"(?:requirements/)?[\w-]*(?:requirements|dev|test)[\w-]*\.(?:txt|in)")
_PLACEHOLDER = "no test specified"
_TARGET = re.compile(r"^(test|check)[ \t]*::?(?!=)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class _Project:
    files: Sequence[str]
    texts: Mapping[str, str]

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(self.files)

    @cached_property
    def tools(self) -> Mapping[str, object]:
        """The tables below [tool] of pyproject.toml; empty when it cannot be read."""
        try:
            read = tomllib.loads(self.texts.get("pyproject.toml", ""))
        except (tomllib.TOMLDecodeError, RecursionError):
            return {}
        tools = read.get("tool")
        return tools if isinstance(tools, dict) else {}

    def has(self, *names: str) -> bool:
        return any(name in self.names for name in names)

    def section(self, name: str, *files: str) -> Mapping[str, str] | None:
        """The options of an INI section in the first of `files` that has it."""
        for file in files:
            parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
            try:
                parser.read_string(self.texts.get(file, ""))
            except configparser.Error:
                continue
            if parser.has_section(name):
                return dict(parser.items(name))
        return None

    @cached_property
    def tests(self) -> tuple[str, ...]:
        return tuple(path for path in self.files if is_test_file(path))


def wanted(files: Sequence[str]) -> tuple[str, ...]:
    """Paths whose texts `detect` wants to see, each only when it is at most `SIZE_LIMIT` bytes."""
    configs = [path for path in files if path in _CONFIGS or _REQUIREMENTS.fullmatch(path)]
    tests = [path for path in files if is_test_file(path)]
    return (*configs, *tests[:_TEST_FILES])


def detect(
    files: Sequence[str], texts: Mapping[str, str], overrides: Overrides
) -> tuple[Check, ...]:
    """The project's checks: at most one named "tests", any number of the others.

    An override takes the place of whatever would be found. Raises ConfigError when one is not a
    plain command.
    """
    project = _Project(files=files, texts=texts)
    found: dict[Name, tuple[Check, ...]] = {
        "tests": _tests(project),
        "lint": _lint(project),
        "types": _types(project),
    }
    for name in found:
        line: str | None = getattr(overrides, name)
        if line is not None:
            found[name] = (overridden(name, line),)
    return tuple(check for checks in found.values() for check in checks)


def _tests(project: _Project) -> tuple[Check, ...]:
    for runner, argv in (
        ("pytest", (PYTHON, "-m", "pytest") if _uses_pytest(project) else None),
        ("unittest", unittest_command(project.tests, project.names)),
        ("tox", ("tox",) if _uses_tox(project) else None),
        ("nox", ("nox",) if project.has("noxfile.py") else None),
        ("cargo", ("cargo", "test") if project.has("Cargo.toml") else None),
        ("go", ("go", "test", "-json", "./...") if project.has("go.mod") else None),
        ("npm", ("npm", "test") if _npm_test(project.texts.get("package.json", "")) else None),
        ("make", _make_command(project)),
    ):
        if argv:
            return (_check("tests", runner, *argv),)
    return ()


def _check(name: Name, runner: str, *argv: str) -> Check:
    return Check(name=name, runner=runner, argv=argv, python=argv[0] == PYTHON)


def _uses_pytest(project: _Project) -> bool:
    return (
        project.has("pytest.ini", ".pytest.ini")
        or "pytest" in project.tools
        or project.section("pytest", "tox.ini") is not None
        or project.section("tool:pytest", "setup.cfg") is not None
        or any(path.rpartition("/")[2] == "conftest.py" for path in project.files)
        or _tests_need_pytest(project)
    )


def _tests_need_pytest(project: _Project) -> bool:
    if not project.tests:
        return False
    others = [text for path, text in project.texts.items() if not is_test_file(path)]
    if any(pytest_named(text) for text in others):
        return True
    return written_for_pytest([project.texts.get(path, "") for path in project.tests])


def _uses_tox(project: _Project) -> bool:
    return (
        project.has("tox.toml")
        or "tox" in project.tools
        or project.section("tox", "tox.ini") is not None
        or project.section("testenv", "tox.ini") is not None
        or project.section("tox:tox", "setup.cfg") is not None
    )


def _npm_test(package: str) -> bool:
    try:
        read = json.loads(package)
    except (ValueError, RecursionError):
        return False
    scripts = read.get("scripts") if isinstance(read, dict) else None
    script = scripts.get("test") if isinstance(scripts, dict) else None
    return isinstance(script, str) and bool(script.strip()) and _PLACEHOLDER not in script


def _make_command(project: _Project) -> tuple[str, ...] | None:
    """make reads the first of its three names that exists."""
    for name in ("GNUmakefile", "makefile", "Makefile"):
        if name in project.texts:
            targets = _TARGET.findall(project.texts[name])
            return ("make", "test" if "test" in targets else "check") if targets else None
    return None


def _lint(project: _Project) -> tuple[Check, ...]:
    checks = []
    if project.has("ruff.toml", ".ruff.toml") or "ruff" in project.tools:
        argv = ("ruff", "check", "--no-cache", "--output-format=concise")
        checks.append(_check("lint", "ruff", *argv))
    if project.section("flake8", ".flake8", "setup.cfg", "tox.ini") is not None:
        checks.append(_check("lint", "flake8", "flake8"))
    return tuple(checks)


def _types(project: _Project) -> tuple[Check, ...]:
    checks = []
    if (settings := _mypy_settings(project)) is not None:
        named = settings.keys() & {"files", "packages", "modules"}
        checks.append(_check("types", "mypy", "mypy", *(() if named else (".",))))
    if project.has("pyrightconfig.json") or "pyright" in project.tools:
        checks.append(_check("types", "pyright", "pyright", "--pythonpath", PYTHON))
    return tuple(checks)


def _mypy_settings(project: _Project) -> Mapping[str, object] | None:
    """mypy reads one place only, and its own files before the shared ones."""
    own = project.section("mypy", "mypy.ini", ".mypy.ini")
    if own is not None:
        return own
    if "mypy" in project.tools:
        table = project.tools["mypy"]
        return table if isinstance(table, dict) else {}
    return project.section("mypy", "setup.cfg")
