"""`sef claude install` in a home and a project of its own: what it writes, keeps, refuses."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from claude.installing import BOTH, HOOKS, Ground, tree
from sef.agents import OFFERED
from sef.errors import UsageError
from sef.installation.assets import (
    installed_files,
)
from sef.installation.draft import Wish
from sef.installation.files import digest
from sef.installation.hooks import installed_entries
from sef.installation.order import LIBRARIES, Action, Order, lacking, obey, order
from sef.installation.places import Scope, locked, project_place
from sef.installation.plan import installation
from sef.installation.section import TEXT
from sef.installation.work import carry_out

USER, PROJECT = BOTH
PLUGIN = Path(str(files("sef") / "claude" / "plugin"))
VERSION = json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_text())["version"]


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(root=tmp_path / "ground").make()


def test_the_executors_are_where_the_paper_says(ground: Ground) -> None:
    """`~/.claude/agents/` and `.claude/agents/`, with skills and references beside them."""
    ground.install()
    for folder in (ground.user, ground.own):
        found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.md")}
        assert found == installed_files()
        assert {path.stem for path in (folder / "agents").iterdir()} == set(OFFERED)


@pytest.mark.parametrize(("scope", "left"), [(USER, "own"), (PROJECT, "user")])
def test_one_scope_leaves_the_other_alone(ground: Ground, scope: Scope, left: str) -> None:
    """--user writes nothing into the project, --project nothing into the home."""
    ground.install(scope)
    assert not getattr(ground, left).exists()


def test_a_configuration_folder_is_the_users(ground: Ground) -> None:
    """CLAUDE_CONFIG_DIR takes the place of ~/.claude, as in Claude Code."""
    named_dir = ground.root / "elsewhere"
    variables = {"HOME": str(ground.home), "CLAUDE_CONFIG_DIR": str(named_dir)}
    wanted = Order(action=Action.INSTALL, scopes=(USER,))
    obey(wanted, variables=variables, start=ground.project)
    assert (named_dir / "agents" / "sef-explore.md").is_file()
    assert not ground.user.exists()


def test_the_project_is_the_repository(ground: Ground) -> None:
    """From a folder deep in a repository it is installed in the repository's root."""
    deep = ground.project / "a" / "b"
    deep.mkdir(parents=True)
    wanted = Order(action=Action.INSTALL, scopes=(PROJECT,))
    obey(wanted, variables={"HOME": str(ground.home)}, start=deep)
    assert (ground.own / "agents").is_dir() and not (deep / ".claude").exists()


def test_the_home_is_no_project(tmp_path: Path) -> None:
    """In the home folder --project is refused, and --both is --user."""

    def run(*scopes: Scope) -> None:
        wanted = Order(action=Action.INSTALL, scopes=scopes)
        obey(wanted, variables={"HOME": str(tmp_path)}, start=tmp_path)

    with pytest.raises(UsageError, match="the user's own folder"):
        run(PROJECT)
    run(*BOTH)
    assert list(tree(tmp_path)).count(".claude/sef/installed.json") == 1


def test_a_second_time_changes_nothing(ground: Ground) -> None:
    """Not a byte, and it says so."""
    ground.install(claude_md=True, hooks=HOOKS)
    once = ground.tree()
    told = ground.install(hooks=HOOKS)
    assert ground.tree() == once
    assert [dict(one.files) for one in told] == [{}, {}]


def test_a_dry_run_changes_nothing_and_tells_the_same(ground: Ground) -> None:
    """What it tells is what the real run tells then."""
    start = ground.tree()
    foretold = ground.install(claude_md=True, hooks=HOOKS, dry_run=True)
    assert ground.tree() == start
    assert ground.install(claude_md=True, hooks=HOOKS) == foretold
    whole = ground.tree()
    foretold = ground.uninstall(dry_run=True)
    assert ground.tree() == whole
    assert ground.uninstall() == foretold


def test_the_history_of_a_project_does_not_get_what_sef_knows(ground: Ground) -> None:
    """The folder with the manifest tells git to leave it out."""
    ground.install(PROJECT)
    assert (ground.own / "sef" / ".gitignore").read_text() == "*\n"


# What is the user's


