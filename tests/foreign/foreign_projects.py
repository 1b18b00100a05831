"""Repositories in other languages, with a fork of each that differs from the user's tree."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from conftest import git
from sef.environment import Proof, Unproved
from sef.environment.foreign import ForeignEnvironments
from sef.model import Checkout
from sef.process import Finished, run_program
from sef.sandbox import SandboxSettings

IGNORED = "node_modules\ntarget\nbuilt\n"


@dataclass(frozen=True, kw_only=True)
class Project:
    """A user's tree, and a work tree of the same repository elsewhere that holds a draft."""

    tree: Path
    fork: Path
    scratch: Path
    changed: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    sandbox: SandboxSettings = field(default_factory=SandboxSettings)

    @property
    def open(self) -> Project:
        """The same where the user accepted to have no sandbox."""
        return replace(self, sandbox=SandboxSettings(mode="off"))

    @property
    def checkout(self) -> Checkout:
        return Checkout(
            path=self.fork,
            commit="HEAD",
            users=False,
            files=_files(self.fork),
            base_files=_files(self.tree),
            changed=self.changed,
        )

    def environments(self, *, mounting: bool) -> ForeignEnvironments:
        given = {**os.environ, **self.variables}
        return ForeignEnvironments(
            tree=self.tree,
            scratch=self.scratch,
            variables=given,
            mounting=mounting,
            sandbox=self.sandbox,
        )

    async def _run(self, runner: str, argv: tuple[str, ...], mounting: bool) -> Ran:
        environments = self.environments(mounting=mounting)
        with await environments.of_fork(runner, self.checkout) as environment:
            given = {**environment.variables, "PWD": str(self.fork)}
            done = await run_program(environment.wrap(argv), cwd=self.fork, env=given, timeout_s=90)
            return Ran(done, environment.prove(), environment.mechanism)

    def run(self, runner: str, *argv: str, mounting: bool = False) -> Ran:
        return asyncio.run(self._run(runner, argv, mounting))

    def refused(self, runner: str, *argv: str, mounting: bool = False) -> Proof:
        """The proof of an environment that cannot be made, or of a command it does not take."""
        try:
            ran = self.run(runner, *(argv or ("true",)), mounting=mounting)
        except Unproved as unproved:
            assert not unproved.proof.proved
            assert list(self.scratch.iterdir()) == []
            return unproved.proof
        raise AssertionError(ran.proof)

    def write(self, files: Mapping[str, str]) -> None:
        """Adds the files to the draft."""
        put(self.fork, files)
        git(self.fork, "add", "-A")

    @property
    def state(self) -> dict[str, str]:
        """Every file and link of the user's tree."""
        return {str(path.relative_to(self.tree)): _said(path) for path in self.tree.rglob("*")}


@dataclass(frozen=True)
class Ran:
    finished: Finished
    proof: Proof
    mechanism: str

    @property
    def output(self) -> str:
        return (self.finished.stdout + self.finished.stderr).decode(errors="replace")


def make(
    folder: Path,
    files: Mapping[str, str],
    draft: Mapping[str, str | None],
    ignored: Mapping[str, str] | None = None,
) -> Project:
    """A repository of `files`, its `ignored` ones, and a fork with the `draft` (None deletes)."""
    tree, fork, scratch = folder / "user", folder / "elsewhere" / "fork", folder / "scratch"
    scratch.mkdir(parents=True)
    put(tree, {".gitignore": IGNORED, **files})
    git(tree, "init", "-q", "-b", "main")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "start")
    put(tree, ignored or {})
    git(tree, "worktree", "add", "-q", "--detach", str(fork))
    put(fork, {path: text for path, text in draft.items() if text is not None})
    for path, text in draft.items():
        if text is None:
            (fork / path).unlink()
    git(fork, "add", "-A")
    return Project(tree=tree, fork=fork, scratch=scratch, changed=tuple(sorted(draft)))


def put(root: Path, files: Mapping[str, str]) -> None:
    """Writes the files; a text that begins with `-> ` becomes a link."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            target.symlink_to(text[3:])
        else:
            target.write_text(text)


def _files(root: Path) -> tuple[str, ...]:
    listed = subprocess.run(
        ("git", "ls-files", "-z"), cwd=root, check=True, capture_output=True, text=True
    )
    return tuple(sorted(name for name in listed.stdout.split("\0") if name))


def _said(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    mode = path.stat().st_mode
    if not path.is_file() or path.parts[-2:] == (".git", "index"):
        return f"{mode:o}"
    return f"{mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
