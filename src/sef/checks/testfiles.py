"""What a test file is, by its name and by the files around it. The one definition of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sef.environment.detect import is_test

_ELSEWHERE: Final = frozenset({"node_modules", "site-packages", ".venv", "venv", ".tox", ".nox"})
_SET_UP: Final = "conftest.py"
_OTHERS = re.compile(
    r".+\.(?:test|spec|cy)\.\w+|test_.+|.+_(?:test|spec)\.\w+|.+Tests?\.(?:java|kt|cs|swift|php)"
)
_FOLDERS: Final = frozenset({"tests", "test", "__tests__", "spec", "specs"})


def is_test_file(path: str) -> bool:
    """True for the names that Python's test runners look for, outside of installed packages."""
    *folders, name = path.split("/")
    # Only the name is asked about: a helper in a tests folder is nothing that a runner looks for.
    return is_test(name) and name != _SET_UP and _ELSEWHERE.isdisjoint(folders)


def named_as_test(path: str) -> bool:
    """True where the name alone says that a file is a test, or the set-up of tests."""
    name = path.rpartition("/")[2]
    return is_test(name) or _OTHERS.fullmatch(name) is not None


class TestFiles:
    """Says which paths of one tree are tests: by their names, or by the folder that they are in.

    A folder is one of tests when it is called so and holds a file that is named as a test; a
    package of the product may be called `spec` or `test` too.
    """

    __test__ = False  # for pytest, which collects classes by their names

    def __init__(self, files: Iterable[str]) -> None:
        self._folders = {
            folder for path in files if named_as_test(path) for folder in _test_folders(path)
        }

    def __contains__(self, path: str) -> bool:
        return named_as_test(path) or not self._folders.isdisjoint(_test_folders(path))


def _test_folders(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: n + 1]) for n, part in enumerate(parts) if part in _FOLDERS]