def test_edited_files_stay(ground: Ground) -> None:
    """Neither a second installation nor a removal touches one; --force does."""
    ground.install(PROJECT)
    mine = ground.own / "agents" / "sef-review.md"
    mine.write_text("mine\n")
    (told,) = ground.install(PROJECT)
    assert (mine.read_text(), told.files) == ("mine\n", {str(mine): "kept"})
    (told,) = ground.uninstall(PROJECT)
    assert (mine.read_text(), told.files[str(mine)]) == ("mine\n", "kept")
    assert list(ground.own.rglob("*.md")) == [mine]
    assert ground.status()[1].files == {str(mine): "edited"}
    ground.uninstall(PROJECT, force=True)
    assert not ground.own.exists()


def test_force_writes_edited_files_again(ground: Ground) -> None:
    """--force brings back what sef installs."""
    ground.install(USER)
    mine = ground.user / "agents" / "sef-review.md"
    mine.write_text("mine\n")
    ground.install(USER, force=True)
    assert mine.read_bytes() == installed_files()["agents/sef-review.md"]


def test_a_file_of_another_version_is_renewed(ground: Ground) -> None:
    """What sef itself wrote earlier is no edit."""
    ground.install(USER)
    path, manifest = ground.user / "agents/sef-review.md", ground.user / "sef/installed.json"
    said = json.loads(manifest.read_text())
    path.write_bytes(b"of old\n")
    said["version"] = "0.0.1"
    said["files"]["agents/sef-review.md"]["ours"] = [digest(b"of old\n")]
    said["files"]["agents/sef-gone.md"] = {"ours": [digest(b"gone\n")], "before": None}
    (ground.user / "agents/sef-gone.md").write_bytes(b"gone\n")
    manifest.write_text(json.dumps(said))
    assert ground.status()[0].files[str(path)] == "older"
    ground.install(USER)
    assert path.read_bytes() == installed_files()["agents/sef-review.md"]
    assert not (ground.user / "agents/sef-gone.md").exists()
    assert ground.status()[0].version == VERSION


def test_a_foreign_file_of_the_same_name_is_refused(ground: Ground) -> None:
    """It is named, nothing is half done, not even at the other place; with --force it comes back."""
    mine = ground.own / "agents" / "sef-review.md"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine\n")
    start = ground.tree()
    with pytest.raises(UsageError, match=re.escape(f"{mine} is there and not sef's")):
        ground.install()
    assert ground.tree() == start
    ground.install(force=True)
    assert mine.read_bytes() == installed_files()["agents/sef-review.md"]
    ground.uninstall()
    assert ground.tree() == start


def test_a_foreign_file_word_for_word_ours_is_not_ours(ground: Ground) -> None:
    """As from a repository that brings the executors: it is used, and stays at the end."""
    for path, data in installed_files().items():
        (ground.own / path).parent.mkdir(parents=True, exist_ok=True)
        (ground.own / path).write_bytes(data)
    start = ground.tree()
    (told,) = ground.install(PROJECT)
    assert set(told.files.values()) == {"foreign"}
    ground.uninstall(PROJECT)
    assert ground.tree() == start


def test_everything_in_the_way_is_named_at_once(ground: Ground) -> None:
    """One message for all of it."""
    for name in ("sef-review", "sef-explore"):
        path = ground.own / "agents" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine\n")
    with pytest.raises(UsageError, match=r"sef-explore.*sef-review.*Nothing was changed"):
        ground.install(PROJECT)


@pytest.mark.parametrize("what", [".claude", ".claude/agents", ".claude/agents/sef-explore.md"])
def test_links_are_refused(ground: Ground, what: str) -> None:
    """sef writes through no link: not for the folder, not below it."""
    link, target = ground.home / what, ground.root / "target"
    link.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("x") if what.endswith(".md") else target.mkdir()
    link.symlink_to(target)
    start = ground.tree()
    with pytest.raises(UsageError, match=re.escape(f"{link} is a symbolic link")):
        ground.install(USER)
    assert ground.tree() == start


def test_a_linked_folder_is_in_nobodys_way_where_nothing_is_removed(ground: Ground) -> None:
    """A home whose `.claude` is a link keeps nobody from removing what is in the project."""
    (ground.root / "dotfiles").mkdir()
    ground.user.symlink_to(ground.root / "dotfiles")
    start = ground.tree()
    ground.install(PROJECT)
    assert [one.state for one in ground.status()] == ["absent", "installed"]
    ground.uninstall()
    assert ground.tree() == start


def test_a_folder_that_became_a_link_is_refused(ground: Ground) -> None:
    """What was installed before that is not removed through it."""
    ground.install(USER)
    ground.user.rename(ground.root / "dotfiles")
    ground.user.symlink_to(ground.root / "dotfiles")
    start = ground.tree()
    for action in (ground.install, ground.uninstall):
        with pytest.raises(UsageError, match="symbolic link"):
            action(USER)
    assert ground.tree() == start


