"""Small tables of outcomes that tests write for themselves."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from pathlib import Path

HEAD = "task,repo,model,resolved,cost_usd,calls\n"
Row = tuple[str, str, str, object, object, object]


def write_rows(path: Path, rows: Iterable[Row]) -> Path:
    path.write_text(HEAD + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return path


def made_rows(
    models: Mapping[str, tuple[float, float]], tasks: int = 120, seed: int = 7
) -> list[Row]:
    """Rows of models with a rate and a mean cost each; hard tasks are dearer and less solved."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for number in range(tasks):
        hard, repo = rng.gauss(0, 1), f"repo{number % 6}"
        for model, (rate, cost) in models.items():
            ok = rng.random() < min(0.98, max(0.02, rate - 0.2 * hard))
            price = cost * rng.lognormvariate(0.2 * hard, 0.4)
            calls = 1 + round(20 * rng.lognormvariate(0, 0.5))
            rows.append((f"t{number:03}", repo, model, int(ok), f"{price:.6f}", calls))
    return rows


THREE = {"strong": (0.72, 1.0), "cheap": (0.6, 0.04), "middle": (0.65, 0.8)}
