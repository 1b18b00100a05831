"""Events sent through installed entries: ours answer, nobody else's is started, nothing is left."""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from pathlib import Path

import pytest

import sef.hooks.entry
from claude_doctor.planted import World, hook, listing, planted
from sef.claude_doctor import State
from sef.claude_doctor.entries import installed
from sef.installation.hooks import HOOKS
from sef.installation.places import Scope

pytestmark = pytest.mark.slow  # sixteen hooks are started
ENTRY = str(Path(sef.hooks.entry.__file__))
EVENTS = len(HOOKS)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A home and a project."""
    return planted(tmp_path, monkeypatch)


def test_each_installed_entry_answers_and_nothing_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Home, project and temporary files are as before; variables of git lead nobody elsewhere."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    world.install(Scope.USER, Scope.PROJECT)
    world.variables["GIT_DIR"] = str(tmp_path / "nowhere")
    places = (world.home, world.project, tmp_path / "tmp")
    before = listing(*places)
    rows = world.rows()
    assert listing(*places) == before
    for name in ("hooks-user", "hooks-project"):
        assert rows[name].state is State.OK, rows[name]
        assert rows[name].found.startswith(f"{EVENTS} of {EVENTS} hooks answer: PreToolUse in ")
    assert rows["python"].state is State.OK
    assert rows["first"].found == (
        "executors: project before user; skills: user before project; hooks: local before user"
    )
    assert (rows["doubles"].state, rows["other-hooks"].state) == (State.OK, State.OK)
    assert "hooks-others" not in rows


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("echo '{\"hookSpecificOutput\": {}}'", "it answered something else"),
        ("echo garbage", "it answered something else"),
        ("exit 0", "it answered nothing"),
        ("echo no >&2; exit 2", "exit code 2: no"),
        ('d="$XDG_STATE_HOME/sef/hooks"; mkdir -p "$d"; echo "2026 Bad: x" > "$d/hooks.log"', "Bad: x"),
    ],
    ids=["other", "garbage", "nothing", "exit code", "log"],
)  # fmt: skip
def test_an_entry_that_answers_wrongly_is_wrong(world: World, does: str, said: str) -> None:
    """What it answered in place of the policy's words is told."""
    path = world.program("python3", f"#!/bin/sh\n{does}\n", world.home / "shims")
    world.install(Scope.USER)
    for file in (world.config / "settings.json", world.config / "sef/installed.json"):
        file.write_text(file.read_text().replace(sys.executable, str(path)))
    row = world.rows()["hooks-user"]
    assert row.state is State.WRONG
    assert row.details[0] == f"PreToolUse: {said}"


def test_an_entry_that_is_missing_is_told(world: World) -> None:
    """An edited one is not started, and told apart from what others put there."""
    world.install(Scope.USER)
    path = world.config / "settings.json"
    said = json.loads(path.read_text())
    del said["hooks"]["Stop"]
    said["hooks"]["PreToolUse"][0]["hooks"][0]["timeout"] = 6
    path.write_text(json.dumps(said))
    rows = world.rows()
    row = rows["hooks-user"]
    assert row.state is State.WRONG and row.found == f"{EVENTS - 2} of {EVENTS} hooks answer"
    assert {"PreToolUse: no entry that may be started", "Stop: no entry that may be started"} <= {
        *row.details
    }
    assert rows["hooks-others"].details[0].startswith("user: PreToolUse: ")
    assert rows["other-hooks"].state is State.OK


@pytest.mark.parametrize("name", ["git", "claude", "sef"])
def test_what_path_finds_in_the_project_is_not_started(
    world: World, tmp_path: Path, name: str
) -> None:
    """Nor are hooks that would call it."""
    world.install(Scope.USER)
    world.program(name, f"#!/bin/sh\ntouch {tmp_path}/started\n", world.project / "bin")
    world.variables["PATH"] = f"{world.project}/bin:{world.variables['PATH']}"
    row = world.rows()["hooks-user"]
    assert not (tmp_path / "started").exists()
    assert row.state is (State.WRONG if name == "git" else State.OK)
    assert [one for one in row.details if "not tried: git: it lies in the project" in one] == [
        *row.details
    ]


def planted_manifest(world: World, python: str) -> None:
    """A repository brings a manifest that says sef put entries with that interpreter there."""
    merge = {
        "before": base64.b64encode(b"{}").decode(),
        "after": f"sha256:{'0' * 64}",
        "added": installed(python, "project"),
        "made": ["hooks"],
    }
    manifest = {"schema": 1, "version": "0.1.0", "pending": False, "made": ["."], "files": {}}
    (world.local / "sef").mkdir()
    whole = {**manifest, "settings": [merge], "section": None}
    (world.local / "sef/installed.json").write_text(json.dumps(whole))


