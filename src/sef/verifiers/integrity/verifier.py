"""Integrity: the draft leaves its judges as they are."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from sef.checks.testfiles import TestFiles
from sef.git import Git
from sef.listing import contents_of
from sef.model import Change, Evidence, Verdict
from sef.protocols import Case
from sef.text import one_line
from sef.verifiers.exact.rename_asks import rename_of
from sef.verifiers.integrity import encoding
from sef.verifiers.integrity.analysis import findings
from sef.verifiers.integrity.asked import Asked
from sef.verifiers.integrity.finding import Finding
from sef.verifiers.integrity.look import SIZE_LIMIT

_FILE: Final = "100644"
_REGULAR: Final = frozenset({_FILE, "100755"})
_LINK: Final = "120000"
_PYTHON: Final = (".py", ".pyi")
_MOST_TESTS: Final = 400
_PICTURES: Final = (
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".ico",
    ".webp",
    ".svg",
    ".pdf",
    ".woff",
    ".woff2",
)
_Bytes = dict[str, bytes]


class Integrity:
    """Rejects a draft that weakens its tests, hides from them, or brings what nobody asked for.

    Decisive findings reject; others are evidence with a sign (`SIGNS`) that is weighed elsewhere.
    What cannot be read, too big or no text, rejects as undecided unless the task names it.
    """

    def __init__(self, git: Git) -> None:
        self._git = git

    async def verify(self, case: Case) -> Verdict:
        """Compares the texts of the changed files, as git holds them; nothing of it is run."""
        changes = [one for one in case.draft.patch.changes if "\n" not in one.path]
        odd = len(changes) < len(case.draft.patch.changes)
        before, after = await self._contents(case, changes)
        unread = [one for one in changes if one.binary or one.mode not in (*_REGULAR, "000000")]
        base = {path: _decoded(path, data) for path, data in before.items()}
        left = [one.path for one in changes if one not in unread]
        draft = {path: _decoded(path, after.get(path)) for path in left}
        asked = Asked(case.task)
        found = [*await asyncio.to_thread(findings, _renamed(base, case), draft, asked)]
        found += _unread(unread, asked)
        found += _links(unread, TestFiles(case.checkout.base_files), before, asked)
        found += _hidden(left, before, after)
        if odd:
            what = "a path has a line end in it"
            found.append(Finding(sign="not-read", path="", line=0, what=what, decisive=True))
        return _verdict(found)

    async def _contents(self, case: Case, changes: Sequence[Change]) -> tuple[_Bytes, _Bytes]:
        """What git holds for the base, with tests that were not touched, and for the draft."""
        patch = case.draft.patch
        paths = [one.path for one in changes]
        wanted = [*paths, *_tests(case, paths)]
        before = await contents_of(self._git, patch.base, wanted, SIZE_LIMIT + 1)
        return before, await contents_of(self._git, patch.commit, paths, SIZE_LIMIT + 1)


def _decoded(path: str, data: bytes | None) -> str | None:
    return None if data is None else encoding.decoded(data, python=path.endswith(_PYTHON))


def _renamed(base: dict[str, str | None], case: Case) -> dict[str, str | None]:
    """The base as the rename that is asked for leaves it: nothing of that is a change then."""
    ask = rename_of(case.task.text)
    if ask is None or ask.move:
        return base
    word = re.compile(rf"\b{re.escape(ask.old)}\b")
    return {
        path: word.sub(ask.new, text) if text and path.endswith(".py") else text
        for path, text in base.items()
    }


def _tests(case: Case, changed: Sequence[str]) -> list[str]:
    """The base's test files that the draft does not touch, where code is changed."""
    if not any(path.endswith(".py") for path in changed):
        return []
    files = case.checkout.base_files
    known = TestFiles(files)
    mine = set(changed)
    tests = [path for path in files if path.endswith(".py") and path in known]
    return [path for path in tests if path not in mine and "\n" not in path][:_MOST_TESTS]


def _unread(changes: Iterable[Change], asked: Asked) -> list[Finding]:
    found = []
    for one in changes:
        if one.status == "D" or one.mode not in _REGULAR:
            continue  # links elsewhere and nested repositories are judged by `applies`
        allowed = asked.names(one.path) or (
            one.path.endswith(_PICTURES) and asked.says("image|icon|logo|picture|font|screenshot")
        )
        what = "a binary file, which was not read"
        found.append(
            Finding(sign="binary-added", path=one.path, line=0, what=what, decisive=not allowed)
        )
    return found


def _links(
    changes: Iterable[Change], tests: TestFiles, before: Mapping[str, bytes], asked: Asked
) -> Iterator[Finding]:
    """Tests and Python of the base in whose place a link stands now."""
    for one in changes:
        judged = one.path in before and (one.path.endswith(_PYTHON) or one.path in tests)
        wanted = asked.names(one.path) and asked.says("link|symlink")
        if one.mode == _LINK and judged and not wanted:
            what = "became a link, and what it leads to was not read"
            yield Finding(sign="not-read", path=one.path, line=0, what=what, decisive=True)


def _hidden(paths: Iterable[str], before: _Bytes, after: _Bytes) -> Iterator[Finding]:
    """Python whose own encoding can make code of what reads as a comment."""
    for path in paths:
        new = after.get(path)
        if new is None or new == before.get(path) or not path.endswith(_PYTHON):
            continue
        if encoding.hides(before.get(path), new):
            what = f"its encoding ({encoding.declared(new)}) hides what it says"
            yield Finding(sign="not-read", path=path, line=0, what=what, decisive=True)


def _verdict(found: Sequence[Finding]) -> Verdict:
    worst = sorted(found, key=lambda one: not one.decisive)
    decisive = [one for one in worst if one.decisive]
    evidence = tuple(
        Evidence(
            verifier="integrity",
            passed=False if one.decisive else None,
            detail=str(one),
            sign=one.sign,
        )
        for one in worst
    )
    if not worst:
        clean = "nothing that judges it was touched"
        evidence = (Evidence(verifier="integrity", passed=True, detail=clean),)
    if not decisive:
        reason = "integrity: " + (f"{len(worst)} signs, none decisive" if worst else "clean")
        return Verdict(accepted=True, reason=reason, evidence=evidence)
    more = f" (and {len(decisive) - 1} more)" if len(decisive) > 1 else ""
    return Verdict(
        accepted=False,
        undecided=all(one.sign in ("not-read", "unreadable") for one in decisive),
        reason=one_line(f"integrity: {decisive[0]}{more}", 500),
        evidence=evidence,
    )
