"""The real Claude Code client calls the tools; the provider is on loopback."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from claude.client import make_project, run_client
from mcp_server import serving
from sef.testing.provider import Turn

pytestmark = pytest.mark.slow


def test_claude_code_calls_a_tool_and_reads_its_result(tmp_path: Path) -> None:
    """A run without a model, in the client's project; the model is told where it was found."""
    make_project(tmp_path)
    project = tmp_path / "project"
    server = {
        "command": sys.executable,
        "args": ["-c", "from sef.cli import main; main()", "mcp"],
        "alwaysLoad": True,
    }
    options = ("--mcp-config", json.dumps({"mcpServers": {"sef": server}}), "--strict-mcp-config")
    tool = "mcp__sef__sef_run"
    calls = ((tool, {"tasks": ['search for "beta"']}),)
    script = [Turn(text="I ask sef.", calls=calls), Turn(text="It is in two.txt.")]
    run = run_client(
        tmp_path, script, "Where is beta?", "--model", "opus", "--allowedTools", tool, *options
    )
    assert (run.exit_code, run.result["result"]) == (0, "It is in two.txt."), run.errors
    first, second = run.requests
    assert {"mcp__sef__sef_plan", "mcp__sef__sef_verify", tool} <= set(first.tools)
    assert "two.txt" in second.last
    assert (project / ".git" / "sef" / "journal.sqlite3").is_file()
    assert serving.leftovers(project) == []
