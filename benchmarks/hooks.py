"""How long Claude Code waits for a hook of sef.

    python -m benchmarks.hooks --json

Starts the entry as Claude Code does, once an event, in a repository of its own: the time from the
start of the process to its end, standard input and output included. `python_p50_ms` is the bare
interpreter with the same flags, started in turn with the events: what a machine that is busy adds
shows there too. `state` is `/sef` with a journal of 100 delegations. `statusline_p50_ms` is the
status line for such a session, `statusline_over_p50_ms` what it adds to a command of the user's
that it wraps. `always_on_tokens` is what the installed agents and skills add to every session.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sef.hooks.entry
import sef.hooks.statusline
from sef.hooks.records import append, save
from sef.installation.assets import always_on, installed_files, tokens
from sef.owner import owner_of

_ENTRY = str(Path(sef.hooks.entry.__file__))
_LINE = str(Path(sef.hooks.statusline.__file__))
_FLAGS = (sys.executable, "-I", "-S")
_OWN = "cat > /dev/null; echo mine"
"""A status line of the user's."""
_DELEGATIONS = 100


def events(home: Path) -> dict[str, bytes]:
    """An event of each kind that most sessions see, about 4 kB like the real ones."""
    common = {"session_id": "s", "cwd": str(home), "transcript_path": str(home / "none.jsonl")}
    asked = {"description": "d", "prompt": "Mend it. " * 400, "subagent_type": "sef:sef-implement"}
    mine = {"tool_name": "Agent", "tool_use_id": "toolu_1", "tool_input": asked}
    other = {**mine, "tool_input": {**asked, "subagent_type": "general-purpose"}}
    found = {
        "delegated": {**common, **mine, "hook_event_name": "PreToolUse"},
        "let_be": {**common, **other, "hook_event_name": "PreToolUse"},
        "stop": {**common, "hook_event_name": "Stop"},
        "session_start": {**common, "hook_event_name": "SessionStart"},
        "state": {"hook_event_name": "UserPromptExpansion", "session_id": "s-9"}
        | {"cwd": str(home / "busy"), "command_name": "sef", "command_args": ""},
    }
    return {name: json.dumps(one).encode() for name, one in found.items()}


def seed(home: Path) -> None:
    """A journal of ten sessions, each of ten delegations, and an executor at work."""
    subprocess.run(("git", "init", "-q", str(home)), check=True)
    state = str(home / ".git" / "sef" / "hooks")
    for number in range(_DELEGATIONS):
        row = {"session": f"s-{number // 10}", "call": f"t-{number}", "executor": "sef-explore"}
        append(state, {"event": "delegated", **row, "reason": "", "model": "haiku"})
        append(state, {"event": "started", "agent": f"a-{number}", **row})
        told = [["tests", True, "120 tests pass, as before"]] * 4
        outcome = {"reason": "it holds", "evidence": told, "paths": ["a.py"], "kept": False}
        append(state, {"event": "accepted" if number % 5 else "rejected", **row, **outcome})
        models = {"claude-opus-5-5": {"requests": number, "input": 1_000, "output": 100}}
        append(state, {"event": "booked", **row, "final": False, "models": models})
    save(state, "sessions/s-9", {"files": {}, "requests": {}})
    record = asdict(owner_of(os.getpid()))
    save(state, "agents/a-99", {"session": "s-9", "executor": "sef-explore", **record})


def _took(command: tuple[str, ...], told: bytes) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, input=told, capture_output=True, check=True)
    assert not done.stderr, done.stderr
    return (time.perf_counter() - began) * 1000


def quantile(numbers: list[float], share: float) -> float:
    """The value that so large a share of the numbers does not exceed."""
    ranked = sorted(numbers)
    return round(ranked[min(len(ranked) - 1, int(share * len(ranked)))], 1)


def measured(times: int) -> dict[str, Any]:
    """The figures of so many rounds."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        subprocess.run(("git", "init", "-q", folder), check=True)
        told = events(home)
        entry = (*_FLAGS, _ENTRY, "--scope", "user")
        commands: dict[str, tuple[str, ...]] = dict.fromkeys(told, entry)
        commands["python"] = (*_FLAGS, "-c", "pass")
        seed(home / "busy")
        lines = {"line": (*_FLAGS, _LINE), "own": ("sh", "-c", _OWN)}
        commands |= {**lines, "wrapping": (*_FLAGS, _LINE, _OWN)}
        told |= dict.fromkeys(("line", "own", "wrapping"), told["state"])
        took: dict[str, list[float]] = {name: [] for name in commands}
        for name, command in commands.items():  # once for the file cache
            _took(command, told.get(name, b""))
        for _ in range(times):
            for name, command in commands.items():
                took[name].append(_took(command, told.get(name, b"")))
    bare, line, own = took.pop("python"), took.pop("line"), took.pop("own")
    added = quantile(took.pop("wrapping"), 0.5) - quantile(own, 0.5)
    everything = [one for found in took.values() for one in found]
    return {
        "hook_p50_ms": quantile(everything, 0.5),
        "hook_p99_ms": quantile(everything, 0.99),
        "python_p50_ms": quantile(bare, 0.5),
        "over_python_p50_ms": round(quantile(everything, 0.5) - quantile(bare, 0.5), 1),
        "statusline_p50_ms": quantile(line, 0.5),
        "statusline_over_p50_ms": round(added, 1),
        "by_event": {
            name: {"p50_ms": quantile(found, 0.5), "p99_ms": quantile(found, 0.99)}
            for name, found in took.items()
        },
        "always_on_tokens": tokens(
            always_on({n: t.decode() for n, t in installed_files().items()})
        ),
        "rounds": times,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=100)
    given = parser.parse_args()
    figures = measured(given.rounds)
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    for name, figure in figures.items():
        print(f"{name:<20} {figure}")


if __name__ == "__main__":
    main()
