"""The status line in settings: ours around the user's own, and the user's own again."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from claude.installing import BOTH, HOOKS, Ground
from sef.errors import UsageError
from sef.installation.manifest import decoded
from sef.installation.order import Action, Order
from sef.installation.places import Scope
from sef.installation.status_line import Line, own, program
from sef.installation.words import as_json, lines

USER, PROJECT = BOTH
MINE = {
    "type": "command",
    "command": "printf '%s\\n' \"it's mine\" | cat",
    "padding": 0,
    "refreshInterval": 5,
    "hideVimModeIndicator": True,
}


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(root=tmp_path / "ground").make()


def write(path: Path, said: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(said, indent=4))


def line(path: Path) -> dict[str, object]:
    found = json.loads(path.read_text())["statusLine"]
    assert isinstance(found, dict)
    return found


def test_the_users_line_is_wrapped_and_comes_back(ground: Ground) -> None:
    """Every property stays while ours stands; the removal brings back the bytes."""
    write(ground.user / "settings.json", {"a": 1, "statusLine": MINE, "b": [1.5]})
    start = ground.tree()
    (told, _) = ground.install(*BOTH, statusline=True, hooks=HOOKS)
    assert told.status_line == "shown"
    now = line(ground.user / "settings.json")
    assert list(now) == list(MINE) and now | {"command": ""} == MINE | {"command": ""}
    command = str(now["command"])
    assert command.startswith(program(sys.executable)) and own(command) == MINE["command"]
    ground.uninstall()
    assert ground.tree() == start


def test_where_there_was_none_there_is_none_again(ground: Ground) -> None:
    """Also where something else was added to the file meanwhile."""
    ground.install(USER, statusline=True)
    path = ground.user / "settings.json"
    assert line(path) == {"type": "command", "command": program(sys.executable)}
    write(path, json.loads(path.read_text()) | {"model": "opus"})
    ground.uninstall(USER)
    assert json.loads(path.read_text()) == {"model": "opus"}


def test_other_changes_meanwhile_stay(ground: Ground) -> None:
    """A padding that the user sets around ours stays; the command is theirs again."""
    path = ground.user / "settings.json"
    write(path, {"statusLine": MINE})
    ground.install(USER, statusline=True)
    write(path, {"statusLine": line(path) | {"padding": 3}, "model": "opus"})
    ground.install(USER)
    assert own(str(line(path)["command"])) == MINE["command"] and line(path)["padding"] == 3
    ground.uninstall(USER)
    assert json.loads(path.read_text()) == {"statusLine": MINE | {"padding": 3}, "model": "opus"}


def test_a_line_of_the_users_that_came_later_is_theirs(ground: Ground) -> None:
    """It stays, is told, and is wrapped only when that is asked for again."""
    path = ground.user / "settings.json"
    ground.install(USER, statusline=True)
    write(path, json.loads(path.read_text()) | {"statusLine": MINE})
    assert ground.status()[0].status_line == "edited"
    ground.install(USER)
    assert line(path) == MINE and ground.status()[0].status_line is None
    ground.install(USER, statusline=True)
    assert own(str(line(path)["command"])) == MINE["command"]
    ground.uninstall(USER)
    assert line(path) == MINE


def test_a_second_time_changes_nothing(ground: Ground) -> None:
    """With the option and without: what stands, stays. A dry run changes nothing at all."""
    write(ground.user / "settings.json", {"statusLine": MINE})
    before = ground.tree()
    assert ground.install(*BOTH, statusline=True, dry_run=True)[0].status_line == "shown"
    assert ground.tree() == before
    ground.install(*BOTH, statusline=True, hooks=HOOKS)
    start = ground.tree()
    assert not any(one.files for one in ground.install(*BOTH, statusline=True, hooks=HOOKS))
    assert not any(one.files for one in ground.install(*BOTH, hooks=HOOKS))
    assert ground.tree() == start


def test_a_project_goes_before_the_user_and_wraps_the_users_line(ground: Ground) -> None:
    """It goes into settings.local.json; ours is not wrapped in ours."""
    write(ground.user / "settings.json", {"statusLine": MINE})
    start = ground.tree()
    ground.install(USER, statusline=True)
    ground.install(PROJECT, statusline=True)
    ours = line(ground.own / "settings.local.json")
    assert own(str(ours["command"])) == MINE["command"] and list(ours) == ["type", "command"]
    assert [one.status_line for one in ground.status()] == ["shown", "shown"]
    ground.uninstall(PROJECT)
    assert not (ground.own / "settings.local.json").exists()
    ground.uninstall()
    assert ground.tree() == start


@pytest.mark.parametrize("name", ["settings.json", "settings.local.json"])
def test_a_projects_own_line_hides_the_users(ground: Ground, name: str) -> None:
    """Claude Code shows the project's; --status names the file."""
    ground.install(USER, statusline=True)
    write(ground.own / name, {"statusLine": MINE})
    assert ground.status()[0].status_line == f"hidden by {ground.own / name}"
    (ground.own / name).unlink()
    ground.install(PROJECT, statusline=True)
    write(ground.own / "settings.json", {"statusLine": MINE})
    assert [one.status_line for one in ground.status()] == ["shown", "shown"]


