"""Checks in a fork are held; those in the user's own tree are not."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from jailed import Jailed, levels, make, means

from sef.checks import Check, CheckRun, CheckRunner, Overrides
from sef.environment import Environments, Settings
from sef.environment.foreign import ForeignEnvironments
from sef.model import Checkout
from sef.sandbox import Level, SandboxSettings

pytestmark = pytest.mark.slow  # test runs

HOSTILE = """
import os, pathlib, socket
import code_of_project

def tried(attempt):
    try:
        attempt()
    except OSError:
        return False
    return True

def test_what_a_draft_might_try():
    home, port = pathlib.Path({home!r}), {port}
    assert not tried(lambda: (home / ".ssh/id_ed25519").read_text())
    assert not tried(lambda: (home / "project/.git/sef/journal.db").read_text())
    assert not tried(lambda: (home / "project/.git/config").write_text(""))
    assert not tried(lambda: pathlib.Path({other!r}, "draft.txt").read_text())
    assert not tried(lambda: socket.create_connection(("127.0.0.1", port), 3))
    assert not tried(lambda: os.kill({pid}, 0))
    assert "canary-value" not in str(os.environ)

def test_what_tests_need(tmp_path):
    (tmp_path / "file").write_text("x")
    pathlib.Path("beside").write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), 3).close()
"""


def runner(jailed: Jailed, settings: SandboxSettings, tests: str | None = None) -> CheckRunner:
    given = {**os.environ, "HOME": str(jailed.home)}
    scratch = jailed.fork.parent
    return CheckRunner(
        environments=Environments(
            tree=jailed.tree,
            scratch=scratch,
            python=Path(sys.executable),
            variables=given,
            settings=Settings(sandbox=settings),
        ),
        foreign=ForeignEnvironments(
            tree=jailed.tree, scratch=scratch, variables=given, sandbox=settings
        ),
        scratch=scratch,
        timeout_s=100,
        overrides=Overrides(tests=tests),
        tree=jailed.tree,
    )


def judged(
    jailed: Jailed, run: CheckRunner, *, users: bool = False, check: str = "tests"
) -> CheckRun:
    names = ("code_of_project.py", "test_it.py")
    path = jailed.tree if users else jailed.fork
    checkout = Checkout(
        path=path, commit="x", users=users, files=names, base_files=names, changed=()
    )

    async def judge() -> CheckRun:
        found = {one.name: one for one in await run.detect(checkout)}
        asked = found.get("tests") if check == "tests" else None
        lint = Check(name="lint", runner="ruff", argv=("ruff", "check", "."), python=False)
        return await run.run(asked or lint, checkout)

    return asyncio.run(judge())


@pytest.mark.parametrize("level", levels())
def test_a_hostile_test_run(level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs to its end, gets at nothing, and is proved to have judged the fork."""
    monkeypatch.setattr("sef.sandbox.sandbox.found", lambda: means(level))
    monkeypatch.setenv("GITHUB_TOKEN", "canary-value")
    jailed = make(tmp_path, level)
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        text = HOSTILE.format(
            home=str(jailed.home),
            other=str(jailed.other),
            port=server.getsockname()[1],
            pid=os.getpid(),
        )
        (jailed.fork / "test_it.py").write_text(text)
        (jailed.fork / "code_of_project.py").write_text("WHO = 'fork'\n")
        run = judged(jailed, runner(jailed, SandboxSettings()))
    assert run.exit_code == 0, (run.output_tail, run.summary)
    assert run.counts is not None
    assert run.counts.passed == 2
    assert run.proof.proved, run.proof
    assert run.proof.level == ("hidden" if level is Level.BUBBLEWRAP else "in-process")


