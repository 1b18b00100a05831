"""What a draft's change of build files asks of its environment. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sef.environment.detect import build_inputs

_METADATA = frozenset(("pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in"))
_DYNAMIC = frozenset(("setup.py", "setup.cfg"))
_PACKAGES = ("build-system", "dependency-groups")
_PROJECT_PACKAGES = ("dependencies", "optional-dependencies")
_POETRY_PACKAGES = ("dependencies", "dev-dependencies", "group", "extras", "source")
# Tables of tools that take no part in building; any other table may.
_NO_BUILD = frozenset(
    (
        "autoflake", "autopep8", "bandit", "basedpyright", "black", "bumpversion", "check-manifest",
        "codespell", "commitizen", "coverage", "cruft", "deptry", "docformatter", "flake8",
        "importlinter", "interrogate", "isort", "mutmut", "mypy", "nox", "pydocstyle", "pydoclint",
        "pylint", "pyright", "pyrefly", "pytest", "refurb", "ruff", "semantic_release", "sef",
        "towncrier", "tox", "ty", "typos", "vulture", "yapf",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What must happen before the fork's environment is the one its files describe."""

    install: str | None = None
    """File because of which the fork must be installed; None: nothing must be."""
    packages: str | None = None
    """File because of which other packages may be needed; None: they stay as they are."""
    dynamic: bool = False
    """True when only the installation can tell which packages are needed."""

    @property
    def recipe(self) -> bool:
        """True when the file holds no more than a recipe of the installation."""
        return self.install is not None and PurePosixPath(self.install).name in _METADATA


def need(changed: Collection[str], before: Mapping[str, str], after: Mapping[str, str]) -> Need:
    """Compares the build files of the user's tree with the fork's, as far as they are given."""
    install = packages = None
    for path in build_inputs(changed):
        inside = "/" in path and PurePosixPath(path).name in _METADATA
        if path.endswith("pyproject.toml"):
            old, new = _parsed(before.get(path)), _parsed(after.get(path))
            if old is not None and new is not None and _built(old) == _built(new):
                continue
            if old is not None and new is not None and _needed(old) != _needed(new):
                packages = packages or path
        # Another project of the tree is not installed together with this one.
        packages = packages or (path if inside else None)
        install = _graver(install, path)
    dynamic = not _DYNAMIC.isdisjoint(changed)
    return Need(install=install, packages=packages, dynamic=dynamic)


def _graver(known: str | None, path: str) -> str:
    """A source that is compiled counts for more than a recipe."""
    if known is None or (PurePosixPath(known).name in _METADATA and _is_source(path)):
        return path
    return known


def _is_source(path: str) -> bool:
    return PurePosixPath(path).name not in _METADATA


def _parsed(text: str | None) -> dict[str, Any] | None:
    try:
        return None if text is None else tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _built(read: Mapping[str, Any]) -> dict[str, Any]:
    """All that may decide how the project is built or what its metadata says."""
    tools = _table(read, "tool")
    kept = {name: table for name, table in tools.items() if name not in _NO_BUILD}
    return {**read, "tool": kept}


def _needed(read: Mapping[str, Any]) -> list[Any]:
    """All that decides which other packages are there."""
    project, tools = _table(read, "project"), _table(read, "tool")
    poetry, pdm, uv = (_table(tools, name) for name in ("poetry", "pdm", "uv"))
    return [
        *(read.get(name) for name in _PACKAGES),
        *(project.get(name) for name in _PROJECT_PACKAGES),
        *(poetry.get(name) for name in _POETRY_PACKAGES),
        pdm.get("dev-dependencies"),
        {name: value for name, value in uv.items() if name != "build-backend"},
    ]


def _table(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    held = holder.get(name)
    return held if isinstance(held, dict) else {}
