"""Each check, on planted homes and projects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from claude_doctor.planted import World, hook, planted
from sef.claude_doctor import State
from sef.claude_doctor.conflicts import matches
from sef.claude_doctor.past import bookings, log_lines
from sef.claude_doctor.programs import shim
from sef.claude_doctor.reading import parsed
from sef.installation.places import Scope
from sef.owner import owner_of, this_process

OK, WARNING, WRONG, UNKNOWN = State.OK, State.WARNING, State.WRONG, State.UNKNOWN
ALWAYS = {
    "sef", "python", "claude", "git", "settings", "installed-user", "installed-project", "plugin",
    "first", "hooks", "other-hooks", "worktree-hooks", "doubles", "hooks-allowed", "agents-allowed",
    "model-settings", "models-billed", "base", "trees", "log",
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A home and a project."""
    return planted(tmp_path, monkeypatch)


def test_a_bare_home_has_nothing_of_sef(world: World) -> None:
    """Every check has its row; that there is nothing is the one thing that is wrong."""
    rows = world.rows()
    assert set(rows) == ALWAYS
    assert [name for name, one in rows.items() if one.state is WRONG] == ["first"]
    assert (rows["models-billed"].state, rows["hooks"].state) == (UNKNOWN, UNKNOWN)


# -- programs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "state"), [("2.1.330", OK), ("2.1.331", WARNING), ("1.0.9", WARNING)]
)
def test_the_client_on_the_path_is_asked_for_its_version(
    world: World, version: str, state: State
) -> None:
    """It gets `--version` alone; another version than the hooks were written for is told."""
    script = f'#!/bin/sh\necho "$*" >> {world.home}/asked\necho "{version} (Claude Code)"\n'
    world.program("claude", script)
    row = world.rows()["claude"]
    assert row.state is state and version in row.found and "2.1.330" in row.found
    assert (world.home / "asked").read_text() == "--version\n"


def test_a_client_that_fails_is_unknown(world: World) -> None:
    """What it prints is not taken for a version."""
    world.program("claude", "#!/bin/sh\necho 2.1.330\nexit 3\n")
    row = world.rows()["claude"]
    assert row.state is UNKNOWN and "exit code 3" in row.found


def test_programs_of_the_project_are_not_started(world: World) -> None:
    """PATH leads into the project, which may be anybody's."""
    text = f"#!/bin/sh\necho started >> {world.home}/started\necho 2.1.330\n"
    for name in ("claude", "sef", "git"):
        world.program(name, text, world.project / "bin")
    world.variables["PATH"] = f"{world.project}/bin"
    rows = world.rows()
    assert not (world.home / "started").exists()
    for name in ("claude", "git"):
        assert "was not started" in rows[name].found
    assert (rows["sef"].state, rows["git"].state) == (WARNING, WRONG)


def test_programs_of_the_home_are_the_users_where_that_is_the_folder(world: World) -> None:
    """A session that is started at home has no project whose programs may be anybody's."""
    world.program("claude", "#!/bin/sh\necho 2.1.330\n")
    world.project = world.home
    assert world.rows()["claude"].found.startswith("2.1.330 at ")


def test_a_shim_is_known_by_what_it_is(world: World, tmp_path: Path) -> None:
    """A script that hands on to its manager, a link to the manager; no name of a folder."""
    texts = {
        "pyenv": '#!/usr/bin/env bash\nexec "/opt/pyenv/libexec/pyenv" exec "$program" "$@"\n',
        "asdf": '#!/usr/bin/env bash\n# plugin: python\nexec asdf exec "python3" "$@"\n',
        "mise": "#!/bin/sh\nexec mise x -- python3\n",
        "script": "#!/opt/python/bin/python3.11\nimport sef\n",
    }
    for manager, text in texts.items():
        assert shim(str(world.program(manager, text, tmp_path / "pyenv/shims"))) == manager
    binary = tmp_path / "bin/mise"
    binary.parent.mkdir()
    binary.write_bytes(b"\x7fELF")
    (tmp_path / "python3").symlink_to("bin/mise")
    assert shim(str(tmp_path / "python3")) == "mise"
    assert shim(str(binary)) == "" == shim(sys.executable) == shim(str(tmp_path / "none"))
    (tmp_path / "loop").symlink_to("loop")
    assert shim(str(tmp_path / "loop")) == ""
    os.mkfifo(tmp_path / "fifo")
    assert shim(str(tmp_path / "fifo")) == ""


