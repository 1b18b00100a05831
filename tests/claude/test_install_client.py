"""What the real Claude Code client makes of the plugin and of what is installed."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from claude.client import (
    ClientRun,
    client,
    client_environment,
    make_project,
    run_client,
)
from claude.installing import BOTH
from sef.agents import OFFERED, named
from sef.installation.assets import always_on, installed_files, plugin_files, tokens
from sef.installation.order import Action, Order, obey
from sef.installation.places import Scope
from sef.testing.provider import Request, Turn

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[2]
PLUGIN = REPOSITORY / "src" / "sef" / "claude" / "plugin"
SOURCE = REPOSITORY / "src"
USER, PROJECT = BOTH
OPUS = ("--model", "opus")
MARGIN = 60
"""Bytes that two runs in folders of other names may differ by."""


def first(root: Path, *options: str) -> Request:
    """The first request of a session that says hello."""
    run = run_client(root, [Turn(text="ok")], "Hello.", *OPUS, *options)
    return run.requests[0]


def size(request: Request) -> int:
    return len(json.dumps(dict(request.body), ensure_ascii=False).encode())


def lines(request: Request) -> set[str]:
    """The lines of text in a request."""
    return set(json.dumps(dict(request.body), ensure_ascii=False).replace("\\n", "\n").split("\n"))


def install(root: Path, *scopes: Scope, action: Action = Action.INSTALL) -> None:
    variables = client_environment(root, "")
    order = Order(action=action, scopes=scopes)
    obey(order, variables=variables, start=root / "project")


@pytest.mark.parametrize("place", [PLUGIN, REPOSITORY], ids=["plugin", "marketplace"])
def test_the_client_finds_nothing_wrong(tmp_path: Path, place: Path) -> None:
    """`plugin validate --strict` accepts the plugin and the marketplace, with no warning."""
    make_project(tmp_path)
    command = (str(client()), "plugin", "validate", "--strict", "--json", str(place))
    environment = client_environment(tmp_path, "http://127.0.0.1:9")
    done = subprocess.run(
        command,
        check=False,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = json.loads(done.stdout)
    assert (done.returncode, said["success"]) == (0, True)
    assert said["manifest"]["errors"] == said["manifest"]["warnings"] == []
    if place == PLUGIN:
        assert set(said["provides"]["agents"]) == {f"sef:{name}" for name in OFFERED}
        skills = {"sef:sef", "sef:calibrate", "sef:explain"}
        assert set(said["provides"]["skills"]) == skills


def test_the_budget_is_what_a_session_pays(tmp_path: Path) -> None:
    """The client's first request grows by what `always_on` says, at most 300 tokens."""
    client()
    bare = size(first(tmp_path))
    install(tmp_path, USER)
    request = first(tmp_path)
    told = always_on({path: data.decode() for path, data in installed_files().items()})
    grown = size(request) - bare
    assert abs(grown - len(told.encode())) < MARGIN and tokens("x" * grown) <= 300
    assert set(told.splitlines()) <= lines(request)


def with_sef(root: Path, code: str) -> dict[str, str]:
    """Variables with a PATH on which `sef` is the package under test, after some lines of Python."""
    folder = root / "bin"
    folder.mkdir()
    main = f"import sys; sys.argv[0] = 'sef'; {code}from sef.cli import main; main()"
    words = shlex.join((sys.executable, "-c", main))
    (folder / "sef").write_text(f'#!/bin/sh\nPYTHONPATH={SOURCE} exec {words} "$@"\n')
    (folder / "sef").chmod(0o755)
    return {"PATH": f"{folder}:{without_sef()['PATH']}"}


def without_sef() -> dict[str, str]:
    """Variables with a PATH on which there is no `sef`."""
    found = os.environ.get("PATH", os.defpath).split(":")
    return {"PATH": ":".join(one for one in found if not (Path(one) / "sef").exists())}


PATIENT = {
    "MCP_CONNECTION_NONBLOCKING": "0",
    "MCP_TIMEOUT": "90000",
    "CLAUDE_CODE_MCP_STARTUP_WAIT_MS": "90000",
}
"""The client waits for servers, however busy the machine is."""
NO_EXTRA = (
    "from importlib import metadata as m\n"
    "def none(name, old=m.version):\n"
    "    if name == 'mcp': raise m.PackageNotFoundError(name)\n"
    "    return old(name)\n"
    "m.version = none\n"
)


