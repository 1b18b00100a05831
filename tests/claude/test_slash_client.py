"""`/sef` and the status line in the real client, which asks a provider on loopback."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import pytest
from tests.claude.client import ClientRun, client, client_environment, make_project, run_client
from tests.claude.typing_at import Terminal, at_home

import sef
from sef.agents import named
from sef.hooks.booking import begin
from sef.hooks.records import append, rows
from sef.installation.order import Action, Order, obey
from sef.installation.places import Scope
from sef.testing.provider import LoopbackProvider, Request, Turn

pytestmark = pytest.mark.slow
PLUGIN = Path(sef.__file__).parent / "claude/plugin"
OPUS = ("--model", "opus")


def installed(root: Path, *scopes: Scope, statusline: bool = False) -> None:
    """A project into which sef is installed as users do."""
    client()
    make_project(root)
    order = Order(action=Action.INSTALL, scopes=scopes, statusline=statusline)
    obey(order, variables=client_environment(root, ""), start=root / "project")


def typed(root: Path, prompt: str, *options: str, **more: dict[str, str]) -> ClientRun:
    return run_client(root, [Turn(text="a model said this")], prompt, *OPUS, *options, **more)


@pytest.mark.parametrize("scopes", [(Scope.USER,), (Scope.PROJECT,), tuple(Scope)], ids=str)
def test_the_state_is_shown_at_zero_requests(tmp_path: Path, scopes: tuple[Scope, ...]) -> None:
    """Bare and with `status`; the project's hooks answer before the user's. What else is typed
    after it goes on to the skill, which the model is asked with; other commands start no hook."""
    installed(tmp_path, *scopes)
    owner = "the project's" if Scope.PROJECT in scopes else "your"
    for prompt in ("/sef", "/sef status"):
        run = typed(tmp_path, prompt)
        assert run.requests == () and run.exit_code == 0
        assert f"sef is on: {owner} hooks" in str(run.result["result"])
    (request,) = typed(tmp_path, "/sef log on").requests
    assert "Speculative execution of tasks" in request.last and 'wrote: "log on"' in request.last
    assert not list((tmp_path / "home").rglob("hooks.log"))


def test_the_plugin_shows_it_too(tmp_path: Path) -> None:
    """By its own name and by the short one, where `sef` is on PATH."""
    client()
    make_project(tmp_path)
    (tmp_path / "bin").mkdir()
    code = "import sys; sys.argv[0] = 'sef'; from sef.cli import main; main()"
    command = f'#!/bin/sh\nPYTHONPATH={Path(sef.__file__).parents[1]} exec {sys.executable} -c "{code}" "$@"\n'
    (tmp_path / "bin/sef").write_text(command)
    (tmp_path / "bin/sef").chmod(0o755)
    path = f"{tmp_path / 'bin'}:{client_environment(tmp_path, '')['PATH']}"
    for prompt in ("/sef:sef", "/sef status"):
        run = typed(tmp_path, prompt, "--plugin-dir", str(PLUGIN), environment={"PATH": path})
        assert run.requests == ()
        assert "sef is on: the plugin's hooks" in str(run.result["result"])


def test_the_skill_that_a_model_calls_is_not_stopped(tmp_path: Path) -> None:
    """Only what the user types is answered: the model gets the skill's text."""
    installed(tmp_path, Scope.USER)
    script = [Turn(calls=(("Skill", {"skill": "sef"}),)), Turn(text="done")]
    run = run_client(tmp_path, script, "Do it.", *OPUS, "--dangerously-skip-permissions")
    assert run.result["result"] == "done"
    assert "Speculative execution of tasks" in json.dumps(run.requests[-1].messages)


def test_what_a_real_delegation_left_is_in_the_state(tmp_path: Path) -> None:
    """Of an executor that was accepted: its outcome, its price, the session's booking."""
    installed(tmp_path, Scope.USER)
    (tmp_path / "project/one.txt").write_text("alpha\n")
    call = {"description": "d", "prompt": "Say what is in one.txt.", "subagent_type": "sef-explore"}
    read = ("Read", {"file_path": str(tmp_path / "project/one.txt")})
    report = (
        "## Result\none.txt:1 says `alpha`.\n## Files read\none.txt\n## Files changed\nnone\n"
        "## Checks run\nnone\n## Doubts\nnone\n"
    )
    script = [
        Turn(when=lambda one: not _explores(one), calls=(("Agent", call),)),
        Turn(when=_explores, calls=(read,)),
        Turn(when=_explores, text=report),
        Turn(when=_explores, text=report),
        Turn(when=lambda one: not _explores(one), text="done"),
    ]
    run = run_client(tmp_path, script, "Have it read.", *OPUS, "--dangerously-skip-permissions")
    assert run.result["result"] == "done"
    said = str(typed(tmp_path, "/sef").result["result"])
    (told,) = [one for one in said.splitlines() if one.startswith("   sef-explore: ")]
    assert re.match(
        r"   sef-explore: 1 delegated, [01] accepted, [01] rejected, \$0\.\d\d \(", told
    )
    assert f"booked ${run.result['total_cost_usd']:,.2f} for 1 session" in said


def _explores(request: Request) -> bool:
    return named("sef-explore").prompt in request.system


def test_both_in_a_terminal(tmp_path: Path) -> None:
    """Interactively: the user's own status line stays, ours comes to it once the session hands
    something out; `/sef` shows the state, and the provider is asked nothing."""
    client()
    make_project(tmp_path)
    own = tmp_path / "own.sh"
    own.write_text(f"#!/bin/sh\ncat > {tmp_path}/told.json\necho OWN-LINE\n")
    own.chmod(0o755)
    settings = tmp_path / "config/settings.json"
    settings.write_text(json.dumps({"statusLine": {"type": "command", "command": str(own)}}))
    order = Order(action=Action.INSTALL, scopes=(Scope.USER,), statusline=True)
    obey(order, variables=client_environment(tmp_path, ""), start=tmp_path / "project")
    at_home(tmp_path)
    with (
        LoopbackProvider([Turn(text="a model said this")]) as provider,
        Terminal(tmp_path, provider, *OPUS) as terminal,
    ):
        assert "OWN-LINE·sef" not in terminal.shows("OWN-LINE")
        session = json.loads(_whole(tmp_path / "told.json"))["session_id"]
        state = str(tmp_path / "project/.git/sef/hooks")
        begin(state, session)
        append(state, {"event": "delegated", "session": session, "executor": "sef-explore"})
        append(state, {"event": "accepted", "session": session, "executor": "sef-explore"})
        terminal.type("/sef status")
        said = terminal.shows("tells of a run.")
        assert "sefison:yourhooks" in said and "sef-explore:1delegated,1accepted" in said
        assert [one for one in provider.requests if one.method == "POST"] == []
        terminal.type("Hello.")
        terminal.shows("a model said this")
        terminal.shows("· sef 1 accepted")
    assert {"delegated", "accepted"} <= {str(row["event"]) for row in rows(state)}


def _whole(path: Path) -> str:
    until = time.monotonic() + 30
    while not (path.exists() and path.read_text().endswith("}")) and time.monotonic() < until:
        time.sleep(0.05)
    return path.read_text()
