"""The real client with sef's hooks told of in its settings."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.claude.client import ClientRun, client, make_project, run_client

import sef
import sef.hooks.entry
from sef.testing.provider import Request, Turn

AGENTS = Path(sef.__file__).parent / "claude/plugin/agents"
MATCHERS = {
    "PreToolUse": "Agent",
    "SubagentStart": "(^|:)sef-",
    "SubagentStop": "(^|:)sef-",
    "PostToolUse": "Agent",
    "PostToolUseFailure": "Agent",
    "Stop": None,
    "SessionStart": None,
    "SessionEnd": None,
    "UserPromptExpansion": "^(sef:)?sef$",
}


def settings() -> str:
    """Settings that tell of every hook, with the interpreter that runs the test."""
    entry = str(Path(sef.hooks.entry.__file__))
    run = {"type": "command", "command": sys.executable, "timeout": 200}
    run["args"] = ["-I", "-S", entry]
    hooks = {
        event: [{**({"matcher": matcher} if matcher else {}), "hooks": [run]}]
        for event, matcher in MATCHERS.items()
    }
    return json.dumps({"hooks": hooks})


def hooked_run(
    root: Path, script: Iterable[Turn], files: Mapping[str, str] | None = None
) -> ClientRun:
    """A run in the project below `root`, with the executors of the plugin and all hooks."""
    client()
    if not (root / "project").is_dir():
        make_project(root)
        for name, text in (files or {}).items():
            (root / "project" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "project" / name).write_text(text)
        shutil.copytree(AGENTS, root / "config/agents")
    options = ("--model", "opus", "--dangerously-skip-permissions", "--settings", settings())
    return run_client(root, script, "Have it done.", *options)


def delegates(executor: str, prompt: str, **more: object) -> tuple[str, Mapping[str, object]]:
    """A call of the agent tool that says no more than it must."""
    return ("Agent", {"description": "d", "prompt": prompt, "subagent_type": executor, **more})


def of(executor: str, request: Request) -> bool:
    """True for what that executor asks."""
    return own_words(executor) in request.system


def own_words(executor: str) -> str:
    """What only that executor's instructions begin with."""
    return (AGENTS / f"{executor}.md").read_text().split("---\n", 2)[2].split("\n")[0]


def results(run: ClientRun) -> str:
    """All that the main conversation was told, as JSON text."""
    return json.dumps(run.requests[-1].messages)