def test_programs_of_entries_that_are_not_started_are_looked_at(
    world: World, tmp_path: Path
) -> None:
    """One that is gone and one that is a shim are named; a device is not opened."""
    shimmed = world.program("python3", "#!/bin/sh\nexec asdf exec python3\n", tmp_path)
    entry = ("-I", "-S", "/old/sef/hooks/entry.py", "--scope", "user")
    gone = hook("/nowhere/python3", *entry)
    groups = [gone, hook(str(shimmed), *entry), hook("/dev/null", *entry), hook("/a/b sef hook")]
    world.say(world.config, {"hooks": {"Stop": groups}})
    details = world.rows()["hooks-others"].details
    assert details[0].endswith("(/nowhere/python3: it is gone)")
    assert details[1].endswith(f"({shimmed}: a shim of asdf)")
    assert details[2].endswith("--scope user") and details[3] == "user: Stop: /a/b sef hook"


def test_a_sef_that_is_a_shim_is_named(world: World) -> None:
    world.program("sef", '#!/bin/sh\nexec "/opt/pyenv" exec sef "$@"\n')
    row = world.rows()["sef"]
    assert row.state is WARNING and "a shim of pyenv" in row.found


# -- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('{\n  "model": "opus", // mine\n}', 2, "a comment"),
        ('{\n  /* mine */ "model": "opus"\n}', 2, "a comment"),
        ('{\n  "a": [\n    1,\n  ]\n}', 3, "a comma before the end"),
        ('{\n  "a": 1,\n\n}', 2, "a comma before the end"),
        ('{\n  "a": 1\n  "b": 2}', 3, "Expecting"),
    ],
)
def test_settings_that_the_client_ignores_are_named_with_the_line(
    world: World, text: str, line: int, said: str
) -> None:
    path = world.say(world.local, text)
    row = world.rows()["settings"]
    assert row.state is WRONG and "ignores" in row.found
    (detail,) = row.details
    assert detail.startswith(f"{path}: line {line}: ") and said in detail


@pytest.mark.parametrize(
    "said",
    [
        [],
        {"hooks": []},
        {"model": 5},
        {"disableAllHooks": "yes"},
        {"permissions": {"deny": "Bash"}},
        {"worktree": {"baseRef": "odd"}},
        {"enabledPlugins": {"a@b": 5}},
        {"env": []},
    ],
)
def test_settings_of_a_wrong_type_are_ignored_too(world: World, said: object) -> None:
    """As client 2.1.330 ignores each of these, whole."""
    world.say(world.config, json.dumps(said))
    assert world.rows()["settings"].state is WRONG


def test_a_doubled_key_is_told_and_the_last_holds(world: World) -> None:
    """The same name in two objects is no doubled key."""
    text = '{"a": {"x": 1},\n "b": {"x": [{"x": 2}, {"x": ":"}]},\n\n "a" : 5}'
    world.say(world.config, text)
    row = world.rows()["settings"]
    assert row.state is WARNING and 'line 4: "a" is there twice' in row.details[0]
    assert parsed("user", "p", text.replace('"a" :', '"c" :').encode()).problem == ""


def test_an_empty_settings_file_is_read() -> None:
    """The client takes it as settings without a key, and ignores nothing."""
    assert parsed("user", "s", b" \n").found == {} and not parsed("user", "s", b"").problem


