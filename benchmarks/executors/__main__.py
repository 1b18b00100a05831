"""What executors add to the clients that they drive.

    python -m benchmarks.executors --json [--only claude] [--runs 9]

Against a model provider on loopback, in forks of a temporary repository, with the sandbox on. For
each executor that asks a model:

first_request_cold_s   a new process imports and makes the executor and gives it a task: seconds
                       until its first request arrives (median)
first_request_warm_s   the same where a client waits, or the process has run one before (median)
memory_mb_per_agent    while four agents of Claude Code, or sixteen of an API, wait for an answer
run_overhead_ratio     a run of three turns (read, write, hand back; the provider takes 0.3 s for
                       each answer) through ours, over the bare client's: medians of runs in turn
cancel_s               from calling an attempt off to its end: the larger of the two medians, while
                       a request hangs and while a command runs

Every timed run is checked: the file was written, the hand-back came. Needs the extras `claude` and
`api`; what is missing is left out and named.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from benchmarks.executors import bare
from benchmarks.executors.ground import THINKING_S, WIRES, Ground, Wire, make_ground
from benchmarks.executors.timing import (
    called_off,
    first_request_cold,
    first_request_warm,
    megabytes,
    three_turn_runs,
)

GOALS = {"first_request_warm_s": 0.25, "cancel_s": 0.10, "run_overhead_ratio": 1.10}
_AGENTS, _API_AGENTS = 4, 16
_PACKAGES = ("claude-agent-sdk", "pydantic-ai-slim", "pydantic-ai-harness", "anthropic", "openai")


def measured(wire: Wire, ground: Ground, runs: int) -> tuple[dict[str, float], dict[str, object]]:
    """The five figures, and what they were made of."""
    _say(f"{wire.name}: first requests")
    cold = [first_request_cold(wire, ground) for _ in range(max(3, runs // 2))]
    warm = asyncio.run(first_request_warm(wire, ground, runs))
    _say(f"{wire.name}: memory")
    agents = _AGENTS if wire.claude else _API_AGENTS
    memory = megabytes(wire, ground, agents)
    _say(f"{wire.name}: runs of three turns")
    ours, theirs, pooled = asyncio.run(three_turn_runs(wire, ground, runs))
    _say(f"{wire.name}: calling off")
    request = asyncio.run(called_off(wire, ground, runs, command=False))
    command = asyncio.run(called_off(wire, ground, runs, command=True))
    middle = statistics.median
    figures = {
        "first_request_cold_s": middle(cold),
        "first_request_warm_s": middle(warm),
        "memory_mb_per_agent": memory,
        "run_overhead_ratio": middle(ours) / middle(theirs),
        "cancel_s": max(middle(request), middle(command)),
    }
    behind = {
        "agents": agents,
        "first_request_warm_s": _spread(warm),
        "run_s": _spread(ours),
        "run_with_waiting_client_s": _spread(pooled),
        "bare_run_s": _spread(theirs),
        "cancel_while_a_request_hangs_s": _spread(request),
        "cancel_while_a_command_runs_s": _spread(command),
    }
    return {name: round(value, 4) for name, value in figures.items()}, behind


def missed(name: str, figures: dict[str, float]) -> list[str]:
    """The goals that are not met."""
    return [
        f"{name}: {figure} is {figures[figure]}, the goal is at most {most}"
        for figure, most in GOALS.items()
        if figures[figure] > most
    ]


def missing(wire: Wire) -> str:
    """Why an executor cannot be measured here; empty where it can."""
    if wire.claude:
        return bare.without_claude()
    needed = ("pydantic_ai", "pydantic_ai_harness", "anthropic", "openai")
    return next((f"{one} is not installed" for one in needed if find_spec(one) is None), "")


def conditions() -> dict[str, object]:
    """What the figures depend on."""
    return {
        "load": round(os.getloadavg()[0], 2),
        "cpus": os.cpu_count(),
        "python": sys.version.split()[0],
        "thinking_s": THINKING_S,
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _spread(values: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 4),
        "least": round(min(values), 4),
        "most": round(max(values), 4),
        "runs": len(values),
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Measures, prints, and says on standard error which goals are missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, and nothing else")
    parser.add_argument("--only", choices=[one.name for one in WIRES], help="one executor")
    parser.add_argument("--runs", type=int, default=9, help="of each kind (default 9)")
    asked = parser.parse_args()
    found: dict[str, object] = {}
    behind: dict[str, object] = {}
    goals: list[str] = []
    before = conditions()
    for wire in WIRES:
        if asked.only not in (None, wire.name):
            continue
        if why := missing(wire):
            _say(f"{wire.name} is left out: {why}")
            continue
        with tempfile.TemporaryDirectory(prefix="sef-bench-") as folder:
            ground = make_ground(Path(folder).resolve(), _API_AGENTS)
            figures, behind[wire.name] = measured(wire, ground, asked.runs)
        found[wire.name] = figures
        goals += missed(wire.name, figures)
    for one in goals:
        _say(f"missed: {one}")
    before["load_at_the_end"] = round(os.getloadavg()[0], 2)
    whole = {**found, "missed": goals, "behind": behind, "conditions": before}
    if asked.json:
        print(json.dumps(whole))
        return
    for name, figures_of in found.items():
        print(name)
        for figure, value in dict(figures_of).items():  # type: ignore[call-overload]
            print(f"  {figure:22} {value}")


if __name__ == "__main__":
    main()
