"""Outcome tables: which model solved which task, for how much money and with how many calls.

A table is a CSV file with a head line, or JSON lines, with the columns task, repo, model, resolved,
cost_usd and calls; some other names of these columns are known. Rows that cannot be used are left
out and counted by reason, never mended.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sef.errors import UsageError
from sef.replay.rows import Row, rows_of
from sef.text import one_line

MOST_BYTES: Final = 256 * 2**20
MOST_ROWS: Final = 1_000_000
FEWEST_TASKS: Final = 30
_MOST: Final = MappingProxyType({"cost_usd": 1e6, "calls": 1e9})
"""Of one run. What is above is a mistake of its unit, and sums of such lose all digits."""
_LEAST: Final = 1e-9
"""The least amount besides 0, for the same reason."""
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_ENDLESS: Final = re.compile(r"[+-]?(?:nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_NAMES: Final = MappingProxyType(
    {
        "task": ("task", "task_id", "instance_id"),
        "repo": ("repo", "repository", "category"),
        "model": ("model",),
        "resolved": ("resolved",),
        "cost_usd": ("cost_usd", "cost", "cost_list"),
        "calls": ("calls", "api_calls", "turns"),
    }
)
_TRUTH: Final = MappingProxyType(
    {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One model's work on one task."""

    resolved: bool
    cost: float
    """US dollars."""
    calls: float
    """Calls of the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """A table of runs."""

    runs: Mapping[str, Mapping[str, Run]]
    """By model, then by task."""
    repos: Mapping[str, str]
    """The repository (or category) of each task."""
    columns: Mapping[str, str]
    """The names that the file gives to the columns."""
    excluded: Mapping[str, int]
    """Rows that are not used, by reason."""

    def common(self, models: Iterable[str]) -> tuple[str, ...]:
        """The tasks that all these models worked on, sorted.

        Raises UsageError where a model is not in the table, or too few tasks are common.
        """
        wanted = tuple(dict.fromkeys(models))
        for model in wanted:
            if model not in self.runs:
                raise UsageError(f"no runs of a model {one_line(model)!r}", hint=self._like(model))
        tasks = sorted(set.intersection(*(set(self.runs[model]) for model in wanted)))
        if len(tasks) < FEWEST_TASKS:
            raise UsageError(
                f"{len(tasks)} tasks are common to {one_line(', '.join(wanted))}:"
                f" fewer than {FEWEST_TASKS} tell nothing",
                hint="Take models that worked on the same tasks, or a larger table.",
            )
        return tuple(tasks)

    def _like(self, model: str) -> str:
        near = get_close_matches(model, self.runs, n=3, cutoff=0.3) or sorted(self.runs)[:8]
        return f"Near to it: {', '.join(map(one_line, near))}"


def load(path: Path) -> Outcomes:
    """The table in a file. Raises UsageError where it is no table of outcomes, OSError as open."""
    if path.stat().st_size > MOST_BYTES:
        raise UsageError(f"{path} has more than {MOST_BYTES // 2**20} MiB: too much for a table")
    known = frozenset(name for names in _NAMES.values() for name in names)
    return _table(path, rows_of(path, known))


def _table(path: Path, rows: Iterator[Row]) -> Outcomes:
    first = next(rows, None)
    if first is None:
        raise UsageError(f"{path} has no rows", hint=f"Columns of a table: {', '.join(_NAMES)}")
    columns = _columns(path, first)
    runs: dict[str, dict[str, Run]] = {}
    repos: dict[str, str] = {}
    excluded: Counter[str] = Counter()
    for number, row in enumerate(_chained(first, rows), 1):
        if number > MOST_ROWS:
            raise UsageError(f"{path} has more than {MOST_ROWS:,} rows: too many for a table")
        named = {name: row.get(column) for name, column in columns.items()}
        task, repo, model = (one_line(_text(named[name])) for name in ("task", "repo", "model"))
        why = _obstacle(named, task, repo, model) or _clash(task, repo, model, runs, repos)
        if why:
            excluded[why] += 1
            continue
        repos[task] = repo
        runs.setdefault(model, {})[task] = _run(named)
    if not runs:
        raise UsageError(f"no row of {path} can be used: {_listed(excluded)}")
    return Outcomes(runs=runs, repos=repos, columns=columns, excluded=dict(excluded))


def _columns(path: Path, row: Mapping[str, object]) -> dict[str, str]:
    found = {
        name: next((column for column in known if column in row), "")
        for name, known in _NAMES.items()
    }
    missing = [name for name, column in found.items() if not column]
    if missing:
        there = one_line(", ".join(row), 300)
        also = "; ".join(f"{name}: {' or '.join(_NAMES[name])}" for name in missing)
        raise UsageError(
            f"{path} has no column {', '.join(missing)}", hint=f"It has {there}. Known: {also}."
        )
    return found


def _chained(first: Row, rows: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rows


def _obstacle(named: Mapping[str, object], task: str, repo: str, model: str) -> str | None:
    """Why a row cannot be used by itself."""
    if not (task and repo and model):
        return "no task, repository or model"
    if _text(named["resolved"]).lower() not in _TRUTH:
        return "resolved is neither 0 nor 1"
    for name in ("cost_usd", "calls"):
        number = _number(named[name])
        if number is None:
            return f"{name} is no number"
        if not math.isfinite(number):
            return f"{name} is not finite"
        if number < 0:
            return f"{name} is negative"
        if number > _MOST[name]:
            return f"{name} is above {_MOST[name]:,.0f}"
        if 0 < number < _LEAST:
            return f"{name} is not 0 and below a billionth"
    return None


def _clash(
    task: str,
    repo: str,
    model: str,
    runs: Mapping[str, Mapping[str, Run]],
    repos: Mapping[str, str],
) -> str | None:
    """Why a row does not go with those before it."""
    if task in runs.get(model, ()):
        return "a further run of the same model and task"
    if repos.get(task, repo) != repo:
        return "the task is in another repository elsewhere"
    return None


def _run(named: Mapping[str, object]) -> Run:
    return Run(
        resolved=_TRUTH[_text(named["resolved"]).lower()],
        cost=float(_text(named["cost_usd"])),
        calls=float(_text(named["calls"])),
    )


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _number(value: object) -> float | None:
    """Digits of ASCII without marks between them; float() would take 1_000 as well."""
    text = _text(value)
    known = _NUMBER.fullmatch(text) or _ENDLESS.fullmatch(text)
    return float(text) if known else None


def _listed(excluded: Mapping[str, int]) -> str:
    return ", ".join(f"{count} rows: {why}" for why, count in sorted(excluded.items()))
