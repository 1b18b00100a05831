"""A submission: a change that somebody else made, found in git or applied from a patch."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Final

from sef.errors import GitError, UsageError
from sef.git import Git
from sef.model import Patch
from sef.text import one_line, plain
from sef.workspace import Workspace

LARGEST: Final = 64 * 2**20
"""Bytes of a patch."""
_UNPACKED: Final = 512 * 2**20
"""Bytes that the binary parts of a patch say they hold."""
_BINARY = re.compile(rb"^(?:literal|delta) (\d{1,20})\r?$", re.MULTILINE)
_MOST_MESSAGES: Final = 200
_LONGEST: Final = 20_000
"""Characters of all messages together, the oldest first."""
THE_TREE: Final = "your tree"
A_PATCH: Final = "the patch"
_SHALLOW: Final = "Fetch what lacks; in a shallow clone: git fetch --unshallow"
_OUT: Final = "invalid path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What is handed in: of `head` and `patch` at most one; neither is the user's tree."""

    base: str
    """Names a commit that the change must not be worse than."""
    head: str | None = None
    """Names the commit that holds the change; it is taken from where it left the base."""
    patch: bytes | None = None
    """As `git diff` or `git format-patch` write it; it is applied to the base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A submission as git holds it."""

    patch: Patch
    head: str
    """What the change was taken from, in words."""
    messages: tuple[str, ...] = ()
    """What its commits say, oldest first."""
    misfit: str = ""
    """Why the patch does not apply to the base; empty where it does."""
    mended: bool = False
    """True where the patch's CRLF had to be taken for plain line ends."""
    tip: tuple[bool, str] | None = None
    """Whether the patch applies to the present HEAD, in words; None where that is the base."""


