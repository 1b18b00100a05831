"""The rules of the sandbox: who needs one, what is given, and that doubt means none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sef.errors import ConfigError
from sef.sandbox import (
    Access,
    Areas,
    Level,
    NoSandbox,
    SandboxSettings,
    confine,
    describe,
    landlock,
    probe,
    variables,
)
from sef.sandbox.allowed import permitted
from sef.sandbox.areas import followed
from sef.sandbox.bubblewrap import options
from sef.sandbox.places import git_folders, machine, showing
from sef.sandbox.restricted import restricted

NETWORK = ("uv sync", "npm ci --offline")


@pytest.mark.parametrize(
    ("argv", "allowed"),
    [
        (("uv", "sync"), True),
        (("uv", "sync", "--frozen"), True),
        (("uv", "synchronise"), False),
        (("uv", "run", "uv", "sync"), False),
        (("./uv", "sync"), False),
        (("npm", "ci"), False),
        (("npm", "ci", "--offline"), True),
        (("sh", "-c", "uv sync --frozen"), True),
        (("sh", "-c", "uv sync && curl x"), False),
        (("sh", "-c", "uv sync; curl x"), False),
        (("sh", "-c", "uv sync $(curl x)"), False),
        (("sh", "-c", "uv sync\ncurl x"), False),
        (("sh", "-c", "uv sync 'x"), False),
        (("sh", "-xc", "uv sync"), False),
        ((), False),
    ],
)
def test_commands_that_may_use_the_network(argv: tuple[str, ...], allowed: bool) -> None:
    """Word by word from the first; a shell's text only where no shell would read more in it."""
    assert permitted(argv, NETWORK) is allowed
    assert not permitted(argv, ())


def test_variables_are_an_allow_list() -> None:
    """Keys, tokens, sockets, and addresses with a password are not given; what is named is."""
    given = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "CARGO_HOME": "/c",
        "ANTHROPIC_API_KEY": "canary",
        "GITHUB_TOKEN": "canary",
        "SSH_AUTH_SOCK": "canary",
        "DOCKER_HOST": "canary",
        "GIT_DIR": "canary",
        "GOPROXY": "https://me:canary@proxy.example.org",
        "https_proxy": "http://proxy.example.org:3128",
        "HTTP_PROXY": "me:canary@proxy.example.org:3128",
        "LC_CTYPE": "de_DE@euro",
        "DATABASE_URL": "postgres://me:mine@localhost/x",
    }
    assert variables(given) == {
        "PATH": "/bin",
        "LC_ALL": "C",
        "CARGO_HOME": "/c",
        "https_proxy": "http://proxy.example.org:3128",
        "LC_CTYPE": "de_DE@euro",
    }
    named = variables(given, ("DATABASE_URL", "ANTHROPIC_API_KEY", "GITHUB_TOKEN"))
    assert named["DATABASE_URL"] == given["DATABASE_URL"]
    assert "GITHUB_TOKEN" in named
    assert "ANTHROPIC_API_KEY" not in named


@pytest.mark.parametrize(
    "name",
    ["ANTHROPIC_API_KEY", "openai_api_key", "DEEPSEEK_TOKEN", "MY_API_KEY", "HF_TOKEN", "AWS_PROFILE",
     "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE", "X_AUTH_TOKEN", "A B", "", "1X", "X=Y"],
)  # fmt: skip
def test_variables_that_cannot_be_named(name: str) -> None:
    """What looks like a model provider's key is refused when the configuration is read."""
    with pytest.raises(ConfigError):
        SandboxSettings(variables=(name,))


@pytest.mark.parametrize("line", ["", "  ", "uv 'sync", "uv\nsync", "uv\0"])
def test_beginnings_that_are_none(line: str) -> None:
    """An empty one would allow every command."""
    with pytest.raises(ConfigError):
        SandboxSettings(network=(line,))


def test_the_most_specific_path_decides(tmp_path: Path) -> None:
    """Hidden in shown in hidden, and each only where it differs from what is around it."""
    folder = Path(os.path.realpath(tmp_path))
    (folder / "home/.cargo/bin").mkdir(parents=True)
    areas = Areas().having(Access.HIDDEN, [folder / "home", folder / "home/.cargo/bin/secret"])
    areas = areas.having(Access.READ, [folder, folder / "home/.cargo/bin"])
    (folder / "home/.cargo/bin/secret").touch()
    assert areas.access(str(folder / "home/.ssh/id")) is Access.HIDDEN
    assert areas.access(str(folder / "home/.cargo/bin/tool")) is Access.READ
    assert areas.access(str(folder / "home/.cargo/bin/secret")) is Access.HIDDEN
    assert [Path(path).name for path, _ in areas.changing()] == ["home", "bin", "secret"]


def test_links_are_followed_one_by_one(tmp_path: Path) -> None:
    """Relative, absolute and circular ones; each that was passed is named."""
    folder = os.path.realpath(tmp_path)
    os.makedirs(f"{folder}/a/b")
    os.symlink("b", f"{folder}/a/relative")
    os.symlink(f"{folder}/a", f"{folder}/absolute")
    os.symlink("circle", f"{folder}/circle")
    path, passed = followed(f"{folder}/absolute/relative/../relative/file")
    assert path == f"{folder}/a/b/file"
    assert passed == {f"{folder}/absolute": f"{folder}/a", f"{folder}/a/relative": "b"}
    assert followed(f"{folder}/circle/x")[0].startswith(folder)
    assert followed("/")[0] == "/"


def test_a_home_is_hidden_as_a_whole_and_never_shown(tmp_path: Path) -> None:
    """Not because of where it lies, and whatever a variable or a setting names."""
    home = Path(os.path.realpath(tmp_path)) / "people/ada"
    for name in (".ssh", ".cargo/bin", ".pyenv/bin", "lib", "bin", ".config/tool/bin"):
        (home / name).mkdir(parents=True)
    given = {
        "HOME": str(home),
        "PATH": f"{home}/bin:{home}/.config/tool/bin:{home}/.pyenv/bin",
        "JAVA_HOME": str(home.parent),
        "GOPATH": "/:",
    }
    areas = machine(given, ["~/.ssh", "~", "/", str(home.parent)])
    assert areas.places[str(home)] is Access.HIDDEN
    shown = [path for path, access in areas.places.items() if access is Access.READ]
    inside = {str(Path(path).relative_to(home)) for path in shown if path.startswith(f"{home}")}
    assert inside == {".cargo/bin", ".pyenv", ".pyenv/bin", "bin"}
    assert areas.access(f"{home}/.ssh/id") is Access.HIDDEN
    assert showing(areas, [f"{home}/../ada"], (str(home),)).places[str(home)] is Access.HIDDEN


def test_the_options_of_bubblewrap() -> None:
    """One call: namespaces, a read-only root, no capability; a network only where it is asked for."""
    words = options(Areas(), network=False)
    assert "--unshare-net" in words
    assert "--unshare-net" not in options(Areas(), network=True)
    for wanted in ("--unshare-pid", "--unshare-ipc", "--die-with-parent", "--cap-drop"):
        assert wanted in words
    at = words.index("--ro-bind")
    assert words[at : at + 7] == ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")


def test_what_landlock_is_asked_for(tmp_path: Path) -> None:
    """What holds something hidden is not given as a whole; a device never."""
    folder = Path(os.path.realpath(tmp_path))
    for name in ("a/hidden", "a/shown", "b", "fork"):
        (folder / name).mkdir(parents=True)
    areas = Areas().having(Access.HIDDEN, [folder / "a/hidden"])
    areas = areas.having(Access.WRITE, [folder / "fork"])
    argv = restricted(areas, ("true",), network=False)
    asked = json.loads(argv[4])
    assert argv[:3] == (sys.executable, "-I", "-S")
    assert argv[5:] == ("true",)
    assert asked["write"] == [str(folder / "fork")]
    assert {str(folder / "a/shown"), str(folder / "b"), "/usr"} <= set(asked["read"])
    above = {"/", "/dev", str(folder), str(folder / "a"), str(folder / "a/hidden")}
    assert not above & set(asked["read"])


@pytest.mark.parametrize(("version", "why"), [(0, "no Landlock"), (2, "file be emptied")])
def test_the_launcher_refuses_without_landlock(tmp_path: Path, version: int, why: str) -> None:
    """It does not run the command then, nor where truncate(2) would be free: it says why (126)."""
    (tmp_path / "old.py").write_text(
        f"import sys; sys.path.insert(0, {str(Path(landlock.__file__).parent)!r})\n"
        f"import landlock; landlock.abi = lambda: {version}; landlock.main(sys.argv[1:])\n"
    )
    asked = json.dumps({"read": ["/"], "write": [], "network": False})
    argv = (sys.executable, "-I", str(tmp_path / "old.py"), asked, "touch", str(tmp_path / "ran"))
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 126
    assert why in done.stderr
    assert not (tmp_path / "ran").exists()
    assert landlock.rights(1) == 0x1FFF
    assert landlock.rights(7) == 0xFFFF


def test_what_lets_something_through_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bubblewrap that only runs the command is found out, and Landlock is then the level."""
    fake = tmp_path / "bwrap"
    fake.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n')
    fake.chmod(0o755)
    code = f"from sef.sandbox.means import _bubblewrap; print(_bubblewrap({str(fake)!r}))"
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"


def test_without_a_sandbox_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Required and none works: NoSandbox; off: as it is asked for, whatever works."""
    monkeypatch.setattr("sef.sandbox.sandbox.found", lambda: None)
    with pytest.raises(NoSandbox) as raised:
        confine(SandboxSettings(), variables=os.environ)
    assert "apt install bubblewrap" in str(raised.value)
    assert 'mode = "off"' in str(raised.value)
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(NoSandbox, match="Seatbelt"):
        confine(SandboxSettings(), variables=os.environ)
    off = confine(SandboxSettings(mode="off"), variables=os.environ)
    assert off.wrap(("a", "b"), writable=()) == ("a", "b")


def test_every_level_is_described() -> None:
    """One line each, which names what is not held."""
    for level in (*Level, None):
        assert "\n" not in describe(level)
    assert "not bounded" in describe(Level.BUBBLEWRAP)
    assert "UDP" in describe(Level.LANDLOCK)
    assert "your rights" in describe(Level.OFF)
    assert "apt install" in describe(None)
    assert probe() in (Level.BUBBLEWRAP, Level.LANDLOCK, None)


def test_where_git_keeps_a_work_tree(tmp_path: Path) -> None:
    """Its own folder and the one that is shared, for a tree that is itself a linked one."""
    folder = Path(os.path.realpath(tmp_path))
    main, linked = folder / "main", folder / "linked"
    run = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for argv in (
        ("init", "-q", str(main)),
        ("-C", str(main), "commit", "-q", "--allow-empty", "-m", "x"),
        ("-C", str(main), "worktree", "add", "-q", "--detach", str(linked)),
    ):
        subprocess.run((*run, *argv), check=True, capture_output=True)
    assert git_folders(main) == (str(main / ".git"),)
    assert git_folders(linked) == (str(main / ".git/worktrees/linked"), str(main / ".git"))
    assert git_folders(folder) == ()
