"""A user's repository, a home with secrets, and two forks: what a command in one of them can do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sef.sandbox import Access, Level, Sandbox, SandboxSettings, confine, variables
from sef.sandbox.means import Means, _landlock, found

SECRETS = (".ssh/id_ed25519", ".aws/credentials", ".netrc", ".config/gh/hosts.yml", ".npmrc")
SECRETS += (".claude/login", ".codex/auth.json", ".docker/config.json", ".git-credentials")
SECRETS += (".gnupg/key", ".kube/config", ".pypirc", ".cargo/credentials.toml", "notes.txt")


def means(level: Level) -> Means | None:
    """How that level works here; None where it does not."""
    if level is Level.LANDLOCK:
        return _landlock()
    strongest = found()
    return strongest if strongest is not None and strongest.level is level else None


def levels() -> list[object]:
    """Both, each skipped with its reason where this machine has it not."""
    return [
        pytest.param(
            level,
            id=level.value,
            marks=pytest.mark.skipif(means(level) is None, reason=f"{level} does not work here"),
        )
        for level in (Level.BUBBLEWRAP, Level.LANDLOCK)
    ]


@dataclass(frozen=True)
class Jailed:
    """Everything lies in one temporary folder, which stands for the machine."""

    folder: Path
    home: Path
    tree: Path
    fork: Path
    other: Path
    sandbox: Sandbox

    def run(self, *argv: str, network: bool = False) -> subprocess.CompletedProcess[str]:
        wrapped = self.sandbox.wrap(argv, writable=(self.fork,), network=network)
        given = variables({**os.environ, "HOME": str(self.home)})
        return subprocess.run(
            wrapped,
            cwd=self.fork,
            env=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def shell(self, script: str, *words: object) -> subprocess.CompletedProcess[str]:
        return self.run("/bin/sh", "-c", script, "sh", *map(str, words))

    def python(self, code: str, *words: object) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-I", "-c", code, *map(str, words))


def make(folder: Path, level: Level, settings: SandboxSettings | None = None) -> Jailed:
    """The repository with a journal in its git folder, two forks, and a home full of secrets."""
    folder = Path(os.path.realpath(folder))
    home, tree, scratch = folder / "home", folder / "home/project", folder / "scratch"
    for name in SECRETS:
        _write(home / name, "the secret\n")
    _write(home / ".cargo/bin/tool", "#!/bin/sh\necho a tool\n").chmod(0o755)
    _write(tree / "code.py", "WHO = 'user'\n")
    _write(tree / ".env", "the secret\n")
    _git(tree, "init", "-q", "-b", "main")
    _git(tree, "add", "code.py")
    _git(tree, "commit", "-q", "-m", "start")
    _write(tree / ".git/sef/journal.db", "the secret\n")
    for name in ("fork", "other"):
        _git(tree, "worktree", "add", "-q", "--detach", str(scratch / name))
    _write(scratch / "other/draft.txt", "the secret\n")
    given = {**os.environ, "HOME": str(home), "PATH": f"{home}/.cargo/bin:{os.environ['PATH']}"}
    sandbox = confine(settings or SandboxSettings(), tree=tree, scratch=scratch, variables=given)
    return Jailed(folder, home, tree, scratch / "fork", scratch / "other", _at(sandbox, level))


def _at(sandbox: Sandbox, level: Level) -> Sandbox:
    if sandbox.level is level:
        return sandbox
    areas = sandbox.areas.having(Access.HIDDEN, [f"{each}/sef" for each in sandbox.git])
    return replace(sandbox, level=level, program="", first_pid=None, areas=areas)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _git(root: Path, *args: str) -> None:
    named: Sequence[str] = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(("git", *named, *args), cwd=root, check=True, capture_output=True)
