"""A check that runs only some of its tests. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from sef.checks.check import Check, CheckRun

_LONGEST: Final = 100_000
"""Characters of a command line beyond which all tests are run."""
_VALUES: Final = frozenset(
    ("-k", "-m", "-p", "-o", "-c", "-n", "-r", "-W", "--deselect", "--ignore", "--ignore-glob",
     "--rootdir", "--confcutdir", "--maxfail", "--durations", "--tb", "--cov", "--basetemp")
)  # fmt: skip
"""pytest's options that take the next word as their value."""


def narrowed(check: Check, tests: Sequence[str], files: Collection[str]) -> Check | None:
    """The check with these tests alone; None where its runner cannot be asked for several.

    `tests` are paths of `files`, with `::` and a name after them. It is run like any other check.
    """
    if check.runner != "pytest" or not tests:
        return None
    if sum(len(one) + 1 for one in tests) > _LONGEST:
        return None
    kept = (check.argv[0], *(w for before, w in pairwise(check.argv) if _stays(before, w, files)))
    return replace(check, argv=(*kept, *(_safe(one) for one in tests)))


def rejects_early(run: CheckRun) -> bool:
    """True where a run of some of the tests is red, so that the others need not be run.

    Its failures are still to be held against the base. Exit code 4 or 5 of pytest, no totals, or a
    run that was stopped say nothing: all tests are run then.
    """
    if run.timed_out or run.stopped or run.counts is None or not run.proof.proved:
        return False
    return run.exit_code == 1 and run.counts.red and bool(run.failing)


def _stays(before: str, word: str, files: Collection[str]) -> bool:
    """The user's options stay; the paths they name give way."""
    if before in _VALUES or before == "-m":
        return True
    path = word.partition("::")[0].removeprefix("./").rstrip("/")
    return path not in files and not any(file.startswith(f"{path}/") for file in files)


def _safe(path: str) -> str:
    """A path that cannot be read as an option."""
    return f"./{path}" if path.startswith("-") else path
