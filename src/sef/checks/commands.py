"""The words a check is really run with: its own, where its report goes, and what it is about."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path
from typing import Final

from sef.checks.check import Check
from sef.checks.suites import unittest_narrowed
from sef.checks.tools import BY_PATH

REPORT: Final = "report.xml"
"""Name of pytest's report in the scratch folder."""
_FLAGS = re.compile(r"-[xqvsl]+")


def arguments(
    check: Check, *, scratch: Path, only: str | None, files: Collection[str], fork: bool = False
) -> tuple[str, ...] | None:
    """The full command line, None where the runner cannot be asked for `only` a part.

    `only` is a path of `files` or of one of their folders, with `::` and a test's name after it
    where the runner has such names. In a fork nothing ends the run before every test was run:
    what is compared with the base must be complete.
    """
    argv = check.argv if only is None else _narrowed(check, only, files)
    if argv is None:
        return None
    return (*(_to_the_end(check, argv) if fork else argv), *_extras(check, scratch))


def _to_the_end(check: Check, argv: tuple[str, ...]) -> tuple[str, ...]:
    if check.runner == "pytest":
        return (*argv, "--maxfail=0", "--continue-on-collection-errors")
    if check.runner == "unittest":
        return tuple(word for word in argv if word not in ("-f", "--failfast"))
    return argv


def _extras(check: Check, scratch: Path) -> tuple[str, ...]:
    if check.runner == "pytest":
        return (
            "--color=no",
            "-o", f"cache_dir={scratch / 'cache'}",
            "-o", "junit_family=xunit1",  # the family that names each test's file
            f"--junitxml={scratch / REPORT}",
        )  # fmt: skip
    if check.runner == "mypy":
        return (f"--cache-dir={scratch / 'cache'}", "--no-pretty", "--no-error-summary")
    return ()


def _narrowed(check: Check, only: str, files: Collection[str]) -> tuple[str, ...] | None:
    path, _, node = only.partition("::")
    if check.runner == "pytest":
        return (*_without_paths(check, files), _safe(only))
    if check.runner == "unittest":
        return unittest_narrowed(path, node, files)
    if node:
        return None
    if check.runner == "go":
        return ("go", "test", "-json", _go_packages(path))
    if check.runner == "npm":
        return (*check.argv, *(() if "--" in check.argv else ("--",)), _safe(path))
    if check.runner in BY_PATH:
        return (*(word for word in check.argv if word != "."), _safe(path))
    return None


def _without_paths(check: Check, files: Collection[str]) -> tuple[str, ...]:
    """The user's options stay; the paths they name give way."""
    kept = [check.argv[0]]
    for before, word in pairwise(check.argv):
        value = before.startswith("-") and not _FLAGS.fullmatch(before)
        if value or not _names_a_path(word, files):
            kept.append(word)
    return tuple(kept)


def _names_a_path(word: str, files: Collection[str]) -> bool:
    path = word.partition("::")[0].removeprefix("./").rstrip("/")
    return path in files or any(file.startswith(f"{path}/") for file in files)


def _go_packages(path: str) -> str:
    return f"./{path.rpartition('/')[0]}" if path.endswith(".go") else f"./{path}/..."


def _safe(path: str) -> str:
    """A path that cannot be read as an option."""
    return f"./{path}" if path.startswith("-") else path
