"""The workspace: a snapshot of the user's tree, forks of it, and the branch that results land on.

Nothing here touches the user's tree, index or branches, except `apply`, which is asked for.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from sef.applying import being_applied
from sef.errors import ApplyConflict, GitError, RepositoryError
from sef.fork import Fork, discard, read_base, record_worktree, tree_of
from sef.git import Git, identity
from sef.listing import changes_of, checked_out, files_of
from sef.model import Checkout, Patch
from sef.repository import Repository
from sef.swap import Swap

_HOSTED: Final = ".claude/worktrees"  # of Claude Code's executors, inside the user's tree


class Workspace:
    """One run's view of one repository."""

    def __init__(self, repository: Repository, *, run: str, scratch: Path) -> None:
        self._repository = repository
        self._git = repository.git
        self._scratch = scratch
        self.run = run
        self.root = repository.root
        self.branch = f"sef/{run}"
        self._kept = f"refs/sef/{run}"
        self._forks = 0
        self._landed = False

    async def open(self) -> None:
        """Takes the snapshot. Raises RepositoryError when the tree is not fit for a run."""
        await self._repository.check()
        await self._check_branch_free()
        self._identity = await identity(self._git)
        self.head = (await self._git.ask("rev-parse", "HEAD")).strip()
        self.base = await self._snapshot("before")
        await self._git.ask("update-ref", f"{self._kept}/base", self.base)
        self.tip = self.base
        self._base_files = await files_of(self._git, self.base)

    async def reopen(self, base: str) -> None:
        """Goes on where an interrupted run stopped. Raises RepositoryError when git lost it."""
        if not await self.has(base):
            raise RepositoryError(
                f"the snapshot of run {self.run} is gone from the repository",
                hint="It cannot be resumed; start a new run.",
            )
        self._identity = await identity(self._git)
        self.head = self.base = base
        branch = await self._git.run(
            "rev-parse", "--verify", "--quiet", f"refs/heads/{self.branch}"
        )
        self._landed = branch.exit_code == 0
        self.tip = branch.stdout.decode().strip() if self._landed else base
        self._base_files = await files_of(self._git, base)

    async def has(self, commit: str) -> bool:
        """True when git still holds the commit."""
        return (await self._git.run("cat-file", "-e", f"{commit}^{{commit}}")).exit_code == 0

    async def landed_tasks(self) -> dict[str, str]:
        """The commit of every task on the branch, read from the trailers."""
        asked = "--format=%H %(trailers:key=Sef-Task,valueonly,separator=%x20)"
        said = await self._git.ask("log", asked, f"{self.base}..{self.tip}")
        rows = (line.split() for line in said.splitlines())
        return {row[1]: row[0] for row in rows if len(row) == 2}

    @property
    def dirty(self) -> bool:
        """True when the snapshot holds work that HEAD does not."""
        return self.base != self.head

    @property
    def landed(self) -> str | None:
        """The branch, once something landed on it."""
        return self.branch if self._landed else None

    def user_checkout(self) -> Checkout:
        """The user's own tree, for what only reads and what they asked to run on it."""
        return Checkout(
            path=self.root,
            commit=self.base,
            users=True,
            files=self._base_files,
            base_files=self._base_files,
        )

    @asynccontextmanager
    async def fork(self, commit: str, *, name: str | None = None) -> AsyncIterator[Fork]:
        """A fresh work tree at `commit`, gone afterwards; found again by its name after a kill."""
        self._forks += 1
        path, git_dir = self._places(name or str(self._forks))
        try:
            discard(path, git_dir)
            record_worktree(path, git_dir, commit)  # in a thread it would outlive a cancellation
            fork = Git(git_dir=git_dir, work_tree=path)
            await fork.ask("read-tree", "--reset", "-u", commit)
            yield await self._fork(path, git_dir, commit)
        finally:
            discard(path, git_dir)

    @asynccontextmanager
    async def left_fork(self, commit: str, *, name: str) -> AsyncIterator[Fork | None]:
        """The fork of that name that a killed process left, gone afterwards; None if it is not."""
        path, git_dir = self._places(name)
        try:
            # The lock of a git that was killed with its owner.
            (git_dir / "index.lock").unlink(missing_ok=True)
            there = path.is_dir() and git_dir.is_dir()
            yield await self._fork(path, git_dir, commit) if there else None
        finally:
            discard(path, git_dir)

    def _places(self, name: str) -> tuple[Path, Path]:
        path = self._scratch / f"sef-{self.run}-{name}"
        return path, self._repository.common_dir / "worktrees" / path.name

    async def _fork(self, path: Path, git_dir: Path, commit: str) -> Fork:
        return Fork(
            checkout=await self._checkout(path, commit),
            git=Git(git_dir=git_dir, work_tree=path, variables=self._identity),
        )

    async def same_tree(self, one: str, other: str) -> bool:
        """True where two commits hold the same files."""
        return (await self._git.run("diff", "--quiet", one, other)).exit_code == 0

    async def diff(self, patch: Patch) -> str:
        """The patch as text, as far as it is text."""
        return await self._git.diff(patch.base, patch.commit)

    async def capture(self, fork: Fork, *, keep: str | None = None) -> Patch:
        """What was done in a fork, as git sees it, whatever anybody says was done.

        With `keep`, a reference of that name holds the commit until the run is over, so that an
        interrupted run finds the work it paid for. Raises GitError.
        """
        patch = await self._captured(fork, fork.git)
        if keep:
            await self._git.ask("update-ref", f"{self._kept}/{keep}", patch.commit)
        return patch

    async def glance(self, fork: Fork) -> Patch:
        """What was done in a fork until now; who works in it does not notice."""
        git = fork.git.with_index(self._scratch / f"{fork.checkout.path.name}.index")
        await read_base(fork, git)
        return await self._captured(fork, git)

    async def _captured(self, fork: Fork, git: Git) -> Patch:
        commit = await self.commit_tree(await tree_of(fork, git), fork.checkout.commit, "draft")
        return await self.patch(fork.checkout.commit, commit)

    async def kept(self, base: str, keep: str) -> Patch | None:
        """The patch that an interrupted run captured under that name; None where it did not."""
        found = await self._git.run("rev-parse", "--verify", "--quiet", f"{self._kept}/{keep}")
        commit = found.stdout.decode().strip()
        return await self.patch(base, commit) if found.exit_code == 0 else None

    async def patch(self, base: str, commit: str) -> Patch:
        """What differs between two commits. Raises GitError."""
        changes = await changes_of(self._git, base, commit)
        return Patch(base=base, commit=commit if changes else base, changes=changes)

    async def merge(self, patch: Patch) -> str | None:
        """A commit of the patch on the tip, not yet landed; None where the two conflict."""
        if patch.base == self.tip:
            return patch.commit
        tree = await self._merged_tree(self.tip, patch.commit)
        return None if tree is None else await self.commit_tree(tree, self.tip, "merge")

    async def land(self, merged: str, message: str) -> str:
        """Makes the tree of `merged` the branch's next commit. Raises GitError on a race."""
        commit = await self.commit_tree(f"{merged}^{{tree}}", self.tip, message)
        former = self.tip if self._landed else ""  # "": the branch must not exist yet
        await self._git.ask("update-ref", "-m", "sef", f"refs/heads/{self.branch}", commit, former)
        self.tip, self._landed = commit, True
        return commit

    async def apply(self) -> None:
        """Merges the branch into the user's files; index, HEAD and branches stay as they are.

        Once begun it is not interrupted. Raises ApplyConflict, with nothing changed, when the
        user's work since the snapshot is in the way or a file cannot be written.
        """
        work = asyncio.ensure_future(self._apply())
        while not work.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([work])
        try:
            work.result()
        except ApplyConflict as conflict:
            raise ApplyConflict(
                f"{self.branch} was not applied, your files are as they were: {conflict}",
                hint=f"The work is safe on the branch {self.branch}.",
            ) from conflict

    async def _apply(self) -> None:
        pair = await self.merged_now()
        if pair is None:
            raise ApplyConflict("your files changed during the run and it does not fit them")
        async with being_applied(self._repository, self.run, pair):
            await self.swap(*pair)

    async def merged_now(self) -> tuple[str, str] | None:
        """The user's files now, and these with the tip merged in, as commits; None: a conflict."""
        now = await self._snapshot("now", index=self._scratch / "apply.index")
        tree = await self._merged_tree(now, self.tip)
        return None if tree is None else (now, await self.commit_tree(tree, now, "merge"))

    async def swap(self, now: str, merged: str) -> None:
        """Makes the user's files those of `merged`, all or none, where they are still `now`'s.

        Raises ApplyConflict, with nothing changed.
        """
        changes = await changes_of(self._git, now, merged)
        swap = Swap(
            root=self.root,
            changes=changes,
            new=await self._written(merged, (c.path for c in changes if c.status != "D")),
            former=await self._written(now, (c.path for c in changes if c.status != "A")),
        )
        if await self.tree_of(now) != await self.tree_of(await self._snapshot("now")):
            raise ApplyConflict("your files are changing right now")
        await asyncio.to_thread(swap.run)

    async def _written(self, tree: str, paths: Iterable[str]) -> Path:
        return await checked_out(self._git, tree, paths, self._scratch / f"files-{tree[:12]}")

    async def tree_of(self, commit: str) -> str:
        return (await self._git.ask("rev-parse", f"{commit}^{{tree}}")).strip()

    # -- snapshot and commits ------------------------------------------------------------------

    async def _snapshot(self, name: str, index: Path | None = None) -> str:
        """HEAD, or a commit on top of it that holds the uncommitted and untracked work too."""
        index = index or self._scratch / f"{name}.index"
        if self._repository.index.exists():
            # A copy keeps git's record of what it has looked at already. Its own time of change
            # must stay: git looks again at files that are not older than the index, by the second.
            shutil.copy2(self._repository.index, index)
        git = self._git.with_index(index)
        await git.ask("add", "--all", "--sparse")
        if (self.root / _HOSTED).is_dir():
            await git.ask("rm", "-rfq", "--cached", "--sparse", "--ignore-unmatch", "--", _HOSTED)
        tree = (await git.ask("write-tree")).strip()
        if tree == (await self._git.ask("rev-parse", "HEAD^{tree}")).strip() and name == "before":
            return self.head
        # Its parent makes the snapshot the merge base of all that follows from it.
        parent = self.head if name == "before" else self.base
        return await self.commit_tree(tree, parent, f"Uncommitted work before sef run {self.run}")

    async def commit_tree(self, tree: str, parent: str, message: str) -> str:
        """A commit of the tree, in the name of sef, that nothing refers to yet."""
        git = Git(git_dir=self._git.git_dir, work_tree=self.root, variables=self._identity)
        said = await git.ask("commit-tree", tree, "-p", parent, "-F", "-", stdin=message.encode())
        return said.strip()

    async def _merged_tree(self, ours: str, theirs: str) -> str | None:
        done = await self._git.run("merge-tree", "--write-tree", "--no-messages", ours, theirs)
        if done.exit_code == 0:
            return done.stdout.decode().strip()
        if done.exit_code == 1:
            return None
        raise GitError(f"git merge-tree failed: {os.fsdecode(done.stderr).strip()[:400]}")

    async def _check_branch_free(self) -> None:
        taken = await self._git.run("rev-parse", "--verify", "--quiet", "refs/heads/sef")
        if taken.exit_code == 0:
            raise RepositoryError(
                "a branch called 'sef' is in the way of the branches sef/<run>",
                hint="Rename it: git branch -m sef sef-old",
            )

    # -- looking at commits --------------------------------------------------------------------

    async def _checkout(self, path: Path, commit: str) -> Checkout:
        changed = await changes_of(self._git, self.base, commit) if commit != self.base else ()
        return Checkout(
            path=path,
            commit=commit,
            users=False,
            files=await files_of(self._git, commit),
            base_files=self._base_files,
            changed=tuple(change.path for change in changed),
        )
