"""Installed and removed from any beginning, and cut off at any change: the beginning comes back."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude.installing import BOTH, HOOKS, Ground, Tree, ended_at, scratch
from sef.installation.places import Scope
from sef.installation.section import TEXT

pytestmark = pytest.mark.slow

SETTINGS = (
    "{}",
    '{"hooks": {}}\n',
    '{\n\t"hooks": {"PreToolUse": [], "Stop": [{"hooks": []}]},\n\t"b": [1.50, "\\u00e9ö"]\n}\n',
    '{\r\n    "model": "opus"\r\n}\r\n',
    '\ufeff{"model": "opus"}\n',
    '{"hooks":{"PreToolUse":[{"matcher":"Agent","hooks":[{"type":"command","command":"x"}]}]}}',
    '{"statusLine":{"type":"command","command":"a \'b\' \\u00e9","padding":0,"refreshInterval":5},"z":1}',
)
MEMORIES = ("", "# Rules", "# Rules\n", "a\r\nb\r\n", "# Rules\n\n\n", "\n")
FILES = (
    "agents/mine.md",
    "agents/sef/mine.md",
    "skills/mine/SKILL.md",
    "skills/sef/mine.txt",
    "projects/x.jsonl",
)
beginnings = st.fixed_dictionaries(
    {
        "folder": st.booleans(),
        "files": st.sets(st.sampled_from(FILES)),
        "settings": st.none() | st.sampled_from(SETTINGS),
        "memory": st.none() | st.sampled_from(MEMORIES),
        "foreign": st.sampled_from((None, "mine\n")),
    }
)


def begin(ground: Ground, said: dict[str, object], *, project: bool) -> None:
    """Makes a place as it is said."""
    folder = ground.own if project else ground.user
    local = "settings.local.json" if project else "settings.json"
    written: dict[Path, object] = {folder / path: path for path in said["files"]}  # type: ignore[attr-defined]
    written[folder / local] = said["settings"]
    written[ground.project / "CLAUDE.md" if project else folder / "CLAUDE.md"] = said["memory"]
    written[folder / "agents/sef-review.md"] = said["foreign"]
    if said["folder"]:
        folder.mkdir(exist_ok=True)
    for path, text in written.items():
        if text is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(str(text).encode())


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    user=beginnings,
    project=beginnings,
    first=st.sampled_from(((), HOOKS[:1], HOOKS)),
    second=st.sampled_from((None, (), HOOKS[1:])),
    claude_md=st.booleans(),
    statusline=st.booleans(),
)
def test_a_removal_brings_back_the_beginning(
    *,
    user: dict[str, object],
    project: dict[str, object],
    first: tuple[object, ...],
    second: tuple[object, ...] | None,
    claude_md: bool,
    statusline: bool,
) -> None:
    """Byte for byte, with modes and empty folders, also after a change of what is installed."""
    with scratch() as name:
        ground = Ground(root=Path(name).resolve() / "ground").make()
        begin(ground, user, project=False)
        begin(ground, project, project=True)
        start = ground.tree()
        ground.install(force=True, claude_md=claude_md, statusline=statusline, hooks=first)
        if second is not None:
            ground.install(hooks=second)
        ground.uninstall()
        assert ground.tree() == start
        assert ground.uninstall() == ground.uninstall()
        assert ground.tree() == start


def made(name: str) -> Ground:
    """A ground with something of everything in the way."""
    ground = Ground(root=Path(name).resolve() / "ground").make()
    ground.user.mkdir()
    (ground.user / "settings.json").write_text(SETTINGS[2])
    (ground.user / "CLAUDE.md").write_text("# Rules")
    (ground.user / "agents").mkdir()
    (ground.user / "agents/sef-review.md").write_text("mine\n")
    return ground


def whole_install(ground: Ground, *scopes: Scope) -> None:
    """All that there is."""
    options = {"force": True, "claude_md": True, "statusline": True}
    ground.install(*(scopes or (Scope.USER,)), hooks=HOOKS, **options)


def renewal(ground: Ground) -> None:
    """Other hooks than before."""
    ground.install(Scope.USER, hooks=HOOKS[:1])


def complete(tmp_path: Path) -> Tree:
    """What an installation that nothing disturbs leaves."""
    ground = made(str(tmp_path))
    whole_install(ground)
    return ground.tree()


@pytest.mark.parametrize("repair", ["install", "uninstall"])
def test_an_installation_that_is_killed_is_repaired(repair: str, tmp_path: Path) -> None:
    """At each change: the next installation completes it, the next removal leaves the beginning."""
    whole, step, end = complete(tmp_path), 0, ""
    while end != "whole":
        step += 1
        with scratch() as name:
            ground = made(name)
            start = ground.tree()
            end = ended_at(step, ground.root, partial(whole_install, ground), kill=True)
            if repair == "install":
                whole_install(ground)
                assert ground.tree() == whole, step
            ground.uninstall()
            assert ground.tree() == start, step
    assert step > 40


def test_a_renewal_that_is_killed_is_repaired() -> None:
    """At each change: a removal leaves the beginning, whichever hooks were in the settings."""
    step, end = 0, ""
    while end != "whole":
        step += 1
        with scratch() as name:
            ground = made(name)
            start = ground.tree()
            whole_install(ground)
            end = ended_at(step, ground.root, partial(renewal, ground), kill=True)
            ground.uninstall()
            assert ground.tree() == start, step
    assert step > 5


@pytest.mark.parametrize("repair", ["install", "uninstall"])
def test_a_removal_that_is_killed_is_repaired(repair: str, tmp_path: Path) -> None:
    """At each change: the next removal leaves the beginning, the next installation all of it."""
    whole, step, end = complete(tmp_path), 0, ""
    while end != "whole":
        step += 1
        with scratch() as name:
            ground = made(name)
            start = ground.tree()
            whole_install(ground)
            end = ended_at(step, ground.root, ground.uninstall, kill=True)
            if repair == "install":
                whole_install(ground)
                assert ground.tree() == whole, step
            ground.uninstall()
            assert ground.tree() == start, step
    assert step > 20


@pytest.mark.parametrize("what", ["install", "uninstall"])
def test_what_the_system_refuses_once_leaves_nothing_half_done(what: str) -> None:
    """At each change a full disk: everything is as before, or, at the very end, done."""
    step, end, refused = 0, "", 0
    while end != "whole":
        step += 1
        with scratch() as name:
            ground = made(name)
            start = ground.tree()
            if what == "uninstall":
                whole_install(ground, *BOTH)
            before = ground.tree()
            action = (
                partial(whole_install, ground, *BOTH) if what == "install" else ground.uninstall
            )
            end = ended_at(step, ground.root, action, kill=False)
            refused += end == "ended"
            if end == "ended" and what == "install":
                assert ground.tree() == before, step
            if end == "ended" and what == "uninstall":
                assert files_of(ground.tree()) in (files_of(before), files_of(start)), step
            ground.uninstall()
            assert ground.tree() == start, step
    assert refused > 40


def files_of(tree: Tree) -> Tree:
    """Without folders, and without what sef knows of them: at the end of a removal these go last."""
    return {
        path: one for path, one in tree.items() if one[1] is not None and ".claude/sef" not in path
    }


def test_a_cut_off_installation_is_told(tmp_path: Path) -> None:
    """--status says that it is not whole, and what is missing."""
    ground = made(str(tmp_path))
    assert ended_at(30, ground.root, partial(whole_install, ground), kill=True) == "ended"
    user, project = ground.status()
    assert (user.state, project.state) == ("unfinished", "absent")
    assert "missing" in user.files.values()
    manifest = json.loads((ground.user / "sef/installed.json").read_text())
    assert manifest["pending"] is True and TEXT in manifest["section"]["texts"][0]