def test_a_line_that_the_repository_brings_is_not_taken_over(ground: Ground) -> None:
    """Ours in settings.local.json would hide it: refused, at both places, before any change."""
    write(ground.own / "settings.json", {"statusLine": MINE})
    start = ground.tree()
    for scopes in ((PROJECT,), BOTH):
        with pytest.raises(UsageError, match="would hide") as refused:
            ground.install(*scopes, statusline=True)
        assert "--user" in str(refused.value.hint)
    assert ground.tree() == start
    write(ground.own / "settings.local.json", {"statusLine": MINE | {"command": "own"}})
    ground.install(PROJECT, statusline=True)
    assert own(str(line(ground.own / "settings.local.json")["command"])) == "own"


@pytest.mark.parametrize("wrong", ["echo", {"type": "command"}, None, {"command": 5}])
def test_what_is_no_command_is_refused(ground: Ground, wrong: object) -> None:
    """Claude Code shows none then, and nobody could tell what to put back."""
    write(ground.user / "settings.json", {"statusLine": wrong})
    with pytest.raises(UsageError, match="not a command"):
        ground.install(USER, statusline=True)


def test_a_manifest_of_a_repository_brings_no_command(ground: Ground) -> None:
    """What it says to put back must be what the settings wrap."""
    ground.install(PROJECT, statusline=True)
    manifest = ground.own / "sef/installed.json"
    said = json.loads(manifest.read_text())
    said["settings"][0]["line"]["before"] = {"type": "command", "command": "evil"}
    with pytest.raises(UsageError, match="does not wrap"):
        decoded(manifest, json.dumps(said).encode())


@pytest.mark.parametrize(
    "command",
    ["", "a b", "it's", "a 'b", "x /y/sef/hooks/statusline.py z", "p -I -S /sef/hooks/other.py a"],
)
def test_only_our_own_command_is_unwrapped(command: str) -> None:
    """Whatever else names our file is the user's own."""
    assert own(command) == command
    if command:
        ours = {"command": f"{program('/py thon')} {shlex.quote(command)}"}
        assert Line(ours=ours, before={"command": command}).before


def test_what_the_settings_say_runs_in_a_shell(ground: Ground) -> None:
    """As Claude Code runs it: quotes and pipes of the user's command survive."""
    write(ground.user / "settings.json", {"statusLine": MINE})
    ground.install(USER, statusline=True)
    command = str(line(ground.user / "settings.json")["command"])
    shell = ("sh", "-c", command)
    done = subprocess.run(shell, input="{}", capture_output=True, text=True, check=True)
    assert done.stdout == "it's mine\n"


def test_the_words_for_people(ground: Ground) -> None:
    """Both commands say what becomes of the line."""
    told = ground.install(USER, statusline=True)
    order = Order(action=Action.INSTALL, scopes=(Scope.USER,), statusline=True)
    assert "  status line: yours, if you have one, and what sef did" in list(lines(order, told))
    assert json.loads(as_json(order, told))["places"][0]["status_line"] == "shown"