def test_a_linked_memory_file_is_in_nobodys_way_without_the_section(ground: Ground) -> None:
    """CLAUDE.md may be a link as long as nothing is to be put into it."""
    (ground.project / "AGENTS.md").write_text("rules\n")
    (ground.project / "CLAUDE.md").symlink_to("AGENTS.md")
    with pytest.raises(UsageError, match="symbolic link"):
        ground.install(PROJECT, claude_md=True)
    start = ground.tree()
    ground.install(PROJECT)
    ground.uninstall(PROJECT)
    assert ground.tree() == start


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (".claude", "is not a folder"),
        (".claude/agents", "is not a folder"),
        (".claude/sef/x", "is not sef's"),
        (".claude/agents/sef-explore.md/x", "is not a regular file"),
    ],
)
def test_what_is_no_file_or_folder_is_refused(ground: Ground, path: str, said: str) -> None:
    """It is named, also with --force, and nothing is changed."""
    (ground.home / path).parent.mkdir(parents=True, exist_ok=True)
    (ground.home / path).write_text("x")
    start = ground.tree()
    with pytest.raises(UsageError, match=said):
        ground.install(USER, force=True)
    assert ground.tree() == start


def test_a_place_that_cannot_be_written_is_refused() -> None:
    """It is named before anything is changed, at both places."""
    with tempfile.TemporaryDirectory() as name:
        ground = Ground(root=Path(name) / "ground").make()
        ground.own.mkdir()
        for path in (Path(name), ground.root, ground.home):
            path.chmod(0o777)
        ground.own.chmod(0o555)
        start = ground.tree()
        said = _as_nobody(ground.install)
        if said == UNREADABLE:
            pytest.skip("nobody but root can read this repository")
        assert said == f"{ground.own} cannot be written"
        assert ground.tree() == start


UNREADABLE = "unreadable"


def _as_nobody(action: Callable[[], object]) -> str:
    """What a refusal says to somebody without the rights of root."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = "no refusal"
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            said = UNREADABLE
            installed_files()
            said = "no refusal"
            action()
        except UsageError as error:
            said = str(error.args[0]).split(";")[0].removesuffix(". Nothing was changed")
        except BaseException as error:
            said = said if said == UNREADABLE else repr(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        return pipe.read()


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("{", "is not what sef wrote"),
        ('{"schema": 2}', "schema 2"),
        ("PATH ../../.bashrc", "is not one of sef's"),
        ("PATH agents/../../x.md", "is not one of sef's"),
        ("PATH agents/mine.md", "is not one of sef's"),
        ("PATH /etc/passwd", "is not one of sef's"),
    ],
)
def test_a_manifest_is_not_trusted(ground: Ground, manifest: str, said: str) -> None:
    """A repository may bring one: what leads elsewhere is refused, and nothing is removed."""
    ground.install(PROJECT)
    path = ground.own / "sef" / "installed.json"
    if manifest.startswith("PATH "):
        whole = json.loads(path.read_text())
        whole["files"][manifest[5:]] = whole["files"]["agents/sef-review.md"]
        manifest = json.dumps(whole)
    path.write_text(manifest)
    start = ground.tree()
    for action in (ground.install, ground.uninstall):
        with pytest.raises(UsageError, match=re.escape(said)):
            action(PROJECT)
    assert ground.tree() == start


def test_what_changes_between_plan_and_deed_stays(ground: Ground) -> None:
    """A file that somebody writes in that moment is theirs; the rest is taken back."""
    wish = Wish(version=VERSION, files=installed_files(), hooks={})
    place = project_place(ground.project)
    plan = installation(place, wish)
    mine = ground.own / "skills/sef/SKILL.md"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine\n")
    start = ground.tree()
    with pytest.raises(UsageError, match="meanwhile"):
        carry_out((plan,))
    assert ground.tree() == start


def test_files_that_somebody_put_into_sefs_own_folder_stay(ground: Ground) -> None:
    """A removal leaves them, and the folder that they are in; the manifest goes."""
    ground.install(USER)
    (ground.user / "sef" / "notes").write_text("mine")
    ground.uninstall(USER)
    assert [str(one.relative_to(ground.user)) for one in sorted(ground.user.rglob("*"))] == [
        "sef",
        "sef/notes",
    ]


@pytest.mark.parametrize("name", [".claude.sef-moving/a", ".claude/sef.moving/a"])
def test_a_folder_that_is_called_like_a_left_over_is_not_removed(ground: Ground, name: str) -> None:
    """What a kill leaves holds sef's own files alone."""
    path = ground.home / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    for action in (ground.install, ground.uninstall):
        with pytest.raises(UsageError, match="not sef's"):
            action(USER)
    assert path.read_text() == "mine"