@pytest.mark.parametrize("name", ["settings", "settings.local"])
@pytest.mark.parametrize("place", [".venv/bin/python", "outside/python"])
def test_an_interpreter_that_a_project_names_is_never_started(
    world: World, tmp_path: Path, name: str, place: str
) -> None:
    """Word for word as sef writes entries, and recorded in a manifest, that the project brings."""
    folder = world.project if place.startswith(".") else tmp_path
    evil = folder / place
    world.program(evil.name, f"#!/bin/sh\ntouch {tmp_path}/started\n", evil.parent)
    planted_manifest(world, str(evil))
    world.say(world.local, {"hooks": installed(str(evil), "project")}, name)
    rows = world.rows()
    assert not (tmp_path / "started").exists()
    assert "not started" in rows["python"].found
    assert rows["hooks-others"].found.startswith(f"{EVENTS} entries name sef")
    assert str(evil) in rows["hooks-others"].details[0]


def test_an_interpreter_in_the_project_is_not_started_for_the_user_either(
    world: World, tmp_path: Path
) -> None:
    """A configuration folder that lies in the project may have come with it, manifest and all."""
    evil = world.program("python", f"#!/bin/sh\ntouch {tmp_path}/started\n", world.project / "bin")
    world.variables["CLAUDE_CONFIG_DIR"] = str(world.project / "mine")
    world.install(Scope.USER)
    for name in ("settings.json", "sef/installed.json"):
        path = world.project / "mine" / name
        path.write_text(path.read_text().replace(sys.executable, str(evil)))
    rows = world.rows()
    assert not (tmp_path / "started").exists()
    assert "not started" in rows["python"].found
    assert rows["hooks-user"].state is State.UNKNOWN


def test_a_link_to_a_program_of_the_project_is_not_started(world: World, tmp_path: Path) -> None:
    """A folder on PATH that leads into the project by one link a program."""
    text = f"#!/bin/sh\ntouch {tmp_path}/started\n"
    inside = world.program("claude", text, world.project / "tools")
    world.program("other", "")
    (world.home / "bin" / "claude").symlink_to(inside)
    assert "lies in the project" in world.rows()["claude"].found
    assert not (tmp_path / "started").exists()


def test_this_interpreter_by_another_name_is_tried(world: World) -> None:
    """The installer's script takes the Python that it finds; a link elsewhere is another one.

    Whether all answer depends on what is installed for it.
    """
    world.install(Scope.PROJECT)
    this = Path(sys.executable)
    path, record = world.local / "settings.local.json", world.local / "sef/installed.json"
    elsewhere = world.home / "python"
    elsewhere.symlink_to(this.resolve())
    for other, said in ((this.resolve(), "hooks answer"), (elsewhere, "not tried")):
        for one in (path, record):
            whole = json.loads(one.read_text())
            text = json.dumps(whole).replace(f'"{sys.executable}"', f'"{other}"')
            one.write_text(text.replace(f'"{this.resolve()}"', f'"{other}"'))
        assert said in world.rows()["hooks-project"].found


def test_commands_that_look_like_ours_are_never_started(world: World, tmp_path: Path) -> None:
    """Another word, another file, a shell, a program of the name: each writes if it is started."""
    started = tmp_path / "started"
    evil = world.program("evil.sh", f"#!/bin/sh\ntouch {started}\n", tmp_path / "sef/hooks")
    fake = tmp_path / "x/sef/hooks/entry.py"
    fake.parent.mkdir(parents=True)
    fake.write_text(f"open({str(started)!r}, 'w')\n")
    own = (sys.executable, "-I", "-S")
    planted = (
        hook(str(evil), matcher="Agent"),
        hook(f"touch {started} # sef/hooks/entry.py", matcher="Agent"),
        hook(*own, str(fake), "--scope", "project", matcher="Agent"),
        hook(*own, "-c", f"open({str(started)!r}, 'w')", ENTRY, "--scope", "project"),
        hook("sh", "-c", f"touch {started}", ENTRY, "--scope", "project", matcher="Agent"),
        hook("${CLAUDE_PLUGIN_ROOT}/bin/hook", "--scope", "plugin", matcher="Agent"),
    )
    planted_manifest(world, sys.executable)
    for name in ("settings", "settings.local"):
        world.say(world.local, {"hooks": {"PreToolUse": list(planted), "Odd": 5}}, name)
    world.say(world.config, {"hooks": {"PreToolUse": list(planted)}})
    rows = world.rows()
    assert not started.exists()
    assert rows["hooks-others"].state is State.WARNING
    assert rows["hooks-project"].state is State.WRONG
    assert rows["hooks-project"].found == f"0 of {EVENTS} hooks answer"
    assert rows["doubles"].state is State.WRONG


def test_entries_of_ours_in_a_projects_shared_settings_are_not_started(world: World) -> None:
    """The installer writes none there: they would name a program of one machine."""
    world.say(world.local, {"hooks": installed(sys.executable, "project")})
    seen = world.seen()
    assert seen.answers == {}