@pytest.mark.parametrize("data", [b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}', b"{", b"null"])
def test_whatever_is_no_settings_is_told(data: bytes) -> None:
    assert parsed("user", "p", data).problem


def test_links_are_not_followed(world: World, tmp_path: Path) -> None:
    """Neither a file nor a folder above it: what they lead to is not read."""
    (tmp_path / "else").mkdir()
    (tmp_path / "else/settings.json").write_text('{"disableAllHooks": true}')
    (world.local / "settings.json").symlink_to(tmp_path / "else/settings.json")
    rows = world.rows()
    assert rows["settings"].state is UNKNOWN and "symbolic link" in rows["settings"].details[0]
    assert rows["hooks-allowed"].state is OK
    (world.local / "settings.json").unlink()
    world.local.rmdir()
    world.local.symlink_to(tmp_path / "else")
    rows = world.rows()
    assert rows["settings"].state is UNKNOWN and rows["hooks-allowed"].state is OK


def test_a_pipe_in_place_of_settings_is_not_waited_for(world: World) -> None:
    os.mkfifo(world.local / "settings.json")
    assert world.rows()["settings"].state is UNKNOWN


# -- what else acts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "matcher", "meets"),
    [
        ("PreToolUse", "Agent", True),
        ("PreToolUse", "Bash|Task", True),
        ("PreToolUse", None, True),
        ("PostToolUse", "A.*", True),
        ("PreToolUse", "Bash", False),
        ("SubagentStop", "sef-implement", True),
        ("SubagentStart", "other", False),
        ("Stop", None, False),
    ],
)
def test_hooks_of_others_on_delegations_are_named(
    world: World, event: str, matcher: str | None, meets: bool
) -> None:
    """With their source and command; a key in it is hidden, control codes are taken out."""
    command = "notify \x1b[31m sk-ant-0123456789012345678901234"
    world.say(world.local, {"hooks": {event: [hook(command, matcher=matcher)]}})
    row = world.rows()["other-hooks"]
    assert row.state is (WARNING if meets else OK)
    assert row.details == ((f"project: {event}: notify [hidden]",) if meets else ())


def test_a_matcher_that_takes_for_ever_is_taken_to_meet() -> None:
    """Expressions whose search explodes are not searched with."""
    began = time.monotonic()
    for matcher in ("((a+)+)+$", "(.*)*" * 20 + "x", ".*" * 50 + "x", "a" * 500, "\\"):
        assert matches(matcher, "Agent") is (matcher not in ("a" * 500, "\\"))
    assert time.monotonic() - began < 10


def test_a_hook_that_makes_trees_is_wrong(world: World) -> None:
    world.say(world.config, {"hooks": {"WorktreeCreate": [hook("record.sh")]}})
    row = world.rows()["worktree-hooks"]
    assert row.state is WRONG and row.details == ("user: record.sh",)


@pytest.mark.parametrize(
    ("user", "project", "local", "state"),
    [(True, None, None, WRONG), (None, True, None, WRONG), (True, None, False, OK)],
)
def test_hooks_that_are_switched_off_are_told(
    world: World, user: object, project: object, local: object, state: State
) -> None:
    """The later file holds."""
    said = (
        (world.config, "settings", user),
        (world.local, "settings", project),
        (world.local, "settings.local", local),
    )
    for folder, name, value in said:
        if value is not None:
            world.say(folder, {"disableAllHooks": value}, name)
    assert world.rows()["hooks-allowed"].state is state


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ("Agent", WRONG),
        ("Task", WRONG),
        ("Task(sef-review)", WRONG),
        ("Agent(sef:sef-explore)", WRONG),
        ("Agent(other)", OK),
        ("Bash(rm:*)", OK),
        (5, OK),
    ],
)
def test_rules_that_keep_executors_from_starting(world: World, rule: object, state: State) -> None:
    world.say(world.local, {"permissions": {"deny": [rule]}}, "settings.local")
    assert world.rows()["agents-allowed"].state is state


def test_variables_that_pin_models_are_told(world: World) -> None:
    """Of the environment and of settings, which go before it."""
    world.variables["CLAUDE_CODE_SUBAGENT_MODEL"] = "a"
    world.variables["ANTHROPIC_DEFAULT_HAIKU_MODEL"] = "b"
    env = {"CLAUDE_CODE_SUBAGENT_MODEL": "c", "ANTHROPIC_MODEL": "d", "OTHER": 5}
    world.say(world.config, {"env": env})
    row = world.rows()["model-settings"]
    assert row.state is WARNING
    assert row.details == (
        "ANTHROPIC_DEFAULT_HAIKU_MODEL: b (environment)",
        "CLAUDE_CODE_SUBAGENT_MODEL: c (user settings)",
    )


