"""The plugin as the real client installs it, in a home of its own."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sef
from claude.client import client, client_environment, make_project
from claude_doctor.planted import SYSTEM, World, planted
from sef.claude_doctor import State
from sef.installation.places import Scope

pytestmark = pytest.mark.slow  # the client is started, and hooks
SOURCE = Path(sef.__file__).parents[1]
PLUGIN = SOURCE / "sef/claude/plugin"
MAIN = "import sys; sys.argv[0] = 'sef'; from sef.cli import main; main()"


def on_path(world: World) -> None:
    """Puts the package under test on PATH, as `sef`."""
    words = shlex.join((sys.executable, "-c", MAIN))
    world.program("sef", f'#!/bin/sh\nPYTHONPATH={SOURCE} exec {words} "$@"\n')


def market(root: Path, name: str) -> Path:
    """A market that has a copy of the plugin."""
    folder = root / name
    shutil.copytree(PLUGIN, folder / "plugin", ignore=shutil.ignore_patterns("__pycache__"))
    said = {"name": name, "owner": {"name": "x"}}
    one = {"name": "sef", "source": "./plugin", "description": "d", "version": "0.1.0"}
    (folder / ".claude-plugin").mkdir()
    (folder / ".claude-plugin/marketplace.json").write_text(json.dumps({**said, "plugins": [one]}))
    return folder


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world in which the real client has installed the plugin for the user."""
    client()
    make_project(tmp_path)
    (tmp_path / "home").rmdir()
    (tmp_path / "project").rename(tmp_path / "made")
    world = planted(tmp_path, monkeypatch)
    world.variables["CLAUDE_CONFIG_DIR"] = str(tmp_path / "config")
    add(world, market(tmp_path, "one"))
    return world


def add(world: World, folder: Path) -> None:
    """Has the client add a market and install its plugin."""
    root = folder.parent
    for words in (("marketplace", "add", str(folder)), ("install", f"sef@{folder.name}")):
        subprocess.run(
            (str(client()), "plugin", *words),
            cwd=world.project,
            env=client_environment(root, "http://127.0.0.1:9"),
            capture_output=True,
            check=True,
            timeout=100,
        )


def cached(world: World) -> Path:
    """Has the client read the plugin from its copy, as of a market that is no folder here."""
    config = Path(world.variables["CLAUDE_CONFIG_DIR"])
    known = config / "plugins/known_marketplaces.json"
    said = json.loads(known.read_text())
    said["one"]["source"] = {"source": "github", "repo": "a/b"}
    known.write_text(json.dumps(said))
    listed = json.loads((config / "plugins/installed_plugins.json").read_text())
    return Path(listed["plugins"]["sef@one"][0]["installPath"])


def test_the_plugin_that_the_client_installed_answers(plugged: World, tmp_path: Path) -> None:
    """It is read from its market's folder; its nine hooks answer through the sef on PATH."""
    on_path(plugged)
    seen = plugged.seen()
    (found,) = seen.plugins
    assert (found.name, found.root, found.differs) == ("sef@one", str(tmp_path / "one/plugin"), ())
    rows = plugged.rows()
    assert rows["hooks-plugin"].state is State.OK, rows["hooks-plugin"]
    assert rows["hooks-plugin"].found.startswith("9 of 9 hooks answer")
    assert (rows["plugin"].state, rows["doubles"].state) == (State.OK, State.OK)
    assert "sef@one" in rows["first"].found


def test_without_sef_on_path_the_plugins_hooks_do_nothing(plugged: World) -> None:
    rows = plugged.rows()
    assert rows["hooks-plugin"].state is State.WRONG
    assert "not on PATH" in rows["hooks-plugin"].found


def test_a_cached_copy_that_differs_is_told_and_a_changed_hook_never_started(
    plugged: World, tmp_path: Path
) -> None:
    """What the client made of `plugin install` is the copy that is looked at."""
    on_path(plugged)
    root = cached(plugged)
    assert plugged.seen().plugins[0].root == str(root)
    (root / "agents/sef-review.md").write_text("older")
    (root / "bin/hook").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    rows = plugged.rows()
    assert not (tmp_path / "started").exists()
    assert rows["plugin"].state is State.WARNING
    assert rows["plugin"].details == (
        "sef@one: other: agents/sef-review.md",
        "sef@one: other: bin/hook",
    )
    assert rows["hooks-plugin"].state is State.WRONG


def test_two_plugins_of_sef_and_one_beside_an_installation(plugged: World, tmp_path: Path) -> None:
    """Two run everything twice; beside an installation executors are offered twice."""
    plugged.install(Scope.USER, hooks=False)
    row = plugged.rows()["doubles"]
    assert row.state is State.WARNING and "offered twice" in row.found
    add(plugged, market(tmp_path, "two"))
    row = plugged.rows()["doubles"]
    assert row.state is State.WRONG and row.way_out == "claude plugin disable sef@two"


def test_a_project_switches_a_plugin_off(plugged: World) -> None:
    """The later settings file holds; what is enabled and nowhere is told."""
    plugged.say(plugged.local, {"enabledPlugins": {"sef@one": False, "sef@gone": True}})
    (found,) = plugged.seen().plugins
    assert (found.name, found.problem) == ("sef@gone", "it is enabled, and was not found")
    assert plugged.rows()["plugin"].state is State.WRONG


def test_a_plugin_that_leaves_its_folder_is_not_read(plugged: World, tmp_path: Path) -> None:
    """Neither by its place, nor by a link, nor by the path of its hooks."""
    config = Path(plugged.variables["CLAUDE_CONFIG_DIR"])
    root = cached(plugged)
    manifest = root / ".claude-plugin/plugin.json"
    said = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**said, "hooks": "../../../secret.json"}))
    assert "leaves the plugin" in plugged.seen().plugins[0].problem
    manifest.write_text(json.dumps(said))
    (root / "hooks/hooks.json").unlink()
    (root / "hooks/hooks.json").symlink_to("/etc/passwd")
    assert "symbolic link" in plugged.seen().plugins[0].problem
    listed = config / "plugins/installed_plugins.json"
    text = listed.read_text().replace(str(root), str(tmp_path / "elsewhere"))
    listed.write_text(text)
    assert "does not lie in" in plugged.seen().plugins[0].problem


def test_hooks_of_other_plugins_are_named(plugged: World, tmp_path: Path) -> None:
    """With the plugin's name, also where the hooks stand in plugin.json."""
    other = tmp_path / "one/plugin"
    run = {"type": "command", "command": "watch.sh"}
    hooks = {"PreToolUse": [{"matcher": "Agent|Bash", "hooks": [run]}]}
    (other / "hooks/hooks.json").write_text(json.dumps({"hooks": hooks}))
    manifest = other / ".claude-plugin/plugin.json"
    said = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**said, "hooks": {"SubagentStop": [{"hooks": [run]}]}}))
    row = plugged.rows()["other-hooks"]
    assert row.details == (
        "plugin sef@one: PreToolUse: watch.sh",
        "plugin sef@one: SubagentStop: watch.sh",
    )


def test_the_path_of_these_tests_has_no_sef() -> None:
    """Else those without it would prove nothing."""
    assert shutil.which("sef", path=SYSTEM) is None
