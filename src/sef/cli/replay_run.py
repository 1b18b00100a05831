"""What `sef replay` does once its options are known."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.text import Text

from sef.cli.complaints import printing, write
from sef.cli.replay_page import allow, write_page
from sef.cli.replay_tables import print_contest, print_excluded, print_pairs
from sef.errors import UsageError
from sef.gate import Rule
from sef.replay.case import Case, make_case
from sef.replay.contest import Contest, Standing, contest
from sef.replay.html import page
from sef.replay.outcomes import Outcomes, load
from sef.replay.pairs import play_pairs, rows, summary
from sef.replay.policies import SEED_SHARES
from sef.replay.settings import Settings
from sef.replay.verifier import Verifier
from sef.sinks.console import terminal
from sef.text import one_line

_QUIET_S = 2.0
"""Seconds of work before progress is told, and between two lines of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The options, as they were given."""

    outcomes: Path | None
    target: str | None
    drafts: tuple[str, ...]
    all_pairs: bool
    auc: float | None
    tar: float | None
    far: float | None
    rho: float
    verifier_cost: float
    max_regressions: float
    orders: int
    warm_up: int
    seed: int
    as_json: bool
    html: Path | None
    force: bool

    def settings(self) -> Settings:
        """What they mean. Raises UsageError where they contradict."""
        rates = self.tar is not None or self.far is not None
        auc = 0.95 if self.auc is None and not rates else self.auc
        return Settings(
            verifier=Verifier(
                auc=auc, tar=self.tar, far=self.far, rho=self.rho, cost=self.verifier_cost
            ),
            seed=self.seed,
            rule=Rule(warm_up=self.warm_up),
            orders=self.orders,
            regressions=self.max_regressions,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """The options of a simulated certificate."""

    epsilon: float
    delta: float
    deployments: int
    seed: int
    as_json: bool
    unfit: tuple[str, ...] = ()
    """Options that were given and do not go with it."""


def run_replay(asked: Replay) -> int:
    """Replays a table and prints what came of it. Raises UsageError where it cannot be."""
    if asked.outcomes is None:
        raise UsageError("no table of outcomes", hint="Name one: --outcomes FILE")
    settings = asked.settings()
    if asked.force and asked.html is None:
        raise UsageError("--force is for --html alone", hint="Leave it out.")
    if asked.all_pairs:
        if asked.target or asked.drafts or asked.html:
            raise UsageError(
                "--all-pairs goes with neither --target and --draft nor --html",
                hint="It takes every pair of models, and prints a table or JSON.",
            )
        return _all_pairs(asked, load(asked.outcomes), settings)
    if not asked.target or not asked.drafts:
        raise UsageError(
            "a replay needs a target and a draft",
            hint="--target MODEL --draft MODEL, or --all-pairs",
        )
    if asked.html is not None:
        allow(asked.html, asked.outcomes, force=asked.force)
    outcomes = load(asked.outcomes)
    case = make_case(outcomes, asked.target, asked.drafts)
    found = contest(case, settings, _progress("order"))
    excluded = _excluded(outcomes, case)
    inputs = _inputs(asked, settings, outcomes, len(case.tasks), len(set(case.repos)))
    if asked.html is not None:
        said = page(found, inputs, excluded)
        write_page(asked.html, asked.outcomes, said, force=asked.force)
    if asked.as_json:
        write(_json(_object(found, inputs, excluded)))
        return 0
    with printing():
        print_contest(found, inputs, excluded)
    return 0


def run_certificate(asked: Certified) -> int:
    """Simulates certified acceptance and prints its figures.

    Raises UsageError where the options do not go with it.
    """
    if asked.unfit:
        raise UsageError(
            f"--certificate goes without {', '.join(asked.unfit)}",
            hint="It simulates deployments of its own: no table is read, no page is written.",
        )
    from sef.replay.certificate import simulate

    found = simulate(
        asked.epsilon, asked.delta, asked.deployments, asked.seed, _progress("deployment")
    )
    if asked.as_json:
        write(_json({"schema": 1, **found}))
        return 0
    with printing():
        for name, value in found.items():
            said = (
                json.dumps(value, allow_nan=False) if isinstance(value, dict | list) else str(value)
            )
            terminal().print(Text(f"  {name:<28} {said}"), soft_wrap=True)
    return 0


def _all_pairs(asked: Replay, outcomes: Outcomes, settings: Settings) -> int:
    played = play_pairs(outcomes, settings, _progress("pair"))
    figures = summary(played)
    tasks, repos = len(outcomes.repos), len(set(outcomes.repos.values()))
    inputs = _inputs(asked, settings, outcomes, tasks, repos)
    if asked.as_json:
        said = {"schema": 1, "pairs": list(rows(played)), **figures, "inputs": inputs}
        write(_json(said | {"excluded": dict(outcomes.excluded)}))
        return 0
    with printing():
        print_pairs(played, figures)
        print_excluded(outcomes.excluded)
    return 0


def _json(said: Mapping[str, object]) -> str:
    """The one object. NaN and infinity are no JSON: rather nothing than those."""
    return json.dumps(said, indent=2, allow_nan=False) + "\n"


def _object(
    found: Contest, inputs: Mapping[str, object], excluded: Mapping[str, int]
) -> dict[str, object]:
    return {
        "schema": 1,
        "policies": {name: _standing(one) for name, one in found.standings.items()},
        "ours": {
            "modes": _rounded(found.modes),
            "drafted": _rounded(found.drafted),
            "gates": {
                name: _finite(asdict(one)) | {"reason": one.reason}
                for name, one in found.gates.items()
            },
        },
        "frontier": [
            {"quality_asked": asked, "cost_ratio": round(cost, 4), "quality_delta": round(got, 3)}
            for asked, cost, got in found.frontier
        ],
        "inputs": inputs,
        "excluded": dict(excluded),
    }


def _standing(one: Standing) -> dict[str, object]:
    return {
        "cost_ratio": round(one.cost_ratio, 4),
        "quality_delta": round(one.quality_delta, 3),
        "cost_ci": [round(value, 4) for value in one.cost_ci],
        "quality_ci": [round(value, 3) for value in one.quality_ci],
        "time_ratio": round(one.time_ratio, 3),
        "regressions": round(one.regressions, 3),
        "cost": {
            "draft": round(one.draft, 4),
            "verify": round(one.verify, 4),
            "redo": round(one.redo, 4),
        },
    }


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def _finite(values: Mapping[str, object]) -> dict[str, object]:
    """For JSON, which has no infinity: a draft that is never stopped has no limit."""
    return {
        name: (None if value == float("inf") else round(value, 4))
        if isinstance(value, float)
        else value
        for name, value in values.items()
    }


def _inputs(
    asked: Replay, settings: Settings, outcomes: Outcomes, tasks: int, repos: int
) -> dict[str, object]:
    rule = settings.rule
    return {
        "outcomes": one_line(asked.outcomes.name if asked.outcomes else ""),
        "columns": dict(outcomes.columns),
        "tasks": tasks,
        "repositories": repos,
        "target": asked.target,
        "drafts": list(asked.drafts),
        "verifier": _finite(asdict(settings.verifier)),
        "seed": settings.seed,
        "orders": settings.orders,
        "training_draws": settings.draws,
        "max_regressions": settings.regressions,
        "rule": _finite(asdict(rule)),
        "seed_shares": {str(tier): share for tier, share in SEED_SHARES.items()},
        "time_ratio": "calls one after another: a stand-in for time",
        "target_twice": "the second run of the target is taken to end as the first",
    }


def _excluded(outcomes: Outcomes, case: Case) -> dict[str, int]:
    """Rows that were not used, by reason, those of other tasks included."""
    models = (case.target_name, *case.names)
    known = {task for model in models for task in outcomes.runs[model]}
    partial = len(known) - len(case.tasks)
    return {
        **outcomes.excluded,
        **({"tasks without a run of each of these models": partial} if partial else {}),
    }


def _progress(thing: str) -> Callable[[int, int], None]:
    """Tells on standard error how far it is, where it takes longer than a moment."""
    told = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal told
        if time.monotonic() - told < _QUIET_S or done >= of:
            return
        told = time.monotonic()
        with suppress(OSError):
            terminal(stderr=True).print(Text(f"{thing} {done} of {of}", "dim"))

    return tell