@pytest.mark.parametrize("level", levels())
def test_a_test_that_writes_to_the_users_tree_is_told_apart(
    level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails as others do; what it was refused is in the run, by name, and nothing was written."""
    monkeypatch.setattr("sef.sandbox.sandbox.found", lambda: means(level))
    jailed = make(tmp_path, level)
    aim = jailed.tree / "stolen.py"
    text = f"import code_of_project\ndef test_it(): open({str(aim)!r}, 'w').close()\n"
    (jailed.fork / "test_it.py").write_text(text)
    (jailed.fork / "code_of_project.py").write_text("")
    run = judged(jailed, runner(jailed, SandboxSettings()))
    assert run.exit_code == 1
    assert run.refused.endswith(f"outside of the fork: {aim}")
    assert not aim.exists()
    (jailed.fork / "test_it.py").write_text("import code_of_project\ndef test_it(): assert 0\n")
    assert judged(jailed, runner(jailed, SandboxSettings())).refused == ""


def test_without_a_sandbox_no_check_of_a_fork_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Undecided with the way out, tests and tools that only read alike; the user's own tree is run."""
    monkeypatch.setattr("sef.sandbox.sandbox.found", lambda: None)
    jailed = make(tmp_path, Level.OFF, SandboxSettings(mode="off"))
    for folder in (jailed.fork, jailed.tree):
        text = f"open({str(tmp_path / 'ran')!r}, 'a').close()\ndef test_one(): import code_of_project\n"
        (folder / "test_it.py").write_text(text)
        (folder / "code_of_project.py").write_text("")
    required = runner(jailed, SandboxSettings())
    for check in ("tests", "lint"):
        run = judged(jailed, required, check=check)
        assert run.exit_code is None
        assert not run.proof.proved
        assert "a sandbox is required" in run.proof.reason
        assert "apt install bubblewrap" in (run.proof.mend or "")
        assert 'mode = "off"' in (run.proof.mend or "")
    assert not (tmp_path / "ran").exists()
    assert judged(jailed, required, users=True).exit_code == 0
    (tmp_path / "ran").unlink()
    run = judged(jailed, runner(jailed, SandboxSettings(mode="off")))
    assert run.exit_code == 0, run.output_tail
    assert (tmp_path / "ran").exists()


def test_a_command_that_may_use_the_network(tmp_path: Path) -> None:
    """Only the one that sef.toml names, as it is named there."""
    if means(Level.BUBBLEWRAP) is None:
        pytest.skip("bubblewrap does not work here")
    jailed = make(tmp_path, Level.BUBBLEWRAP)
    test = "import code_of_project, socket\ndef test_one():\n"
    test += "    assert len(socket.if_nameindex()) > 1\n"
    (jailed.fork / "test_it.py").write_text(test)
    (jailed.fork / "code_of_project.py").write_text("")
    if len(__import__("socket").if_nameindex()) < 2:
        pytest.skip("this machine has no network but loopback")
    command = "python -m pytest -q"
    for allowed, code in (((), 1), (("python -m pytest",), 0), (("python -m py",), 1)):
        settings = SandboxSettings(network=allowed)
        assert judged(jailed, runner(jailed, settings, command)).exit_code == code, allowed


def test_a_linter_is_held_too(tmp_path: Path) -> None:
    """It reads what the draft wrote, and its own configuration is the draft's."""
    if means(Level.BUBBLEWRAP) is None:
        pytest.skip("bubblewrap does not work here")
    jailed = make(tmp_path, Level.BUBBLEWRAP)
    (jailed.fork / "code_of_project.py").write_text("import os\n")
    (jailed.fork / "test_it.py").write_text("")
    (jailed.fork / "ruff.toml").write_text(f'extend = "{jailed.tree}/.env"\n')
    run = judged(jailed, runner(jailed, SandboxSettings()), check="lint")
    if run.missing:
        pytest.skip("ruff is not installed")
    assert "the secret" not in run.output_tail
    (jailed.fork / "ruff.toml").unlink()
    run = judged(jailed, runner(jailed, SandboxSettings()), check="lint")
    assert run.exit_code == 1, run.output_tail
    assert "F401" in run.output_tail
    assert run.proof.level == "by path"
