"""Programs by name: what judges files by their paths, what starts other programs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from sef.checks.check import PYTHON

BY_PATH: Final = (
    "ruff", "flake8", "mypy", "pyright", "basedpyright", "pylint", "black", "isort", "codespell",
    "pre-commit",
)  # fmt: skip
"""Linters and type checkers: they read the files that they are pointed at."""
READS_NO_IMPORTS: Final = ("ruff", "flake8", "black", "isort", "codespell")
"""Those for which it makes no difference what can be imported."""
COUNTING: Final = ("pytest", "unittest", "cargo", "go", "npm")
"""Runners that always end with totals."""
LAUNCHERS: Final = ("uv", "poetry", "pipenv", "pdm", "hatch", "rye", "coverage", "npx")
_AS_NPM: Final = ("yarn", "pnpm", "npx")
_KNOWN: Final = ("tox", "nox", "cargo", "go", "npm", "make", *BY_PATH)
_OPTIONS_WITH_VALUE: Final = ("--with", "--group", "--extra", "-p", "--python", "--env", "-e")


def runner_of(argv: Sequence[str]) -> str:
    """The program whose words will be read; "command" for any that is not known."""
    for before, module in pairwise(argv):
        if before == "-m" and module in ("pytest", "unittest"):
            return module
    program = argv[0].rpartition("/")[2]
    if program == PYTHON and argv[1:2] == ("-m",):
        program = _as_tool("".join(argv[2:3]))
        return program if program in BY_PATH else "command"
    if program in LAUNCHERS and (launched := _launched(argv)) is not None:
        return launched
    if program in ("pytest", "py.test"):
        return "pytest"
    program = "npm" if program in _AS_NPM else program
    return program if program in _KNOWN else "command"


def is_launched(argv: Sequence[str]) -> bool:
    """True where another program than the first does the work, in an environment it chooses."""
    return argv[0].rpartition("/")[2] in LAUNCHERS


def _launched(argv: Sequence[str]) -> str | None:
    """The known tool that a launcher runs: the first word that is neither `run` nor an option."""
    words = list(argv[1:])
    if "pytest" in words:
        return "pytest"
    before = ""
    for word in words:
        if word in ("run", "exec", "--") or word.startswith("-") or before in _OPTIONS_WITH_VALUE:
            before = word
            continue
        tool = _as_tool(word)
        if word.startswith("python"):
            before = word
            continue
        return tool if tool in BY_PATH else None
    return None


def _as_tool(word: str) -> str:
    """A tool's name from its module's, its path's, or with a version behind it."""
    name = word.rpartition("/")[2].partition("@")[0].partition("==")[0]
    return "pre-commit" if name == "pre_commit" else name
