"""Drafts that change how the project is built: the fork is installed into its shadow."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from installed_forks import C_SOURCE, SETUP, build, has_compiler, pyproject, test_file
from shadowed_projects import OPEN, Project

from sef.environment import Proof, Settings, Unproved, remove_leftovers
from sef.environment.bubblewrap import bubblewrap
from sef.process import Finished

pytestmark = pytest.mark.slow

PYTEST = ("pytest", "-q", "-p", "no:cacheprovider")
MODES = [
    pytest.param(OPEN, id="open"),
    *(
        pytest.param(
            Settings(mode=mode),
            id=mode,
            marks=pytest.mark.skipif(bubblewrap() is None, reason="no bubblewrap here"),
        )
        for mode in ("hide", "mount")
    ),
]
test_file.__test__ = False  # type: ignore[attr-defined]


def run(project: Project, settings: Settings = OPEN) -> tuple[Finished, Proof]:
    return asyncio.run(project.run(*PYTEST, settings=settings))


def refused(project: Project, settings: Settings = OPEN) -> Proof:
    with pytest.raises(Unproved) as raised:
        asyncio.run(project.of_fork(settings))
    assert list(project.scratch.glob("shadow-*")) == []
    return raised.value.proof


@pytest.mark.parametrize("settings", MODES)
@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_a_changed_version(
    installer: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Metadata and modules are the fork's, whoever installs it; the user's files stay."""
    if installer == "pip":
        pytest.importorskip("pip")
        monkeypatch.setattr("sef.environment.reinstall.find_uv", lambda *_: None)
    elif not has_uv():
        pytest.skip("uv is not on PATH")
    project = build(tmp_path)
    project.write(
        {"pyproject.toml": pyproject("2.0"), "tests/test_who.py": test_file(version="2.0")}
    )
    before = project.state
    finished, proof = run(project, settings)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert proof.proved, proof
    assert project.state == before


def has_uv() -> bool:
    from shutil import which

    return which("uv") is not None


def test_a_new_console_script(tmp_path: Path) -> None:
    """A program that the draft declares is there."""
    project = build(tmp_path)
    test = "import subprocess\ndef test_one():\n    import alpha\n"
    test += "    assert subprocess.check_output(['beta']) == b'fork\\n'\n"
    project.write({"pyproject.toml": pyproject(script="beta"), "tests/test_who.py": test})
    finished, proof = run(project)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert proof.proved, proof


@pytest.mark.skipif(not has_compiler(), reason="no C compiler here")
@pytest.mark.parametrize("settings", MODES)
@pytest.mark.parametrize("draft", ["fork"])
def test_a_compiled_module(draft: str, settings: Settings, tmp_path: Path) -> None:
    """It is built from the fork's source, whether or not that changed."""
    project = build(tmp_path, native=True)
    test = test_file(version="1.0", native=draft)
    project.write({"alpha/_native.c": C_SOURCE % draft, "tests/test_who.py": test})
    before = project.state
    finished, proof = run(project, settings)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert proof.proved, proof
    assert project.state == before


def test_a_build_that_fails(tmp_path: Path) -> None:
    """It is undecided, with the file, the installer's words and a way out."""
    project = build(tmp_path)
    project.write({"pyproject.toml": pyproject("2.0"), "fails": ""})
    before = project.state
    proof = refused(project)
    assert proof.offender == "pyproject.toml"
    assert "setup" in (proof.mend or "")
    assert project.state == before


def test_settings_of_checkers_need_no_installation(tmp_path: Path) -> None:
    """A build that would fail is not even begun."""
    project = build(tmp_path)
    project.write({"pyproject.toml": f"{pyproject()}\n[tool.ruff]\nline-length = 9\n", "fails": ""})
    project.write({"tests/test_who.py": test_file(version="1.0")})
    finished, proof = run(project)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert proof.proved, proof


def test_other_dependencies_are_undecided(tmp_path: Path) -> None:
    """Nothing is fetched for a draft, unless the project says how."""
    project = build(tmp_path)
    project.write({"pyproject.toml": pyproject(dependencies='["beta"]')})
    proof = refused(project)
    assert "which packages" in proof.reason
    assert proof.offender == "pyproject.toml"


@pytest.mark.parametrize("settings", MODES[:2])
def test_the_projects_own_setup(settings: Settings, tmp_path: Path) -> None:
    """The command makes an environment in the fork, and that one is judged with."""
    project = build(tmp_path)
    tools = str(Path(pytest.__file__).parent.parent)
    files = {"make_it.py": SETUP.format(tools=tools)}
    files["pyproject.toml"] = pyproject(dependencies='["beta"]')
    files["tests/test_who.py"] = test_file(version="2.0")
    project.write(files)
    before = project.state
    command = f"{os.path.realpath(sys.executable)} make_it.py"
    settings = Settings(mode=settings.mode, setup=command)

    async def judge() -> tuple[int, Proof]:
        from sef.process import run_program

        with await project.of_fork(settings) as environment:
            argv = environment.wrap((str(environment.python), "-m", *PYTEST))
            done = await run_program(argv, cwd=project.fork, env=environment.variables)
            assert done.exit_code == 0, (done.stdout + done.stderr).decode()
            return done.exit_code, environment.prove(done.pid)

    _, proof = asyncio.run(judge())
    assert proof.proved, proof
    assert project.state == before


@pytest.mark.parametrize(
    ("command", "said"),
    [("no-such-program at all", "not on PATH"), ("false", "failed"), ("true", "no .venv")],
)
def test_a_setup_that_does_not_help(command: str, said: str, tmp_path: Path) -> None:
    """The reason names the command and what became of it."""
    project = build(tmp_path)
    project.write({"pyproject.toml": pyproject(dependencies='["beta"]')})
    assert said in refused(project, Settings(mode="open", setup=command)).reason


KILLED = """
import asyncio, os, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from shadowed_projects import Project
from sef.environment import Settings
project = Project(Path({tree!r}), Path({fork!r}), Path({scratch!r}), Path({python!r}), "")
asyncio.run(project.of_fork(Settings(mode={mode!r})))
"""


@pytest.mark.parametrize("settings", MODES[:2])
def test_killed_while_it_installs(settings: Settings, tmp_path: Path) -> None:
    """The user's files stay, and what is left behind is known to be nobody's."""
    project = build(tmp_path)
    project.write({"pyproject.toml": pyproject("2.0"), "slow": ""})
    before = project.state
    code = KILLED.format(
        tests=str(Path(__file__).parent),
        tree=str(project.tree),
        fork=str(project.fork),
        scratch=str(project.scratch),
        python=str(project.python),
        mode=settings.mode,
    )
    with subprocess.Popen((sys.executable, "-c", code), cwd=tmp_path) as sef:
        deadline = time.monotonic() + 60
        while not (project.fork / "building").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert remove_leftovers(project.scratch) == 0
        sef.send_signal(signal.SIGKILL)
    assert project.state == before
    assert remove_leftovers(project.scratch.parent) == 1
    time.sleep(7 if settings.mode == "open" else 0)  # whatever is left of the installer ends
    assert project.state == before
