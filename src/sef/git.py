"""git, asked in a way that nothing in a repository or a draft can bend.

The git directory is always named, never discovered from the folder (a draft may rewrite its
`.git` file); hooks and file system monitors are off; the caller's GIT_* variables are dropped.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sef.errors import GitError
from sef.process import Finished, run_program

_FIXED = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.quotePath=false",
    "-c", "diff.ignoreSubmodules=all",
    "-c", "submodule.recurse=false",
    "-c", "core.untrackedCache=false",
    "-c", "gc.auto=0",
    "-c", "advice.addEmbeddedRepo=false",
)  # fmt: skip
_TIMEOUT_S = 600.0


def git_environment() -> dict[str, str]:
    """The process's environment without git's own variables, which would redirect it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """One repository seen through one work tree."""

    git_dir: Path
    work_tree: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    """Added to the environment of every call (such as GIT_INDEX_FILE)."""

    async def run(self, *args: str, stdin: bytes | None = None) -> Finished:
        """Runs `git args` and returns how it ended, whatever its exit code."""
        named = (f"--git-dir={self.git_dir}", f"--work-tree={self.work_tree}")
        return await run_program(
            ("git", *_FIXED, *named, *args),
            cwd=self.work_tree,
            env=git_environment() | dict(self.variables),
            stdin=stdin,
            timeout_s=_TIMEOUT_S,
            output_limit=1 << 30,
        )

    async def ask(self, *args: str, stdin: bytes | None = None) -> str:
        """Runs `git args` and returns what it printed. Raises GitError when it fails."""
        finished = await self.run(*args, stdin=stdin)
        if finished.exit_code != 0:
            raise GitError(_complaint(args, finished))
        return os.fsdecode(finished.stdout)

    async def diff(self, one: str, other: str) -> str:
        """The difference of two commits as text; what is not UTF-8 in it is replaced."""
        options = ("--no-color", "--no-ext-diff", "--no-textconv")
        told = await self.ask("diff", *options, one, other)
        return os.fsencode(told).decode(errors="replace")

    async def names(self, *args: str) -> tuple[str, ...]:
        """Runs a command that prints NUL-ended names. Raises GitError when it fails."""
        return tuple(name for name in (await self.ask(*args)).split("\0") if name)

    def with_index(self, index: Path) -> Git:
        """The same view with an index file of its own."""
        variables = {**self.variables, "GIT_INDEX_FILE": str(index)}
        return Git(git_dir=self.git_dir, work_tree=self.work_tree, variables=variables)


_NO_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "sef"), ("EMAIL", "sef@localhost"))
}


async def identity(git: Git) -> dict[str, str]:
    """The variables that name who commits: the caller's own, or sef where git knows nobody."""
    named = {name: value for name, value in os.environ.items() if name in _NO_IDENTITY}
    asking = Git(git_dir=git.git_dir, work_tree=git.work_tree, variables=named)
    known = (await asking.run("var", "GIT_COMMITTER_IDENT")).exit_code == 0
    return named if known else _NO_IDENTITY


def _complaint(args: Sequence[str], finished: Finished) -> str:
    said = os.fsdecode(finished.stderr or finished.stdout).strip() or "it said nothing"
    return f"git {args[0]} failed with exit code {finished.exit_code}: {said[:500]}"
