"""The values of this room: what is run, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sef.environment import Proof
from sef.model import Counts

Name = Literal["tests", "lint", "types"]
PYTHON: Final = "{python}"
"""Stands in a command line for the environment's interpreter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One command that judges a tree."""

    name: Name
    """What it judges."""
    runner: str
    """The program whose report is read: pytest, cargo, ...; "command" for any other."""
    argv: tuple[str, ...]
    """Never read by a shell; `PYTHON` in it becomes the environment's interpreter."""
    python: bool
    """True where the first word is `PYTHON`: the process is then the interpreter itself."""
    named: bool = False
    """True where sef.toml names it; what is only found in the project's files may be missing."""

    @property
    def command(self) -> str:
        """The command as a person would type it."""
        return " ".join(self.argv).replace(PYTHON, "python")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Command lines that take the place of what would be found; None: find it."""

    tests: str | None = None
    lint: str | None = None
    types: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One test that failed or could not be run, or one finding of a linter."""

    id: str
    """As the runner names it."""
    reason: str
    """One line; empty where the runner gave none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a runner said about its own run."""

    counts: Counts | None = None
    """None where the output holds no totals that are understood."""
    failures: tuple[Failure, ...] = ()
    """One entry an id, in the order they were reported."""
    unnamed: int = 0
    """Failures and errors that were counted but not named."""
    stopped: str = ""
    """The runner's words where it ended before every test was run; empty where it did not."""
    note: str = ""
    """What is to be known about the counts, or why there are none; mostly empty."""
    passing: frozenset[str] = frozenset()
    """Ids of the tests that passed, where pytest's report names them and they are few."""
    left_out: frozenset[str] = frozenset()
    """Ids of those that were skipped or expected to fail, likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """A check that was run, or the reason why it was not."""

    check: Check
    exit_code: int | None
    """None where nothing was run."""
    counts: Counts | None
    """None where the runner gave no totals."""
    failing: frozenset[str]
    """Every id that failed or could not be run."""
    failures: tuple[Failure, ...]
    """The first of them with their reasons."""
    summary: str
    """One line."""
    output_tail: str
    """The end of what was printed, without control codes; at most 4,000 characters."""
    proof: Proof
    """Whether it is certain that this very tree was judged."""
    seconds: float
    """Wall-clock time of the command."""
    timed_out: bool
    """True when it was killed at its deadline."""
    unnamed: int = 0
    """Failures and errors that were counted but that `failing` does not name."""
    stopped: str = ""
    """The runner's words where it ended before every test was run; empty where it did not."""
    note: str = ""
    """What is to be known about the counts, or why there are none; mostly empty."""
    passing: frozenset[str] = frozenset()
    """Ids of the tests that passed, where the runner names them and they are few."""
    left_out: frozenset[str] = frozenset()
    """Ids of those that were skipped or expected to fail, likewise."""
    missing: bool = False
    """True where nothing was run because the tool is not installed."""
    refused: str = ""
    """What the output tells of a write outside of the fork that was refused; mostly empty."""
