"""`sef hook`, and the plugin's way to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.hooks.events import call, repository

import sef

PLUGIN = Path(sef.__file__).parent / "claude/plugin"
HERE = {"PYTHONPATH": str(PLUGIN.parents[2])}
"""Children run the package under test, whatever is installed beside it."""
MAIN = "import sys; sys.argv[0] = 'sef'; from sef.cli import main; main()"


def test_the_command_answers_without_the_command_lines_imports(tmp_path: Path) -> None:
    """The same answer as the entry's; typer and rich are not imported for it."""
    code = f"{MAIN.removesuffix('; main()')}\ntry:\n    main()\nfinally:\n"
    code += "    assert not {'typer', 'rich', 'asyncio'} & set(sys.modules)\n"
    event = json.dumps(call(repository(tmp_path, {"a": "a\n"}), "sef-document"))
    command = (sys.executable, "-c", code, "hook", "PreToolUse")
    environment = {**os.environ, **HERE}
    done = subprocess.run(
        command, env=environment, input=event, capture_output=True, text=True, check=True
    )
    given = json.loads(done.stdout)["hookSpecificOutput"]["updatedInput"]
    assert given["isolation"] == "worktree" and done.stderr == ""


def test_its_help_is_that_of_every_command() -> None:
    """It says what it is for, and that it never fails."""
    command = (sys.executable, "-c", MAIN, "hook", "--help")
    environment = {**os.environ, **HERE}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "always 0" in done.stdout


def test_the_plugin_goes_on_without_the_command(tmp_path: Path) -> None:
    """Where no sef is on PATH its hook says nothing; where one is, it gets the words and the event."""
    (tmp_path / "bin").mkdir()
    hook = ("/bin/sh", str(PLUGIN / "bin/hook"), "--scope", "plugin")
    environment = {"PATH": str(tmp_path / "bin")}
    done = subprocess.run(hook, env=environment, input=b"{}", capture_output=True, check=True)
    assert done.stdout == done.stderr == b""
    (tmp_path / "bin/sef").write_text('#!/bin/sh\necho "$*"\nread line; echo "$line"\n')
    os.chmod(tmp_path / "bin/sef", 0o700)
    done = subprocess.run(hook, env=environment, input=b"{}\n", capture_output=True, check=True)
    assert done.stdout == b"hook --scope plugin\n{}\n"