def test_one_installer_at_a_time(ground: Ground) -> None:
    """A second one is told to wait."""
    with locked(project_place(ground.project)), pytest.raises(UsageError, match="another sef"):
        ground.install(PROJECT)


# Settings


def test_settings_hold_hooks_only_where_the_table_names_them(ground: Ground) -> None:
    """With an empty table no settings file is written."""
    ground.install()
    assert not (ground.user / "settings.json").exists()
    ground.install(hooks=HOOKS)
    found = json.loads((ground.user / "settings.json").read_text())
    assert found == {"hooks": installed_entries(HOOKS, python=sys.executable, scope="user")}
    (entry,) = found["hooks"]["PreToolUse"]
    assert entry["hooks"][0]["args"][-2:] == ["--scope", "user"]
    ground.install()
    assert not (ground.user / "settings.json").exists()


def test_the_libraries_of_hooks_are_those_of_the_project() -> None:
    """The names that the installer looks for are the dependencies that are imported."""
    said = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    names = {re.match(r"[\w-]+", one)[0] for one in said["project"]["dependencies"]}  # type: ignore[index]
    assert {one.replace("-", "_") for one in names} - {"ripgrep"} == set(LIBRARIES)
    assert lacking() == () and lacking(("no_such_library",)) == ("no_such_library",)


def test_hooks_of_a_project_are_of_this_machine(ground: Ground) -> None:
    """They name a program by its path, so they go into the settings that git leaves out."""
    ground.install(PROJECT, hooks=HOOKS)
    assert not (ground.own / "settings.json").exists()
    assert "PreToolUse" in (ground.own / "settings.local.json").read_text()


MINE = '{"model":"opus","hooks":{"PreToolUse":[{"hooks":[]}],"Stop":[]}}'


def test_settings_come_back_byte_for_byte(ground: Ground) -> None:
    """Entries come after the user's; without them the file is as it was, mode and all."""
    path = ground.user / "settings.json"
    path.parent.mkdir()
    path.write_text(MINE)
    path.chmod(0o600)
    start = ground.tree()
    ground.install(USER, hooks=HOOKS)
    found = json.loads(path.read_text())
    assert found["model"] == "opus" and found["hooks"]["PreToolUse"][0] == {"hooks": []}
    assert len(found["hooks"]["PreToolUse"]) == 2
    assert path.stat().st_mode & 0o777 == 0o600
    ground.uninstall(USER)
    assert ground.tree() == start


def test_settings_that_changed_lose_only_what_is_ours(ground: Ground) -> None:
    """What the user added in between stays, and so do lists that were there."""
    path = ground.user / "settings.json"
    path.parent.mkdir()
    path.write_text(MINE)
    ground.install(USER, hooks=HOOKS)
    found = json.loads(path.read_text())
    found["hooks"]["PreToolUse"].append({"matcher": "Bash", "hooks": []})
    found["theme"] = "dark"
    path.write_text(json.dumps(found, indent=4))
    assert ground.status()[0].files[str(path)] == "ours"
    ground.uninstall(USER)
    assert json.loads(path.read_text()) == json.loads(MINE) | {"theme": "dark"} | {
        "hooks": {"PreToolUse": [{"hooks": []}, {"matcher": "Bash", "hooks": []}], "Stop": []}
    }
    assert '\n    "model"' in path.read_text()


@pytest.mark.parametrize("name", ["settings.json", "settings.local.json"])
@pytest.mark.parametrize(
    "text",
    [
        "{// hello\n}",
        '{"a": 1,}',
        '{"a": NaN}',
        "[]",
        '{"hooks": []}',
        '{"hooks":{"Stop":{}}}',
        "{",
    ],
)
def test_settings_that_claude_code_would_ignore_are_refused(
    ground: Ground, name: str, text: str
) -> None:
    """They are named, whether hooks are to go there or not, and nothing is changed."""
    ground.own.mkdir()
    (ground.own / name).write_text(text)
    start = ground.tree()
    with pytest.raises(UsageError, match=re.escape(str(ground.own / name))):
        ground.install(PROJECT)
    assert ground.tree() == start