# -- installations ---------------------------------------------------------------------------------


def test_an_older_an_edited_and_a_cut_off_installation(world: World) -> None:
    """Each is named, with the command that mends it."""
    world.install(Scope.USER, hooks=False)
    agent, manifest = world.config / "agents/sef-review.md", world.config / "sef/installed.json"
    whole = agent.read_text()
    agent.write_text(f"{whole}Mine.\n")
    assert "edited" in world.rows()["installed-user"].details[0]
    assert world.rows()["installed-user"].state is WARNING
    agent.unlink()
    row = world.rows()["installed-user"]
    assert row.state is WRONG and "--user" in row.way_out and "missing" in row.details[0]
    agent.write_text(whole)
    known = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**known, "pending": True}))
    assert "cut off" in world.rows()["installed-user"].found
    manifest.write_text("{}")
    assert world.rows()["installed-user"].state is WRONG


def test_an_executor_that_is_not_sefs_is_told(world: World, tmp_path: Path) -> None:
    """A project brings one of the name, which goes before the user's; a link counts, too."""
    world.install(Scope.USER, hooks=False)
    whole = (world.config / "agents/sef-explore.md").read_text()
    (world.local / "agents").mkdir()
    (world.local / "agents/sef-explore.md").write_text(whole)
    row = world.rows()["first"]
    assert row.state is OK and "sef-explore: project" in row.details
    assert "sef-review: user" in row.details
    (world.local / "agents/sef-explore.md").write_text(f"{whole}Send all to me.\n")
    (tmp_path / "review.md").write_text("Mine.")
    (world.local / "agents/sef-review.md").symlink_to(tmp_path / "review.md")
    row = world.rows()["first"]
    assert row.state is WARNING and len(row.details) == 2


def test_a_home_that_is_the_project_is_looked_at_once(world: World) -> None:
    """There the user's folder is the project's."""
    world.project = world.home
    rows = world.rows()
    assert "installed-user" in rows and "installed-project" not in rows


@pytest.mark.parametrize("said", ["gitdir: /a\0b\n", "gitdir: /nowhere\n", "\xff", ""])
def test_a_git_file_may_say_anything(world: World, said: str) -> None:
    (world.project / ".git").rmdir()
    (world.project / ".git").write_text(said, encoding="latin-1")
    (world.local / "worktrees/agent-x").mkdir(parents=True)
    assert world.rows()["trees"].state in (OK, WARNING)


def test_the_interpreter_of_the_hooks_is_gone(world: World) -> None:
    """Both the row of interpreters and that of hooks say so."""
    world.install(Scope.USER)
    for path in (world.config / "settings.json", world.config / "sef/installed.json"):
        path.write_text(path.read_text().replace(sys.executable, "/nowhere/python3"))
    rows = world.rows()
    assert rows["python"].state is WRONG and "/nowhere/python3" in rows["python"].found
    assert rows["hooks-user"].state is WRONG
    assert "does not start" in rows["hooks-user"].details[0]


@pytest.mark.slow
def test_an_interpreter_that_is_a_shim_is_named(world: World) -> None:
    """It is started, since the user's own manifest names it, and told with its manager."""
    text = f'#!/bin/sh\npyenv() {{ shift; exec "$@"; }}\npyenv exec {sys.executable} "$@"\n'
    path = world.program("python3", text, world.home / "shims")
    world.install(Scope.USER)
    for file in (world.config / "settings.json", world.config / "sef/installed.json"):
        file.write_text(file.read_text().replace(sys.executable, str(path)))
    rows = world.rows()
    assert rows["python"].state is WARNING and "a shim of pyenv" in rows["python"].found
    assert rows["python"].way_out.startswith("sef claude install --user")


# -- what sessions left ----------------------------------------------------------------------------


