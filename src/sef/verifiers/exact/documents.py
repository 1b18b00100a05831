"""Documents: a task to document changed documentation, and nothing that runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final

from sef.git import Git
from sef.model import Change, Kind, Task, Verdict
from sef.protocols import Case
from sef.text import one_line
from sef.verifiers import asks
from sef.verifiers.exact import doc_changes
from sef.verifiers.exact.blobs import SIZE_LIMIT, Blob, blobs
from sef.verifiers.exact.finding import Finding, doubted, right, told, verdict, wrong

_NAME: Final = "documents"
_ABOUT_SPACE = re.compile(
    r"white ?space|indent|re-?flow|(?:re-?)?wrap|blank lines?|empty lines?|line (?:length|ends?"
    r"|endings|breaks?)|trailing|re-?format|newlines?|spacing|\btabs?\b",
    re.IGNORECASE,
)
_MOST: Final = 2_000
"""Files that are looked at."""
_ASSERTED: Final = 3


class Documents:
    """Rejects a draft of a document task that changed code, or wrote no documentation.

    Decisive: the syntax tree without docstrings and idle constants is the same before and after;
    other languages by their tokens without comments. What cannot be shown is undecided.
    """

    def __init__(self, git: Git) -> None:
        self._git = git

    async def verify(self, case: Case) -> Verdict:
        """Looks at the patch as git holds it. Raises GitError."""
        if case.route.kind is not Kind.DOCUMENT:
            return verdict(_NAME, (), "not judged: the task is not to document")
        patch = case.draft.patch
        if patch.empty:
            nothing = wrong("no-documentation", "no documentation was written")
            return verdict(_NAME, (nothing,), "")
        paths = [one.path for one in patch.changes][:_MOST]
        before = await blobs(self._git, patch.base, paths)
        after = await blobs(self._git, patch.commit, paths)
        found, owners = await asyncio.to_thread(judged, patch.changes, before, after, case.task)
        if not any(one.stops and not one.passed for one in found):
            found = [*found, *await self._asserted(patch.commit, owners)]
        return verdict(_NAME, found, _fine(len(paths)))

    async def _asserted(self, commit: str, owners: tuple[str, ...]) -> list[Finding]:
        """Lines of tests that speak of the docstring of something whose docstring changed."""
        names = {owner.rpartition(".")[2].partition("#")[0] for owner in owners} - {""}
        if not names:
            return []
        listing = ("grep", "-I", "-n", "-F", "-e", "__doc__", commit, "--", "*.py")
        done = await self._git.run(*listing)
        found = []
        for row in done.stdout.decode("utf-8", "replace").splitlines():
            path, _, rest = row.partition(":")[2].partition(":")
            line, _, text = rest.partition(":")
            if names & set(re.findall(r"\w+", text)):
                where = f"{path}:{line}: {one_line(text, 80)}"
                found.append(told("doc-asserted", f"{where}: a changed docstring is read here"))
        return found[:_ASSERTED]


def _fine(count: int) -> str:
    return f"nothing but documentation changed ({count} file{'s' * (count != 1)})"


def judged(
    changes: tuple[Change, ...],
    before: Mapping[str, Blob],
    after: Mapping[str, Blob],
    task: Task,
) -> tuple[list[Finding], tuple[str, ...]]:
    """The findings, and the names whose docstrings changed. Pure."""
    found: list[Finding] = []
    owners: list[str] = []
    wrote = spaced = False
    if len(changes) > _MOST:
        found.append(doubted("not-read", f"more than {_MOST} files changed"))
    for one in changes[:_MOST]:
        old, new = before.get(one.path), after.get(one.path)
        if special := _special(one.path, old, new):
            found.append(special)
            continue
        named = asks.names_file(task, one.path)
        texts = (old.data if old else None, new.data if new else None)
        made = doc_changes.change(one.path, *texts, named=named)
        found += made.findings
        owners += made.owners
        wrote, spaced = wrote or made.wrote, spaced or made.spaced
    found += _done(wrote, spaced, found, task)
    return found, tuple(owners)


def _done(wrote: bool, spaced: bool, found: list[Finding], task: Task) -> list[Finding]:
    """Whether anything was documented at all."""
    if any(one.stops for one in found):
        return []
    if wrote:
        return [right("code-same", "the code is the same before and after")]
    if spaced and _ABOUT_SPACE.search(task.text):
        return [right("code-same", "nothing but white space changed, as asked")]
    if spaced:
        return [wrong("no-documentation", "nothing but white space changed")]
    return [wrong("no-documentation", "no documentation was written")]


def _special(path: str, old: Blob | None, new: Blob | None) -> Finding | None:
    """What cannot be compared as text, or is more than a change of text."""
    there = [blob for blob in (old, new) if blob]
    if not all(blob.plain for blob in there):
        return wrong("mode-changed", f"{path} is or was a link or a nested repository")
    if len(there) == 2 and there[0].mode != there[1].mode:
        detail = f"{path} changed its mode from {there[0].mode} to {there[1].mode}"
        return wrong("mode-changed", detail)
    if new and not old and new.mode == "100755":
        return wrong("mode-changed", f"{path} is new and executable")
    if any(blob.data is None for blob in there):
        return doubted("not-read", f"{path} is larger than {SIZE_LIMIT // 1024} KB: not compared")
    return None
