"""`scripts/install.sh` and `sef claude install`, each as a program of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from claude.installing import Ground
from sef.agents import OFFERED
from sef.installation.assets import installed_files

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "scripts" / "install.sh"
COMMAND = (sys.executable, "-c", "from sef.cli import main; main()", "claude", "install")


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(root=tmp_path / "ground").make()


def run(
    ground: Ground, *command: str, cwd: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(ground.home), "COLUMNS": "200"} | more
    return subprocess.run(
        command,
        check=False,
        cwd=cwd or ground.project,
        env=environment,
        capture_output=True,
        text=True,
    )


def script(ground: Ground, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    return run(ground, "sh", str(SCRIPT), *options, SEF_PYTHON=sys.executable, **more)


def test_the_script_does_what_the_paper_says(ground: Ground) -> None:
    """--user, --project, --both, --status, --uninstall, at ~/.claude/agents/ and .claude/agents/."""
    start = ground.tree()
    for option, users, projects in (("user", 5, 0), ("project", 5, 5)):
        assert script(ground, f"--{option}").returncode == 0
        assert len(list(ground.user.glob("agents/sef-*.md"))) == users
        assert len(list(ground.own.glob("agents/sef-*.md"))) == projects
    said = script(ground, "--status").stdout
    assert said.count("11 ours") == 2 and "project's executors go before" in said
    assert script(ground, "--uninstall").returncode == 0
    assert ground.tree() == start
    assert script(ground, "--both").returncode == 0
    assert {path.stem for path in ground.own.glob("agents/*.md")} == set(OFFERED)


def test_the_script_is_a_plain_shell_script() -> None:
    """`sh -n` takes it, its first line names sh, and it can be run as it is."""
    assert subprocess.run(("sh", "-n", str(SCRIPT)), check=False).returncode == 0
    text = SCRIPT.read_text()
    assert text.startswith("#!/bin/sh\n") and os.access(SCRIPT, os.X_OK)
    assert not any(word in text for word in ("[[", "local ", "function ", "readlink -f"))


def test_the_script_does_not_need_anybody_who_reads(ground: Ground) -> None:
    """With standard output and error closed it does its work and ends with its exit code."""
    closed = ("sh", "-c", 'exec sh "$@" >&- 2>&-', "sh", str(SCRIPT))
    assert run(ground, *closed, "--user", SEF_PYTHON=sys.executable).returncode == 0
    assert (ground.user / "agents" / "sef-explore.md").is_file()
    assert run(ground, *closed, SEF_PYTHON=sys.executable).returncode == 2


def test_a_python_without_libraries_is_told(ground: Ground, tmp_path: Path) -> None:
    """It installs all the same, and says that hooks of that Python can verify nothing."""
    bare = tmp_path / "bare"
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", str(bare)), check=True)
    python = str(bare / "bin" / "python")
    done = run(ground, "sh", str(SCRIPT), "--user", SEF_PYTHON=python)
    assert (
        done.returncode == 0 and f"cannot verify yet: {python} lacks genai_prices," in done.stdout
    )
    assert "lacks" not in script(ground, "--user").stdout
    assert "lacks" not in run(ground, "sh", str(SCRIPT), "--status", SEF_PYTHON=python).stdout


def test_the_script_works_through_a_link_and_from_a_place_with_spaces(
    ground: Ground, tmp_path: Path
) -> None:
    """A clone in a folder with a space, called by a link from elsewhere."""
    clone = tmp_path / "a clone"
    shutil.copytree(REPOSITORY / "src", clone / "src", ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copytree(REPOSITORY / "scripts", clone / "scripts")
    link = tmp_path / "install"
    link.symlink_to(clone / "scripts" / "install.sh")
    before = sorted(clone.rglob("*"))
    done = run(ground, str(link), "--project", SEF_PYTHON=sys.executable)
    assert (done.returncode, done.stderr) == (0, "")
    assert (ground.own / "agents" / "sef-explore.md").is_file()
    assert sorted(clone.rglob("*")) == before


def test_the_script_imports_nothing_of_the_project(ground: Ground) -> None:
    """Modules that lie in the folder it is called in are not run."""
    for name in ("json.py", "sitecustomize.py", "sef/__init__.py"):
        path = ground.project / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("raise SystemExit('taken over')\n")
    done = script(ground, "--project", PYTHONPATH=str(ground.project))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_script_needs_no_library(ground: Ground) -> None:
    """The Python that it finds has the standard library alone."""
    done = run(
        ground,
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from sef.installation.__main__ import main; code = main(sys.argv[2:])\n"
        "sys.exit(code or bool({'typer', 'rich', 'pydantic', 'genai_prices'} & set(sys.modules)))",
        str(REPOSITORY / "src"),
        "--project",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_script_says_what_is_missing(ground: Ground, tmp_path: Path) -> None:
    """Without a Python, and without the clone, it names the way out."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "readlink"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    done = run(ground, str(tools / "sh"), str(SCRIPT), "--user", PATH=str(tools))
    # The clone's own environment is another Python that may be there.
    assert done.returncode == (0 if (REPOSITORY / ".venv").exists() else 2)
    assert (REPOSITORY / ".venv").exists() or "SEF_PYTHON=" in done.stderr
    done = run(ground, "sh", str(SCRIPT), "--user", SEF_PYTHON="/bin/false")
    assert done.returncode == 2 and "SEF_PYTHON=/bin/false" in done.stderr
    alone = tmp_path / "scripts" / "install.sh"
    alone.parent.mkdir()
    shutil.copy(SCRIPT, alone)
    done = run(ground, "sh", str(alone), "--user")
    assert done.returncode == 2 and "sef claude install --user" in done.stderr


@pytest.mark.parametrize("options", [(), ("--status", "--uninstall"), ("--nonsense",)])
def test_what_cannot_be_done_ends_with_two(ground: Ground, options: tuple[str, ...]) -> None:
    """In the script as in the command."""
    start = ground.tree()
    for done in (script(ground, *options), run(ground, *COMMAND, *options, **_path())):
        assert (done.returncode, done.stdout) == (2, "") and done.stderr
    assert ground.tree() == start


def _path() -> dict[str, str]:
    return {"PYTHONPATH": str(REPOSITORY / "src")}


def test_the_command_and_the_script_do_the_same(ground: Ground) -> None:
    """Their objects are equal, and one removes what the other installed."""
    start = ground.tree()
    foretold = script(ground, "--both", "--claude-md", "--dry-run", "--json")
    done = run(ground, *COMMAND, "--both", "--claude-md", "--dry-run", "--json", **_path())
    assert json.loads(done.stdout) == json.loads(foretold.stdout)
    said = json.loads(done.stdout)
    assert (said["schema"], said["action"], said["dry_run"]) == (1, "install", True)
    assert ground.tree() == start
    done = run(ground, *COMMAND, "--both", "--claude-md", **_path())
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list(ground.user.rglob("*.md"))) == len(installed_files()) + 1
    assert script(ground, "--uninstall").returncode == 0
    assert ground.tree() == start


def test_the_command_says_json_errors_on_standard_output(ground: Ground) -> None:
    """A refusal is one object with its hint."""
    done = run(ground, *COMMAND, "--json", **_path())
    said = json.loads(done.stdout)
    assert done.returncode == 2 and "where to install" in said["error"] and said["hint"]