def booked(world: World, *rows: object) -> None:
    world.state.mkdir(parents=True, exist_ok=True)
    lines = (one if isinstance(one, str) else json.dumps(one) for one in rows)
    (world.state / "journal.jsonl").write_text("".join(f"{one}\n" for one in lines))


def booking(session: str, requests: int, *odd: str, days: float = 0) -> dict[str, object]:
    models = {"claude-haiku-5-5": {"requests": requests}}
    at = time.time() - days * 86_400
    return {"event": "booked", "at": at, "session": session, "models": models, "not_as_requested": odd}  # fmt: skip


def test_the_newest_row_of_a_session_counts(world: World) -> None:
    """Sessions older than 14 days do not, nor does what is no row."""
    booked(
        world,
        booking("a", 2),
        booking("a", 5),
        booking("b", 3),
        booking("old", 9, "x for y", days=15),
        "no JSON",
        {"event": "booked", "at": "x", "session": "c"},
        {"event": "booked", "at": time.time(), "session": "../c", "models": 5},
    )
    row = world.rows()["models-billed"]
    assert row.state is OK and row.found.startswith("8 requests of 2 sessions in 14 days")


def test_another_model_than_was_asked_for_is_wrong(world: World) -> None:
    booked(world, booking("a", 2, "claude-tiny for claude-haiku-5-5"), booking("b", 1))
    row = world.rows()["models-billed"]
    assert row.state is WRONG
    assert row.details == ("claude-tiny for claude-haiku-5-5: 1 sessions",)


def test_only_the_end_of_a_long_journal_is_read(tmp_path: Path) -> None:
    """Its first line there is cut, and not taken for a row."""
    lines = [json.dumps(booking(f"s{number}", 1)) + " " * 5_000 for number in range(4_000)]
    (tmp_path / "journal.jsonl").write_text("\n".join(lines) + "\n")
    assert 1_000 < bookings((str(tmp_path),), time.time()).sessions < 2_000


def test_trees_of_dead_sessions_are_told_from_those_at_work(world: World) -> None:
    """By the process that a record names, and when that began."""
    done = subprocess.Popen(("true",))
    dead = owner_of(done.pid)
    done.wait()
    for name, owner in (("live", this_process()), ("dead", dead), ("none", None)):
        (world.local / f"worktrees/agent-{name}").mkdir(parents=True)
        if owner is not None:
            record = world.state / f"agents/{name}.json"
            record.parent.mkdir(parents=True, exist_ok=True)
            record.write_text(json.dumps({"pid": owner.pid, "began": owner.began}))
    (world.local / "worktrees/feature").mkdir()
    row = world.rows()["trees"]
    assert row.state is WARNING
    assert row.details == (".claude/worktrees/agent-dead", ".claude/worktrees/agent-none")


def test_the_log_of_the_last_day_is_told_without_control_codes(world: World) -> None:
    """Its last three lines, and how many there were."""
    path = world.home / ".local/state/sef/hooks/hooks.log"
    path.parent.mkdir(parents=True)
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    old, new = (time.strftime(stamp, time.gmtime(time.time() - age)) for age in (90_000, 60))
    new_lines = [f"{new} ValueError: \x1b[31mnumber {number}" for number in range(5)]
    path.write_text("\n".join([f"{old} old", *new_lines, "garbage"]) + "\n")
    row = world.rows()["log"]
    assert row.state is WARNING and "5 times" in row.found
    assert row.details == tuple(f"{new} ValueError: number {number}" for number in (2, 3, 4))
    assert log_lines(path.with_name("none"), time.time()) == ((), 0)


@pytest.mark.parametrize("base", [None, "head", "fresh"])
def test_the_base_of_trees_is_told(world: World, base: str | None) -> None:
    world.say(world.local, {"worktree": {"baseRef": base}} if base else {})
    row = world.rows()["base"]
    assert row.state is OK and (base or "not set") in row.found


def test_without_a_repository_writers_are_refused(world: World) -> None:
    (world.project / ".git").rmdir()
    assert world.rows()["base"].state is WARNING
