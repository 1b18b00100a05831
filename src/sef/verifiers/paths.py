"""Kinds of paths: what matches a task's patterns, what is protected, what is a document. Pure."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import PurePosixPath
from typing import Final

PROTECTED: Final = (
    (".github/**", "a CI definition"),
    (".gitlab-ci.yml", "a CI definition"),
    (".circleci/**", "a CI definition"),
    (".ci/**", "a CI definition"),
    ("azure-pipelines.yml", "a CI definition"),
    ("Jenkinsfile", "a CI definition"),
    (".gitattributes", "a git setting"),
    (".gitmodules", "a git setting"),
    (".gitignore", "a git setting"),
    (".claude/**", "a setting of a coding agent"),
    (".envrc", "a setting of the shell"),
    ("sef.toml", "a setting of sef"),
)
"""Nobody touches these unasked."""
JUDGES: Final = (
    ("*.lock", "a lock file"),
    ("package-lock.json", "a lock file"),
    ("pnpm-lock.yaml", "a lock file"),
    ("go.sum", "a lock file"),
    ("Makefile", "what runs the checks"),
    ("makefile", "what runs the checks"),
    ("GNUmakefile", "what runs the checks"),
    ("package.json", "what runs the checks"),
    ("setup.cfg", "the checks' settings"),
    ("ruff.toml", "the checks' settings"),
    (".ruff.toml", "the checks' settings"),
    (".flake8", "the checks' settings"),
    (".pylintrc", "the checks' settings"),
    (".isort.cfg", "the checks' settings"),
    (".pre-commit-config.yaml", "the checks' settings"),
    ("mypy.ini", "the checks' settings"),
    (".mypy.ini", "the checks' settings"),
    ("pyrightconfig.json", "the checks' settings"),
    ("conftest.py", "the tests' set-up"),
    ("pytest.ini", "the tests' settings"),
    (".pytest.ini", "the tests' settings"),
    ("pytest.toml", "the tests' settings"),
    (".pytest.toml", "the tests' settings"),
    ("tox.ini", "the tests' settings"),
    ("tox.toml", "the tests' settings"),
    ("*/**/pyproject.toml", "the tests' settings"),
    ("noxfile.py", "the tests' settings"),
    (".coveragerc", "the tests' settings"),
    ("sitecustomize.py", "code that runs in every process"),
    ("usercustomize.py", "code that runs in every process"),
    ("*.pth", "code that runs in every process"),
    ("pyvenv.cfg", "a virtual environment's settings"),
    ("**/*.dist-info/**", "an installed package's metadata"),
    ("**/*.egg-info/**", "an installed package's metadata"),
)
"""What the checks that judge a draft rest on."""
_DOCUMENT_ENDS: Final = (
    ".md", ".mdx", ".rst", ".txt", ".adoc", ".asciidoc", ".html", ".htm", ".ipynb",
)  # fmt: skip
_DOCUMENT_NAMES = re.compile(
    r"(?:README|CHANGE(?:S|LOG)|LICEN[CS]E|COPYING|AUTHORS|NEWS|HISTORY|CONTRIBUT(?:ING|ORS)|NOTICE"
    r"|TODO|ROADMAP|SECURITY|INSTALL|MAINTAINERS|RELEASE(?:S|_NOTES)?|CITATION|FAQ|THANKS)"
    r"(?:[_-].*)?",
    re.IGNORECASE,
)
_DOCUMENT_PATHS: Final = ("mkdocs.yml", "mkdocs.yaml", "docs/**", "doc/**")
_DOCSTRINGS: Final = (".py", ".pyi")
_SOURCES: Final = frozenset(
    (
        ".py", ".pyi", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".vue", ".svelte", ".go",
        ".rs", ".java", ".kt", ".scala", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".rb", ".php",
        ".swift", ".css", ".scss", ".sql",
    )
)  # fmt: skip
_IMPORTED: Final = (".py", ".pyi", ".so", ".pyd")
_RUNNERS: Final = frozenset(
    ("pytest", "_pytest", "pluggy", "iniconfig", "py", "xdist", "coverage", "hypothesis", "mypy")
) | {"ruff", "flake8", "pylint", "black", "isort", "tox", "nox", "pip", "setuptools"}


def matches(path: str, pattern: str) -> bool:
    """True where the glob covers the path: `*` stays within a folder, `**` does not.

    A pattern that ends with `/` covers the whole folder.
    """
    return _compiled(pattern).fullmatch(path) is not None


def names_literally(pattern: str, path: str) -> bool:
    """True where the pattern covers the path and its last part is the file's very name."""
    return matches(path, pattern) and pattern.rpartition("/")[2] == PurePosixPath(path).name


