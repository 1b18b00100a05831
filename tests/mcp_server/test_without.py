"""What stands in for the server where there is no sef, or no extra: the plugin's `bin/mcp`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import sef

SCRIPT = Path(sef.__file__).parent / "claude/plugin/bin/mcp"


def spoken(lines: list[str], *arguments: str, path: str) -> tuple[list[dict[str, object]], str]:
    """What it answers to these lines, and its words on standard error."""
    done = subprocess.run(
        ("/bin/sh", str(SCRIPT), *arguments),
        env={"PATH": path},
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def request(number: object, method: str, **params: object) -> str:
    said = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps(said, separators=(",", ":"))


HELLO = request(0, "initialize", protocolVersion="2025-11-25", capabilities={"roots": {}})
TOLD = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"})
ASKS = [HELLO, TOLD, request("a-1", "tools/list"), request(7, "ping"), "no JSON"]


@pytest.mark.parametrize(
    ("arguments", "why"), [((), "sef is not on PATH"), (("--without",), "sef's tools are missing")]
)
def test_it_is_a_server_without_tools_that_says_why(
    tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    """It greets in the client's version, offers nothing, answers what has an id, ends with input."""
    (tmp_path / "sed").symlink_to("/bin/sed" if Path("/bin/sed").exists() else "/usr/bin/sed")
    (hello, tools, ping), errors = spoken(ASKS, *arguments, path=str(tmp_path))
    result = hello["result"]
    assert isinstance(result, dict)
    assert (hello["id"], result["protocolVersion"]) == (0, "2025-11-25")
    assert result["capabilities"] == {}
    assert str(result["instructions"]).startswith(why) and errors.startswith(why)
    error = tools["error"]
    assert isinstance(error, dict)
    assert (tools["id"], error["code"]) == ("a-1", -32601)
    assert ping == {"jsonrpc": "2.0", "id": 7, "result": {}}


def test_where_there_is_a_sef_it_serves(tmp_path: Path) -> None:
    """It becomes that process, which gets the input."""
    (tmp_path / "sef").write_text('#!/bin/sh\nread line\necho "[\\"$*\\", $line]"\n')
    (tmp_path / "sef").chmod(0o755)
    done = subprocess.run(
        ("/bin/sh", str(SCRIPT)),
        env={"PATH": str(tmp_path)},
        input="1\n2\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout) == ["mcp --stay", 1]
