"""What a changed build file asks of the environment: nothing, an installation, other packages."""

from __future__ import annotations

import pytest

from sef.environment.needs import Need, need

BASE = """
[build-system]
requires = ["hatchling"]
[project]
name = "a"
version = "1"
dependencies = ["x"]
[tool.ruff]
line-length = 80
[tool.hatch]
a = 1
"""
PYPROJECT = "pyproject.toml"


def of_pyproject(text: str, before: str = BASE) -> Need:
    return need((PYPROJECT,), {PYPROJECT: before}, {PYPROJECT: text})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("line-length = 80", "line-length = 100"),
        ("[tool.ruff]", "# a remark\n[tool.ruff]"),
        ("[tool.ruff]", '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n[tool.ruff]'),
    ],
)
def test_what_does_not_concern_the_build(old: str, new: str) -> None:
    """Settings of checkers, and the form of the file, ask for nothing."""
    assert of_pyproject(BASE.replace(old, new)) == Need()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('version = "1"', 'version = "2"'),
        ("[tool.hatch]", "[tool.hatch]\nb = 2"),
        ("[tool.hatch]", "[tool.unheard-of]\nb = 2\n[tool.hatch]"),
        ('[project]\nname = "a"', '[project]\nname = "b"'),
    ],
)
def test_what_needs_an_installation(old: str, new: str) -> None:
    """The project's own metadata, and every table that may concern the build."""
    assert of_pyproject(BASE.replace(old, new)) == Need(install=PYPROJECT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('["x"]', '["x", "y"]'),
        ('["hatchling"]', '["setuptools"]'),
        ("[tool.ruff]", '[dependency-groups]\ndev = ["y"]\n[tool.ruff]'),
        ("[tool.ruff]", '[tool.poetry.dependencies]\ny = "*"\n[tool.ruff]'),
        ("[tool.ruff]", '[tool.uv.sources]\nx = {path = "y"}\n[tool.ruff]'),
    ],
)
def test_what_needs_other_packages(old: str, new: str) -> None:
    """Dependencies, wherever they are written."""
    assert of_pyproject(BASE.replace(old, new)).packages == PYPROJECT


def test_a_file_that_cannot_be_compared() -> None:
    """A new, a missing and a broken one may say anything."""
    assert need((PYPROJECT,), {}, {PYPROJECT: BASE}).install == PYPROJECT
    assert of_pyproject("[broken").install == PYPROJECT


def test_other_build_files() -> None:
    """A source that is compiled counts for more than a recipe; only setup.py hides dependencies."""
    assert need(("setup.py", "a.c"), {}, {}) == Need(install="a.c", dynamic=True)
    assert need(("setup.py",), {}, {}).recipe
    assert not need(("a.c",), {}, {}).recipe
    assert need(("a.py", "tests/data/setup.py"), {}, {}) == Need()


def test_another_project_of_the_tree() -> None:
    """A member of a workspace is not installed together with the tree's own project."""
    assert need(("libs/b/setup.py",), {}, {}).packages == "libs/b/setup.py"