def about(path: str, patterns: Iterable[tuple[str, str]]) -> str | None:
    """What the path is, by the first of the patterns that covers it or, without `/`, its name."""
    name = PurePosixPath(path).name
    for pattern, what in patterns:
        if matches(path, pattern) or ("/" not in pattern and matches(name, pattern)):
            return what
    return None


def shadowed(path: str, files: Collection[str]) -> str | None:
    """The module of the standard library or of a runner that a new file would stand in front of.

    None where `files`, those that were there before, have one of that name.
    """
    if not path.endswith(_IMPORTED):
        return None
    parts = path.split("/")
    for folder in ("", *({parts[0]} & {"src", "lib", "tests", "test"})):
        inside = path.removeprefix(f"{folder}/" if folder else "")
        top = inside.split("/")[0].partition(".")[0]
        place = f"{folder}/{top}" if folder else top
        known = top in sys.stdlib_module_names or top in _RUNNERS or top.startswith("pytest_")
        others = (other for other in files if other != path)
        if known and not any(
            f"{other}/".startswith((f"{place}/", f"{place}.")) for other in others
        ):
            return top
    return None


def is_document(path: str) -> bool:
    """True for texts that people read."""
    name = PurePosixPath(path).name
    return (
        path.endswith(_DOCUMENT_ENDS)
        or ("." not in name and _DOCUMENT_NAMES.fullmatch(name) is not None)
        or any(matches(path, pattern) for pattern in _DOCUMENT_PATHS)
    )


def may_document(path: str) -> bool:
    """True for documents, and for sources with docstrings."""
    return is_document(path) or path.endswith(_DOCSTRINGS)


def is_source(path: str) -> bool:
    """True for code of the product: what decides how it is judged is none."""
    return PurePosixPath(path).suffix in _SOURCES


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    whole = f"{pattern}**" if pattern.endswith("/") else pattern
    parts = [_part(part) for part in whole.removeprefix("./").split("/")]
    text = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            text += r".+" if last else r"(?:[^/]+/)*"
        else:
            text += part if last else f"{part}/"
    return re.compile(text, re.DOTALL)


def _part(part: str) -> str:
    if part == "**":
        return part
    words = re.split(r"(\*+|\?|\[!?[^\]/]+\])", part)
    return "".join(_symbol(word) for word in words)


def _symbol(word: str) -> str:
    if word and not word.strip("*"):
        return "[^/]*"
    if word == "?":
        return "[^/]"
    if word.startswith("[") and len(word) > 2:
        inner = word[1:-1]
        chosen = _chosen(inner.removeprefix("!"))
        if inner.startswith("!"):
            return f"[^/{chosen}]"
        return f"[{chosen}]" if chosen else "(?!)"
    return re.escape(word)


def _chosen(inner: str) -> str:
    """The characters of a class one by one, ranges as they are where they go upwards."""
    ranges = re.sub(r"(.)-(.)", lambda m: m[0] if m[1] <= m[2] else "", inner, flags=re.DOTALL)
    return re.sub(r"[\\^\[\]&~|]", r"\\\g<0>", ranges)
