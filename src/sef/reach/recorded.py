"""Which tests ran a file, as coverage.py wrote it down with a context for each test.

Without contexts its data says only that some test ran a line. What is read may be older than the
tree, so that it adds tests and takes none away.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing

_ROWS = 2_000_000
_ASKED = """
    select distinct file.path, context.context from {table}
    join file on file.id = {table}.file_id join context on context.id = {table}.context_id
    where context.context != '' limit ?
"""


def recorded(data: bytes, changed: Collection[str], tests: Collection[str]) -> frozenset[str]:
    """The test files among `tests` that ran a path of `changed`; none where `data` cannot be read.

    `data` is the content of a `.coverage` file; contexts are those of `dynamic_context =
    test_function` (`tests.test_x.test_y`) and of pytest-cov's `--cov-context=test`.
    """
    modules = {path.removesuffix(".py").replace("/", "."): path for path in tests}
    found: set[str] = set()
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(data)
            for file, context in _rows(database):
                if any(file.replace("\\", "/").endswith(f"/{path}") for path in changed):
                    found.update(_files(context, modules, tests))
    except (sqlite3.Error, UnicodeDecodeError, OverflowError, MemoryError):
        return frozenset()
    return frozenset(found)


def _rows(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    for table in ("line_bits", "arc"):
        for file, context in database.execute(_ASKED.format(table=table), (_ROWS,)):
            if isinstance(file, str) and isinstance(context, str):
                yield file, context


def _files(context: str, modules: dict[str, str], tests: Collection[str]) -> Iterator[str]:
    path = context.partition("::")[0].partition("|")[0]
    if path in tests:
        yield path
        return
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        for start in range(end):
            if (name := ".".join(parts[start:end])) in modules:
                yield modules[name]
                return
