"""Events sent through entries of hooks as Claude Code sends them, about a project made for it.

All that a hook keeps goes to a folder that is removed: its git folder and its state are there.
Only entries that are word for word ours come here.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sef.claude_doctor.snapshot import Answer, Entry
from sef.hooks.delegating import EXECUTORS
from sef.hooks.records import parsed, rows, state_folder
from sef.process import run_program
from sef.text import one_line

_WHO: Final = "sef-explore"
_MOST_S: Final = 60.0
_AUTHOR: Final = ("-c", "user.name=sef", "-c", "user.email=sef@localhost")
_GIT_STEPS: Final = (
    ("init", "-q", "--template="),
    (*_AUTHOR, "-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "canary"),
)
_Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Canary:
    """An event, and what its answer has to be."""

    event: str
    says: _Told
    row: str = ""
    """The row that it must leave in the journal."""
    answered: Callable[[_Told], bool] = lambda told: not told
    needs: tuple[str, ...] = ()
    """Events that must have been answered before, because this one is about what they left."""


@dataclass(slots=True)
class _Cage:
    """The folder, and what was seen in it."""

    folder: Path
    variables: Mapping[str, str]
    good: set[str] = field(default_factory=set)

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def log(self) -> Path:
        return self.folder / "state" / "sef" / "hooks" / "hooks.log"

    def rows(self) -> list[_Told]:
        return list(rows(state_folder(str(self.project / ".git"))))


async def answers(
    entries: Sequence[Entry], variables: Mapping[str, str], plugin_root: str = ""
) -> tuple[Answer, ...]:
    """What each entry of one source answers, in the order in which a session tells the events."""
    with _caged(variables) as cage:
        if wrong := await _prepared(cage):
            return tuple(Answer(event=one.event, milliseconds=0, wrong=wrong) for one in entries)
        order = {one.event: number for number, one in enumerate(_canaries(cage.project))}
        known = [one for one in entries if one.event in order]
        return tuple(
            [
                await _answer(cage, one, plugin_root)
                for one in sorted(known, key=lambda one: order[one.event])
            ]
        )


@contextmanager
def _caged(variables: Mapping[str, str]) -> Iterator[_Cage]:
    with tempfile.TemporaryDirectory(prefix="sef-canary-") as made:
        yield _Cage(folder=Path(made).resolve(), variables=variables)


async def _prepared(cage: _Cage) -> str:
    """Makes the project; says why it cannot be made."""
    for name in ("project", "state", "cache", "config", "tmp"):
        (cage.folder / name).mkdir()
    for step in _GIT_STEPS:
        try:
            done = await run_program(
                ("git", *step), cwd=cage.project, env=_environment(cage), timeout_s=_MOST_S
            )
        except OSError as error:
            return f"not tried: git does not start: {error.strerror}"
        if done.exit_code != 0:
            return f"not tried: git {step[0]}: {one_line(done.stderr.decode(errors='replace'))}"
    return ""


def _environment(cage: _Cage, plugin_root: str = "") -> dict[str, str]:
    kept = {name: one for name, one in cage.variables.items() if not name.startswith("GIT_")}
    own = {
        "CLAUDE_PROJECT_DIR": str(cage.project),
        "CLAUDE_CONFIG_DIR": str(cage.folder / "config"),
        "CLAUDE_PID": str(os.getpid()),
        "XDG_STATE_HOME": str(cage.folder / "state"),
        "XDG_CACHE_HOME": str(cage.folder / "cache"),
        "TMPDIR": str(cage.folder / "tmp"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    return {**kept, **own, **({"CLAUDE_PLUGIN_ROOT": plugin_root} if plugin_root else {})}


async def _answer(cage: _Cage, entry: Entry, plugin_root: str) -> Answer:
    canary = next(one for one in _canaries(cage.project) if one.event == entry.event)
    before = len(cage.rows())
    words = [one.replace("${CLAUDE_PLUGIN_ROOT}", plugin_root) for one in entry.words]
    began = time.perf_counter()
    try:
        done = await run_program(
            words,
            cwd=cage.project,
            env=_environment(cage, plugin_root),
            stdin=json.dumps(canary.says).encode(),
            timeout_s=min(entry.timeout_s, _MOST_S),
        )
    except OSError as error:
        wrong = f"it does not start: {one_line(words[0], 200)}: {error.strerror}"
        return Answer(event=entry.event, milliseconds=0, wrong=wrong)
    milliseconds = round((time.perf_counter() - began) * 1_000, 1)
    if done.timed_out:
        wrong = "no answer in time"
    elif done.exit_code != 0:
        wrong = f"exit code {done.exit_code}: {_last(done.stderr)}"
    else:
        wrong = _logged(cage) or _unexpected(canary, done.stdout, cage, before)
    if not wrong:
        cage.good.add(entry.event)
    return Answer(event=entry.event, milliseconds=milliseconds, wrong=wrong)


def _last(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return one_line(lines[-1] if lines else "it said nothing", 200)


def _logged(cage: _Cage) -> str:
    """What the hook wrote to its log instead of failing; it is taken away for the next one."""
    try:
        said = cage.log.read_bytes()
    except OSError:
        return ""
    cage.log.unlink()
    return _last(said).partition(" ")[2]


def _unexpected(canary: _Canary, said: bytes, cage: _Cage, before: int) -> str:
    """Why the answer is not the right one; empty where it is."""
    if not set(canary.needs) <= cage.good:
        return ""
    told = parsed(said) if said else {}
    own = (told or {}).get("hookSpecificOutput", {})
    if told is None or not isinstance(own, dict) or not canary.answered({**told, **own}):
        return "it answered nothing" if not said else "it answered something else"
    new = [one.get("event") for one in cage.rows()[before:]]
    return "" if not canary.row or canary.row in new else "it left no row in its journal"


def _canaries(project: Path) -> Iterable[_Canary]:
    about = {"session_id": "canary", "cwd": str(project)}
    about["transcript_path"] = str(project.parent / "tmp" / "none.jsonl")
    call = {
        "tool_name": "Agent",
        "tool_use_id": "canary",
        "tool_input": {"description": "canary", "prompt": "canary", "subagent_type": _WHO},
    }
    agent = {"agent_id": "canary", "agent_type": _WHO}
    ended = {"status": "completed", "agentType": _WHO, "agentId": "unrecorded", "content": []}
    began, planned = ("SubagentStart",), ("PreToolUse",)
    yield _canary("PreToolUse", {**about, **call}, "delegated", _is_given)
    yield _canary("SubagentStart", {**about, **agent}, "started", _has("additionalContext"))
    yield _canary("SubagentStop", {**about, **agent}, "looked_at", needs=began)
    end = {**about, **call, "tool_response": ended}
    yield _canary("PostToolUse", end, answered=_is_rejected)
    yield _canary("PostToolUseFailure", {**about, **call, "error": "canary"}, "failed")
    asked = {"command_name": "sef", "command_args": "", "prompt": "/sef"}
    yield _canary("UserPromptExpansion", {**about, **asked}, answered=_is_told)
    yield _canary("Stop", about, "booked", needs=planned)
    yield _canary("SessionStart", {**about, "session_id": "next"}, "booked", needs=planned)
    yield _canary("SessionEnd", about, "booked", needs=planned)


def _canary(
    event: str,
    says: _Told,
    row: str = "",
    answered: Callable[[_Told], bool] = lambda told: not told,
    needs: tuple[str, ...] = (),
) -> _Canary:
    whole = {"hook_event_name": event, **says}
    return _Canary(event=event, says=whole, row=row, answered=answered, needs=needs)


def _has(name: str) -> Callable[[_Told], bool]:
    return lambda told: bool(told.get(name))


def _is_given(told: _Told) -> bool:
    given, policy = told.get("updatedInput"), EXECUTORS[_WHO]
    if not isinstance(given, dict):
        return False
    wanted = {"model": policy["model"], "effort": policy["effort"], "run_in_background": False}
    return wanted.items() <= given.items()


def _is_told(told: _Told) -> bool:
    """The state is shown in place of a question to a model."""
    return told.get("decision") == "block" and str(told.get("reason")).startswith("sef")


def _is_rejected(told: _Told) -> bool:
    """Without a record of its start an executor's work is rejected, in words of sef."""
    return "SEF REJECTED" in json.dumps(told.get("updatedToolOutput"))
