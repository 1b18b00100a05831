"""`sef claude doctor` on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from claude_doctor.planted import World, planted
from cli.command import sef
from sef.claude_doctor import judged

PAGE = Path(__file__).parents[2] / "docs/reference/claude-doctor.md"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A home and a project."""
    return planted(tmp_path, monkeypatch)


@pytest.mark.slow
def test_one_object_and_its_exit_code(world: World) -> None:
    """1 where something is wrong; what it waits for is on standard error."""
    done = sef(world.project, "claude", "doctor", "--json", **world.variables)
    said = json.loads(done.stdout)
    assert (done.returncode, said["schema"], said["status"]) == (1, 1, "wrong")
    wrong = [one for one in said["checks"] if one["state"] == "wrong"]
    assert [one["check"] for one in wrong] == ["first"]
    assert set(wrong[0]) == {"check", "state", "found", "way_out", "details"}
    assert "asking programs" in done.stderr


@pytest.mark.slow
def test_lines_for_people_and_nothing_wrong(world: World) -> None:
    """A line a check, with its way out; nothing that was planted is taken for markup."""
    done = sef(world.project, "claude", "install", "--user", **world.variables)
    assert done.returncode == 0, done.stderr
    world.say(world.local, {"env": {"CLAUDE_CODE_SUBAGENT_MODEL": "[red]x[/]\u001b[2J"}})
    done = sef(world.project, "claude", "doctor", **world.variables)
    assert done.returncode == 0, done.stdout
    assert "✓ hooks-user" in done.stdout and "9 of 9 hooks answer" in done.stdout
    assert "    CLAUDE_CODE_SUBAGENT_MODEL: [red]x[/] (project settings)" in done.stdout
    assert "! model-settings" in done.stdout and "    -> Meant so" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.slow
def test_what_cannot_be_looked_at(world: World) -> None:
    """Without a home nothing is known of the user's folder: exit code 2, the way out named."""
    done = sef(world.project, "claude", "doctor", "--json", **{**world.variables, "HOME": ""})
    assert done.returncode == 2
    assert "HOME" in json.loads(done.stdout)["error"]


@pytest.mark.slow
def test_its_help_has_examples(tmp_path: Path) -> None:
    said = sef(tmp_path, "claude", "doctor", "--help").stdout
    assert "sef claude doctor --json" in said and "Exit codes: 0" in said


def test_every_check_is_documented(world: World) -> None:
    """The page has a row for each."""
    page = PAGE.read_text()
    named = {name for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for name in re.findall(r"`([\w-]+)`", row)}  # fmt: skip
    found = {one.check for one in judged(world.seen())} - {"hooks"}
    assert found <= named
    assert named - found == {"hooks-user", "hooks-project", "hooks-plugin", "hooks-others"}