# The section of CLAUDE.md


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b'{"a": 1e400}', "1e400 is too large"),
        (b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}", "nested too deeply"),
        (b'{"a": 1, "a": 2}', "'a' is there twice"),
        (b'{"a": "' + b"x" * 4_000_000 + b'"}', "more than 4,000,000 bytes"),
    ],
)
def test_settings_that_could_not_be_written_again_are_refused(
    ground: Ground, said: bytes, why: str
) -> None:
    """Python would write 1e400 as a word that is no JSON; none of these is changed."""
    ground.user.mkdir()
    settings = ground.user / "settings.json"
    settings.write_bytes(said)
    with pytest.raises(UsageError, match=why):
        ground.install(USER, hooks=HOOKS)
    assert settings.read_bytes() == said


@pytest.mark.parametrize("said", [b"", b" \n", b"\xef\xbb\xbf"])
def test_empty_settings_say_nothing(ground: Ground, said: bytes) -> None:
    """Claude Code takes an empty file as settings without a key; it comes back as it was."""
    ground.user.mkdir()
    settings = ground.user / "settings.json"
    settings.write_bytes(said)
    ground.install(USER, hooks=HOOKS, statusline=True)
    assert set(json.loads(settings.read_text("utf-8-sig"))) == {"hooks", "statusLine"}
    ground.uninstall(USER)
    assert settings.read_bytes() == said


def test_two_places_in_one_folder(ground: Ground) -> None:
    """A configuration folder beside the project's `.claude` is no second installer."""
    variables = {"HOME": str(ground.home), "CLAUDE_CONFIG_DIR": str(ground.project / "mine")}
    start = ground.tree()
    for action in (Action.INSTALL, Action.UNINSTALL):
        wanted = Order(action=action, scopes=BOTH)
        assert len(obey(wanted, variables=variables, start=ground.project)) == 2
    assert ground.tree() == start


def test_what_is_in_the_way_of_many_is_named_once(ground: Ground) -> None:
    """A file in place of the folder of executors is one thing in the way, not five."""
    ground.user.mkdir()
    (ground.user / "agents").write_text("")
    with pytest.raises(UsageError) as caught:
        ground.install(USER)
    assert str(caught.value.args[0]).count("is not a folder") == 1


def test_the_section_comes_and_goes(ground: Ground) -> None:
    """It is put at the end; text that comes after it later stays where it is."""
    path = ground.project / "CLAUDE.md"
    path.write_text("# Rules\n\nBe kind.")
    ground.install(PROJECT, claude_md=True)
    assert path.read_text() == f"# Rules\n\nBe kind.\n\n{TEXT}"
    path.write_text(path.read_text() + "More.\n")
    ground.install(PROJECT)
    assert TEXT in path.read_text()
    ground.uninstall(PROJECT)
    assert path.read_text() == "# Rules\n\nBe kind.More.\n"


def test_an_edited_section_stays(ground: Ground) -> None:
    """Without --force; the removal says so."""
    path = ground.user / "CLAUDE.md"
    ground.install(USER, claude_md=True)
    path.write_text(path.read_text().replace("Right goes before fast.", "Fast goes first."))
    edited = path.read_text()
    (told,) = ground.install(USER, claude_md=True)
    assert told.files == {str(path): "kept"}
    (told,) = ground.uninstall(USER)
    assert (told.files[str(path)], path.read_text()) == ("kept", edited)
    ground.uninstall(USER, force=True)
    assert not ground.user.exists()


# The options


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "where to install"),
        (("status", "uninstall"), "two things"),
        (("status", "force"), "changes nothing"),
        (("uninstall", "claude_md"), "for installing"),
        (("claude_md",), "where to install"),
    ],
)
def test_options_that_do_not_fit_are_refused(flags: tuple[str, ...], said: str) -> None:
    """With the way out."""
    with pytest.raises(UsageError, match=said) as refused:
        order(**_flags(*flags))
    assert refused.value.hint


def test_status_and_removal_are_about_both_by_default() -> None:
    """As in the paper: --status tells all, --uninstall removes all executors."""
    assert order(**_flags("status")).scopes == order(**_flags("uninstall")).scopes == BOTH
    assert order(**_flags("uninstall", "project")).scopes == (PROJECT,)
    assert order(**_flags("both")).scopes == BOTH


def _flags(*names: str) -> dict[str, bool]:
    every = ("user", "project", "both", "status", "uninstall", "dry_run", "force", "claude_md")
    return {name: name in names for name in (*every, "statusline")}
