"""`python -m tests.environment.matrix --python A --python B --json`: the whole matrix.

Makes every project with real installers (uv must be on PATH; packages come from the index it is
set up with), judges two drafts of each, with the user's tree hidden, with the fork mounted over it and
in the open, and counts the cells. `--control` adds what happens without any of it: a matrix that saw
nothing wrong there would be blind. Ends with 1 when a cell is wrong, or when a user's file changed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tests.environment.matrix.judging import BROKEN, CONTROL, WRONG, Row, judge
from tests.environment.matrix.making import make
from tests.environment.matrix.projects import PROJECTS, RUNNERS, Spec

from sef.environment import Settings

MODES = {
    "hidden": Settings(mode="hide"),
    "mount": Settings(mode="mount"),
    "open": Settings(mode="open"),
}
# A preparation that takes longer has run an installer.
_INSTALLING_MS = 120


def rows_of(spec: Spec, python: Path, folder: Path, modes: Sequence[str]) -> list[Row]:
    """Every run of one project; a project that cannot be made has none but a reason."""
    try:
        made = make(spec, folder, python)
    except RuntimeError as problem:
        row = Row(project=spec.name, mechanism=spec.mechanism, draft="", mode="")
        row.reason = f"not made: {problem}"
        return [row]
    drafts = ("code", "build") if spec not in RUNNERS else ("code",)
    pairs = [(draft, mode) for draft in drafts for mode in modes]
    return [judge(made, draft, mode, at, MODES.get(mode)) for at, (draft, mode) in enumerate(pairs)]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs what the arguments say and prints it."""
    asked = _arguments(argv)
    specs = [spec for spec in (*PROJECTS, *RUNNERS) if asked.only in spec.name]
    modes = [*(asked.mode or MODES), *([CONTROL] if asked.control else [])]
    found: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory(prefix="sef-matrix-") as folder:
        for python in asked.python:
            home = Path(folder, str(len(found)))
            with ThreadPoolExecutor(asked.jobs) as pool:
                jobs = [
                    pool.submit(rows_of, spec, Path(python), home / _folder(spec), modes)
                    for spec in specs
                ]
                found[python] = [row for job in jobs for row in _told(job.result(), asked.json)]
    print(json.dumps(summary(found), indent=2) if asked.json else _words(found))  # noqa: T201
    return int(any(is_bad(row) for rows in found.values() for row in rows))


def _folder(spec: Spec) -> str:
    return spec.name.replace(" ", "-")


def is_bad(row: Row) -> bool:
    return row.mode != CONTROL and (WRONG in row.cells.values() or not row.untouched)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.environment.matrix")
    parser.add_argument("--python", action="append", required=True, help="an interpreter")
    parser.add_argument("--only", default="", help="part of a project's name")
    parser.add_argument("--mode", action="append", choices=MODES, help="all when not given")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--control", action="store_true", help="also without any environment")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(argv)


def _told(rows: list[Row], quiet: bool) -> list[Row]:
    for row in rows:
        letters = row.letters if row.cells else "--------"
        line = f"{row.project:26} {row.draft:6} {row.mode:7} {letters} {row.level:11} {row.prepare_s:6.2f} s"
        touched = "" if row.untouched else "  CHANGED THE USER'S FILES"
        print(line + touched, "" if row.level == "hidden" else row.reason[:200],  # noqa: T201
              file=sys.stderr, flush=True)  # fmt: skip
        if row.mode != CONTROL and {BROKEN, WRONG}.intersection(row.cells.values()):
            print(row.output, file=sys.stderr)  # noqa: T201
    return rows


def summary(found: dict[str, list[Row]]) -> dict[str, object]:
    """Counts by interpreter, by mechanism and by mode, and every row."""
    told: dict[str, object] = {}
    for python, rows in found.items():
        keys = sorted({(row.mechanism, row.mode) for row in rows})
        by = {
            f"{mechanism}, {mode}": _count(
                [row for row in rows if (row.mechanism, row.mode) == (mechanism, mode)]
            )
            for mechanism, mode in keys
        }
        told[python] = {
            "projects": len({row.project for row in rows if row.cells}),
            "cells": _count([row for row in rows if row.mode != CONTROL]),
            "control": _count([row for row in rows if row.mode == CONTROL]),
            "untouched": all(row.untouched for row in rows if row.mode != CONTROL),
            "prepare_ms": {mode: _spread(rows, mode) for mode in MODES},
            "by_mechanism": by,
            "rows": [asdict(row) | {"output": ""} for row in rows],
        }
    return told


def _spread(rows: list[Row], mode: str) -> dict[str, list[int]]:
    """Median, 95th percentile and number of the preparations, with and without an installation."""
    told = {}
    times = [row.prepare_s * 1000 for row in rows if row.mode == mode and row.prepare_s]
    for name, kept in (
        ("shadow", sorted(one for one in times if one < _INSTALLING_MS)),
        ("install", sorted(one for one in times if one >= _INSTALLING_MS)),
    ):
        if kept:
            told[name] = [
                round(kept[len(kept) // 2]),
                round(kept[int(len(kept) * 0.95)]),
                len(kept),
            ]
    return told


def _count(rows: list[Row]) -> dict[str, int]:
    return dict(Counter(cell for row in rows for cell in row.cells.values()))


def _words(found: dict[str, list[Row]]) -> str:
    lines = []
    for python, rows in found.items():
        judged = _count([row for row in rows if row.mode != CONTROL])
        control = _count([row for row in rows if row.mode == CONTROL])
        lines.append(f"{python}: {judged}" + (f", without any of it {control}" if control else ""))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
