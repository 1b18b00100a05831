"""Events as Claude Code tells them, and the entry that answers them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sef.hooks.entry

ENTRY = Path(sef.hooks.entry.__file__)


def call(cwd: Path, executor: str, **changed: object) -> dict[str, Any]:
    """A delegation that is about to begin."""
    asked = {"description": "d", "prompt": "Mend it.", "subagent_type": executor}
    event = {
        "hook_event_name": "PreToolUse",
        "session_id": "s-1",
        "cwd": str(cwd),
        "tool_name": "Agent",
        "tool_use_id": "toolu_1",
        "tool_input": {**asked, **(changed.pop("asked", None) or {})},
    }
    return {**event, **changed}


def told(event: Mapping[str, Any] | bytes, *arguments: str) -> tuple[int, dict[str, Any] | None]:
    """What the entry answers, as Claude Code runs it; None where it prints nothing."""
    said = event if isinstance(event, bytes) else json.dumps(event).encode()
    command = (sys.executable, "-I", "-S", str(ENTRY), *arguments)
    done = subprocess.run(command, input=said, capture_output=True, check=False, timeout=60)
    assert done.stderr == b""
    return done.returncode, json.loads(done.stdout) if done.stdout else None


def repository(folder: Path, files: Mapping[str, str]) -> Path:
    """A git repository with one commit."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for step in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "start")):
        git(folder, *step)
    return folder


def git(folder: Path, *words: str) -> str:
    """What git says."""
    named = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    done = subprocess.run((*named, *words), cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout
