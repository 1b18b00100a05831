"""Runs with the user's tree out of sight, or with the fork in its place."""

from __future__ import annotations

import asyncio
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from shadowed_projects import OPEN, Project, git, make, packages

from sef.environment import Proof, Settings, Unproved
from sef.environment.bubblewrap import bubblewrap, outermost
from sef.process import Finished
from sef.sandbox import SandboxSettings

pytestmark = pytest.mark.slow
needs_bubblewrap = pytest.mark.skipif(bubblewrap() is None, reason="bubblewrap does not work here")

HIDE, MOUNT, OFF = Settings(), Settings(mode="mount"), SandboxSettings(mode="off")
PYTEST = ("pytest", "-q", "-p", "no:cacheprovider")
OF_ALPHA = "import alpha\n\ndef test_one():\n    assert alpha.WHO == 'fork'\n"


def run(project: Project, settings: Settings, *argv: str) -> tuple[Finished, Proof]:
    return asyncio.run(project.run(*(argv or PYTEST), settings=settings))


def refused(project: Project, settings: Settings) -> Proof:
    with pytest.raises(Unproved) as raised:
        asyncio.run(project.of_fork(settings))
    return raised.value.proof


@needs_bubblewrap
@pytest.mark.parametrize(
    "settings", [HIDE, MOUNT, replace(HIDE, sandbox=OFF)], ids=["hide", "mount", "no sandbox"]
)
@pytest.mark.parametrize("kind", ["flat-finder", "src-copy", "develop"])
def test_the_fork_is_judged(kind: str, settings: Settings, tmp_path: Path) -> None:
    """All observations are the fork's, the level is the highest, the user's files stay."""
    project = make(tmp_path, kind)
    before = project.state
    finished, proof = run(project, settings)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert (proof.proved, proof.level) == (True, "hidden"), proof
    assert project.state == before
    assert list(project.scratch.iterdir()) == []


@needs_bubblewrap
def test_the_users_files_are_not_there(tmp_path: Path) -> None:
    """Not for a Python without start-up files, not for another program; the environment is."""
    project = make(tmp_path, "src-copy")
    code = "import sys; sys.path[:0] = [{!r}, {!r}]; import alpha.part"
    code = code.format(str(project.tree / "src"), str(packages(project.tree / ".venv")))
    tree, test = project.tree, "import alpha, subprocess, sys, os\n"
    test += f"def test_one():\n    code = {code!r}\n"
    test += "    assert subprocess.run([sys.executable, '-ISc', code]).returncode == 1\n"
    test += (
        f"    assert os.listdir({str(tree)!r}) == ['.git', '.venv'] or os.listdir({str(tree)!r})\n"
    )
    test += f"    assert not os.path.exists({str(tree / 'src')!r})\n"
    test += f"    assert os.system('touch {tree}/.venv/x {tree}/x') != 0\n"
    project.write({"tests/test_who.py": test})
    before = project.state
    finished, proof = run(project, HIDE)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert not proof.proved  # it reached out for the user's tree by its path
    assert project.state == before


@needs_bubblewrap
def test_absolute_paths_in_the_mount(tmp_path: Path) -> None:
    """A tracked file, the user's interpreter and git, all named by the user's path, are the fork's."""
    project = make(tmp_path, "src-pth")
    test = f"""
import subprocess
def test_one():
    import alpha
    assert alpha.WHO == "fork"
    assert "fork" in open({str(project.tree / "src/alpha/__init__.py")!r}).read()
    argv = [{str(project.python)!r}, "-c", "import alpha; print(alpha.WHO)"]
    assert subprocess.check_output(argv) == b"fork\\n"
    argv = ["git", "-C", {str(project.tree)!r}, "ls-files", "src/alpha_new.py"]
    assert subprocess.check_output(argv) == b"src/alpha_new.py\\n"
"""
    project.write({"tests/test_who.py": test})
    finished, proof = run(project, MOUNT)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert (proof.proved, proof.level) == (True, "hidden"), proof


@needs_bubblewrap
@pytest.mark.parametrize("settings", [HIDE, MOUNT], ids=["hide", "mount"])
def test_linked_folders(settings: Settings, tmp_path: Path) -> None:
    """An ignored folder of the user's can be read at its place, not written, and the proof says so."""
    project = make(tmp_path, "src-pth")
    project.write({"data/big/one.txt": "big"}, into=project.tree)
    git(project.tree, "config", "core.excludesFile", str(project.tree / ".git/ignored"))
    test = f"{OF_ALPHA}    assert open('data/big/one.txt').read() == 'big'\n"
    test += "    import os\n    assert os.system('touch data/big/two.txt') != 0\n"
    project.write({"tests/test_who.py": test})
    linked = replace(settings, linked=("data/big",))
    finished, proof = run(project, linked)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert proof.proved, proof
    assert "data/big" in proof.reason


@needs_bubblewrap
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../outside", "outside"),
        ("missing", "does not exist"),
        ("src", "git tracks"),
        ("src/alpha", "git tracks"),
    ],
)
def test_what_cannot_be_linked(name: str, reason: str, tmp_path: Path) -> None:
    """Only what lies in the tree, exists, and is not part of what is judged."""
    project = make(tmp_path, "src-pth")
    assert reason in refused(project, Settings(linked=(name,))).reason


@needs_bubblewrap
def test_a_link_of_the_draft_where_a_folder_goes(tmp_path: Path) -> None:
    """Nothing is made outside of the fork."""
    project = make(tmp_path, "src-pth")
    project.write({"data/big/one.txt": "big"}, into=project.tree)
    (project.fork / "data").symlink_to(tmp_path)
    assert "link of the draft" in refused(project, Settings(linked=("data/big",))).reason


@pytest.mark.parametrize("settings", [MOUNT, Settings(linked=("x",))])
def test_what_needs_bubblewrap(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, and without a sandbox, such a request is undecided; hiding is merely not done."""
    monkeypatch.setenv("PATH", os.path.dirname(os.path.realpath("/bin/git")))
    monkeypatch.setattr("sef.environment.views.bubblewrap", lambda: None)
    project = make(tmp_path, "src-pth")
    settings = replace(settings, sandbox=OFF)
    assert "bubblewrap" in (refused(project, settings).mend or "")
    project.write({"tests/test_who.py": OF_ALPHA})
    assert run(project, replace(HIDE, sandbox=OFF))[1].level == "in-process"


@needs_bubblewrap
def test_a_network_of_its_own(tmp_path: Path) -> None:
    """Nothing outside is reached, and the port that was offered can be used."""
    project = make(tmp_path, "src-pth")
    test = f"""{OF_ALPHA}
def test_two():
    import os, socket
    with socket.create_server(("127.0.0.1", int(os.environ["PORT"]))) as server:
        socket.create_connection(server.getsockname(), 1).close()
    names = [name for _, name in socket.if_nameindex()]
    assert names == ["lo"], names
"""
    project.write({"tests/test_who.py": test})
    finished, proof = run(project, Settings())
    assert finished.exit_code == 0, finished.stdout.decode()
    assert proof.proved, proof


def test_a_port_for_each_check(tmp_path: Path) -> None:
    """Every environment offers another free port, and keeps caches out of the home."""
    project = make(tmp_path, "src-pth")

    async def two() -> list[dict[str, str]]:
        with await project.of_fork(OPEN) as one, await project.of_fork(OPEN) as two:
            return [dict(one.variables), dict(two.variables)]

    one, two = asyncio.run(two())
    assert one["PORT"] != two["PORT"]
    for name in ("XDG_CACHE_HOME", "COVERAGE_FILE", "MYPY_CACHE_DIR"):
        assert one[name].startswith(str(project.scratch))
    # The path of a socket may have 108 bytes, of which a test's own folders take most.
    assert len(one["TMPDIR"]) <= len(tempfile.gettempdir()) + 18
    assert one["TMPDIR"] != two["TMPDIR"]
    assert not any(Path(each["TMPDIR"]).parent.exists() for each in (one, two))
    assert one["HOME"] == os.environ["HOME"]


@needs_bubblewrap
def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """A missing program is an error of its start, as it would be without a view."""
    project = make(tmp_path, "src-pth")
    with pytest.raises(FileNotFoundError):
        run(project, HIDE, "no-such-program")
    with pytest.raises(PermissionError):
        run(project, HIDE, str(project.fork / "pyproject.toml"))


def test_mypy_reads_the_fork(tmp_path: Path) -> None:
    """A type checker finds the fork's modules, not the ones that the environment points to."""
    pytest.importorskip("mypy")
    project = make(tmp_path, "src-pth")
    project.write({"src/alpha/part.py": "def added() -> int:\n    return 1\n"})
    project.write({"tests/use.py": "from alpha.part import added\n\nwho: str = added()\n"})
    finished, _ = run(project, HIDE, "python", "-m", "mypy", "tests/use.py")
    assert b'expression has type "int"' in finished.stdout, finished.stdout.decode()
    assert b"Found 1 error" in finished.stdout


def test_outermost_paths() -> None:
    """A path inside another one is not shown twice; a name that only begins alike is another."""
    assert outermost(["/a/b", "/a", "/ab", "/a/b/c", "/c/d"]) == ["/a", "/ab", "/c/d"]