@pytest.mark.parametrize(
    ("sef", "said"),
    [
        ("whole", "mcp__plugin_sef_sef__sef_verify"),
        ("no extra", "sef's tools are missing here: pip install 'sef-framework[mcp]'"),
        ("none", "sef is not on PATH, so its tools are missing"),
    ],
)
def test_a_session_pays_at_most_300_tokens_for_the_plugin(
    tmp_path: Path, sef: str, said: str
) -> None:
    """With the server of its tools, and where that cannot be served: then no failure is told."""
    if sef == "whole":
        pytest.importorskip("mcp", reason="needs the extra mcp")
    client()
    make_project(tmp_path)
    code = NO_EXTRA if sef == "no extra" else ""
    environment = without_sef() if sef == "none" else with_sef(tmp_path, code)
    bare = size(first(tmp_path))
    options = (*OPUS, "--plugin-dir", str(PLUGIN))
    run = run_client(
        tmp_path, [Turn(text="ok")], "Hello.", *options, environment=environment | PATIENT
    )
    (request,) = run.requests
    text = "\n".join(lines(request))
    assert said in text and "failed to connect" not in text
    assert set(always_on(plugin_files(), space="sef:").splitlines()) <= lines(request)
    assert tokens("x" * (size(request) - bare)) <= 300


def test_the_projects_executors_go_before_the_users(tmp_path: Path) -> None:
    """Installed at both places each is offered once, the project's; of skills it is the user's."""
    client()
    make_project(tmp_path)
    install(tmp_path, *BOTH)
    for path in ("agents/sef-review.md", "skills/sef/SKILL.md"):
        file = tmp_path / "project" / ".claude" / path
        text = file.read_text()
        file.write_text(text.replace("description: ", "description: Mine. ", 1))
    offered = [line for line in lines(first(tmp_path)) if re.match(r"- sef(-\w+)?: ", line)]
    assert len(offered) == 6
    assert "- sef-review: Mine. " in next(one for one in offered if "review" in one)
    assert "Mine." not in next(one for one in offered if one.startswith("- sef: "))


def test_a_removal_leaves_the_client_as_it_was(tmp_path: Path) -> None:
    """Nothing of it is in the next session."""
    client()
    make_project(tmp_path)
    install(tmp_path, *BOTH)
    install(tmp_path, *BOTH, action=Action.UNINSTALL)
    assert not any(re.match(r"- sef", line) for line in lines(first(tmp_path)))


def test_the_installed_explorer_asks_for_nothing(tmp_path: Path) -> None:
    """Its permission mode is taken: what is not allowed is denied, the project can be read."""
    client()
    make_project(tmp_path)
    install(tmp_path, USER)
    (tmp_path / "elsewhere.txt").write_text("gamma\n")
    prompt = named("sef-explore").prompt

    def explorer(request: Request) -> bool:
        return prompt in request.system

    asked = {
        "description": "d",
        "prompt": "Read both.",
        "subagent_type": "sef-explore",
        "run_in_background": False,
    }
    reads = [tmp_path / "elsewhere.txt", tmp_path / "project" / "one.txt"]
    script = [
        Turn(when=lambda one: not explorer(one), calls=(("Agent", asked),)),
        Turn(when=explorer, calls=tuple(("Read", {"file_path": str(path)}) for path in reads)),
        Turn(when=explorer, text="## Result\nread\n## Doubts\nnone"),
        Turn(text="done"),
    ]
    run = run_client(tmp_path, script, "Have both read.", *OPUS)
    assert run.result["result"] == "done"
    last = [one for one in run.requests if explorer(one)][-1].last
    assert "alpha" in last and "gamma" not in last
    denied = run.result["permission_denials"]
    assert isinstance(denied, list)
    assert [one["tool_input"]["file_path"] for one in denied] == [str(reads[0])]


@pytest.mark.parametrize("flavour", ["plugin", "installed"])
def test_a_command_of_sef_costs_nothing_where_it_fails(tmp_path: Path, flavour: str) -> None:
    """/sef:explain runs `sef explain`; where there is no run its words are shown, and no model asked."""
    client()
    make_project(tmp_path)
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "sef").write_text('#!/bin/sh\necho "called: $*"\nexit ${SEF_TEST_EXIT}\n')
    (bin_folder / "sef").chmod(0o755)
    options = ["--plugin-dir", str(PLUGIN)] if flavour == "plugin" else []
    if not options:
        install(tmp_path, USER)
    command = "/sef:explain" if options else "/sef-explain"

    def run(code: int) -> ClientRun:
        path = f"{bin_folder}:{client_environment(tmp_path, '')['PATH']}"
        environment = {"PATH": path, "SEF_TEST_EXIT": str(code)}
        return run_client(
            tmp_path,
            [Turn(text="ok")],
            f"{command} 1122-1",
            *OPUS,
            *options,
            environment=environment,
        )

    failed = run(2)
    assert failed.requests == () and "called: explain 1122-1" in str(failed.result["result"])
    (request,) = run(0).requests
    assert "called: explain 1122-1" in request.last
