"""The table of executors, and how the model behind each says the same thing."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sef.sandbox import probe
from sef.testing.provider import Turn, Used

Call = tuple[str, Mapping[str, object]]
FORM: Final[Mapping[str, object]] = {
    "result": "It says alpha.",
    "read": ["one.txt:1"],
    "changed": [],
    "checks": [],
    "doubts": [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One thing that a model has done, whatever the tool for it is called."""

    tool: str
    """read, edit, write, run, search, hand."""
    path: str = ""
    old: str = ""
    new: str = ""
    command: str = ""


def read(path: str) -> Move:
    return Move(tool="read", path=path)


def edit(path: str, old: str, new: str) -> Move:
    return Move(tool="edit", path=path, old=old, new=new)


def write(path: str, text: str) -> Move:
    return Move(tool="write", path=path, new=text)


def run(command: str) -> Move:
    return Move(tool="run", command=command)


def search(pattern: str, path: str = ".") -> Move:
    return Move(tool="search", old=pattern, path=path)


HAND: Final = Move(tool="hand")


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """A row of the table."""

    name: str
    use: str
    provider: str = "anthropic"
    model: str = "claude-haiku-5-5"
    dearer: str = "claude-opus-5-5"
    """Another model of that provider that the price table knows."""
    suffix: str = ""
    """Of the address that it is given."""
    retries: int = 1
    """How often our own wrappers ask again; Claude Code asks twice again by itself."""

    @property
    def asks(self) -> bool:
        """True where it asks a model over the network."""
        return self.use != "scripted"

    @property
    def missing(self) -> str:
        """Why it cannot be tried here; empty where it can."""
        if self.use == "claude" and not _carries_a_client():
            return "needs claude-agent-sdk, whose wheel carries the client"
        needed = ("pydantic_ai", "pydantic_ai_harness", "anthropic", "openai")
        absent = [one for one in needed if importlib.util.find_spec(one) is None]
        if self.use == "api" and absent:
            return f"the extra api is not installed: {absent[0]} is missing"
        if self.asks and probe() is None:
            return "no sandbox works here"
        if self.use == "claude" and not all(map(shutil.which, ("bwrap", "socat"))):
            return "Claude Code's sandbox needs bubblewrap and socat"
        return ""

    def call(self, move: Move, fork: Path) -> Call:
        """The move as a call of the executor's own tool."""
        return (_claude if self.use == "claude" else _api)(move, fork)

    def turn(self, fork: Path, *moves: Move, used: Used | None = None, **more: object) -> Turn:
        """A turn of the model that makes the moves."""
        calls = tuple(self.call(one, fork) for one in moves)
        return Turn(calls=calls, used=used or Used(), **more)  # type: ignore[arg-type]


def _claude(move: Move, fork: Path) -> Call:
    # An absolute path stays as it is.
    path = str(fork / move.path)
    given: Mapping[str, Call] = {
        "read": ("Read", {"file_path": path}),
        "edit": ("Edit", {"file_path": path, "old_string": move.old, "new_string": move.new}),
        "write": ("Write", {"file_path": path, "content": move.new}),
        "run": ("Bash", {"command": move.command, "description": "as asked"}),
        "search": ("Grep", {"pattern": move.old, "path": path, "output_mode": "content"}),
        "hand": ("StructuredOutput", FORM),
    }
    return given[move.tool]


def _api(move: Move, _: Path) -> Call:
    edits = [{"old_text": move.old, "new_text": move.new}]
    given: Mapping[str, Call] = {
        "read": ("read_file", {"path": move.path}),
        "edit": ("edit_file", {"path": move.path, "replacements": edits}),
        "write": ("write_file", {"path": move.path, "content": move.new}),
        "run": ("run_command", {"command": move.command}),
        "search": ("grep", {"pattern": move.old, "path": move.path}),
        "hand": ("hand_back", FORM),
    }
    return given[move.tool]


def script_file(path: Path, moves: Sequence[Move], *, seconds: float, cost: str) -> Path:
    """The moves as a file for the pretend model, which writes and edits, and has no other tool."""
    lines = ["[[script]]", 'task = "t"', f"says = {json.dumps(FORM['result'])}"]
    lines += [f"seconds = {seconds}", f"cost_usd = {cost}"]
    for one in moves:
        if one.tool == "write":
            lines += ["[[script.write]]", _line("path", one.path), _line("text", one.new)]
        elif one.tool == "edit":
            lines += ["[[script.edit]]", _line("path", one.path)]
            lines += [_line("find", one.old), _line("replace", one.new)]
    path.write_text("\n".join(lines))
    return path


def _line(name: str, value: str) -> str:
    return f"{name} = {json.dumps(value)}"


def _carries_a_client() -> bool:
    spec = importlib.util.find_spec("claude_agent_sdk")
    places = (spec.submodule_search_locations or ()) if spec else ()
    return any((Path(place) / "_bundled" / "claude").is_file() for place in places)


SCRIPTED: Final = Staff(name="scripted", use="scripted")
CLAUDE: Final = Staff(name="claude", use="claude", retries=0)
MESSAGES: Final = Staff(name="api-anthropic", use="api")
COMPLETIONS: Final = Staff(
    name="api-openai",
    use="api",
    provider="openai",
    model="gpt-6-luna",
    dearer="gpt-6.1-sol",
    suffix="/v1",
)
STAFF: Final = (SCRIPTED, CLAUDE, MESSAGES, COMPLETIONS)