class Intake:
    """Takes submissions in one workspace, with an index of its own: nothing of the user's moves."""

    def __init__(self, workspace: Workspace, git: Git, scratch: Path) -> None:
        self._workspace = workspace
        self._git = git
        self._index = scratch / "submission.index"

    async def receive(self, submission: Submission) -> Received:
        """Finds or makes the commit that holds the change.

        Raises UsageError where a commit is not there, or the patch is none that git can read.
        """
        if submission.head is not None and submission.patch is not None:
            raise UsageError("both a head and a patch were given", hint="Give one of them.")
        base = await self._commit(submission.base, "base")
        if submission.patch is not None:
            return await self._patched(base, submission.patch)
        if submission.head is None:
            commit, ends, head = self._workspace.base, self._workspace.head, THE_TREE
        else:
            commit = ends = await self._commit(submission.head, "head")
            head = submission.head
        base = await self._left(base, commit)
        patch = await self._workspace.patch(base, commit)
        return Received(patch=patch, head=head, messages=await self._messages(base, ends))

    async def _commit(self, named: str, what: str) -> str:
        fit = bool(named) and not named.startswith("-") and "\0" not in named
        asked = ("rev-parse", "--verify", "--quiet", f"{named}^{{commit}}")
        found = await self._git.run(*asked) if fit else None
        if found is None or found.exit_code:
            raise UsageError(
                f"the {what} {one_line(named, 100)!r} is no commit here", hint=_SHALLOW
            )
        return found.stdout.decode().strip()

    async def _left(self, base: str, commit: str) -> str:
        """Where the commit left the base; the base itself where the two never met."""
        found = await self._git.run("merge-base", base, commit)
        if found.exit_code > 1:
            said = one_line(found.stderr.decode(errors="replace"))
            raise GitError(f"git merge-base failed: {said}")
        if found.exit_code == 0:
            return found.stdout.decode().strip()
        if "true" in await self._git.ask("rev-parse", "--is-shallow-repository"):
            raise UsageError(
                "this clone is too shallow to tell where the change began", hint=_SHALLOW
            )
        return base

    async def _messages(self, base: str, head: str) -> tuple[str, ...]:
        form = (
            "--no-merges",
            "--no-show-signature",
            "--no-color",
            "--reverse",
            "-z",
            "--format=%B",
        )
        most = f"--max-count={_MOST_MESSAGES}"
        said = await self._git.run("log", *form, most, f"{base}..{head}")
        if said.exit_code:
            raise GitError(f"git log failed: {one_line(said.stderr.decode(errors='replace'))}")
        texts = (plain(text.decode(errors="replace")) for text in said.stdout.split(b"\0"))
        found = tuple(text.strip() for text in texts if text.strip())
        sizes = accumulate(map(len, found))
        return tuple(text for text, size in zip(found, sizes, strict=True) if size <= _LONGEST)

    # -- patches -------------------------------------------------------------------------------

    async def _patched(self, base: str, patch: bytes) -> Received:
        _check(patch)
        fitting, misfit = await self._apply(base, patch)
        if fitting is None:
            none = Patch(base=base, commit=base)
            return Received(patch=none, head=A_PATCH, misfit=misfit)
        tree = (await self._git.with_index(self._index).ask("write-tree")).strip()
        commit = await self._workspace.commit_tree(tree, base, "A patch that is judged")
        made = Received(
            patch=await self._workspace.patch(base, commit),
            head=A_PATCH,
            mended=fitting != patch,
        )
        return replace(made, tip=await self._tip(base, fitting))

    async def _tip(self, base: str, patch: bytes) -> tuple[bool, str] | None:
        """Whether the patch applies to the present HEAD, in words; None where that is the base."""
        head = self._workspace.head
        if head == base:
            return None
        there, why = await self._apply(head, patch)
        if there is None:
            return False, f"it does not apply to the present HEAD ({head[:10]}): {why}"
        return True, f"it applies to the present HEAD ({head[:10]}) too"

    async def _apply(self, commit: str, patch: bytes) -> tuple[bytes | None, str]:
        """Applies the patch to a commit, in the index; the patch as it fitted, or why it did not.

        One whose line ends a mail or an editor turned into CRLF is tried with plain ones too.
        """
        git, said = self._git.with_index(self._index), []
        for one in dict.fromkeys((patch, patch.replace(b"\r\n", b"\n"))):
            await git.ask("read-tree", commit)
            options = ("--cached", "--whitespace=nowarn", "--no-ignore-whitespace")
            done = await git.run("apply", *options, "-", stdin=one)
            if done.exit_code == 0:
                return one, ""
            said.append(done)
        return None, _complaint(said[0].exit_code, said[0].stderr)


def _check(patch: bytes) -> None:
    """Raises UsageError for what is not even tried."""
    if not patch.strip():
        raise UsageError("the patch is empty", hint="Make one: git diff --binary BASE > it.patch")
    if len(patch) > LARGEST:
        raise UsageError(
            f"the patch is larger than {LARGEST >> 20} MiB", hint="Commit it, and name it: --head"
        )
    if sum(int(one[1]) for one in _BINARY.finditer(patch)) > _UNPACKED:
        raise UsageError(f"the patch's binary parts unpack to more than {_UNPACKED >> 20} MiB")


def _complaint(code: int, said: bytes) -> str:
    """What git says of a patch that does not fit. Raises UsageError for one that it cannot read."""
    text = said.decode(errors="replace").replace("error: ", "").replace(" in index", "").strip()
    why = one_line("; ".join(text.splitlines()), 300)
    if _OUT in text:
        raise UsageError(
            f"the patch leads out of the tree or into .git: {why}", hint="Nothing was applied."
        )
    if "without full index line" in text:
        raise UsageError(
            f"the patch lacks its binary parts: {why}", hint="Make it with: git diff --binary"
        )
    if code != 1:
        raise UsageError(
            f"the patch is none that git can read: {why}",
            hint="Make one: git diff --binary BASE > it.patch",
        )
    return why
