"""Renames: a name that was to change has changed everywhere, and nothing else has."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sef.git import Git
from sef.model import Verdict
from sef.protocols import Case
from sef.verifiers.exact import rename_code
from sef.verifiers.exact.blobs import blobs
from sef.verifiers.exact.finding import Finding, doubted, right, told, verdict, wrong
from sef.verifiers.exact.moves import moved
from sef.verifiers.exact.python_code import NotRead, parsed
from sef.verifiers.exact.rename_asks import Rename, rename_of

_NAME: Final = "renames"
_PYTHON: Final = (".py", ".pyi")
_MOST: Final = 3_000
_SHOWN: Final = 5


class Renames:
    """Judges the draft of a task that asks to rename a name, or to move one to another module.

    Looks whether the syntax trees of base and draft are the same but for that name, the new one is
    defined where the old one was, and no reference is left behind. It is weighed, and settles
    nothing by itself: names alone do not tell two things of one name apart.
    """

    def __init__(self, git: Git) -> None:
        self._git = git

    async def verify(self, case: Case) -> Verdict:
        """Reads every file that changed or has the old name. Raises GitError."""
        ask = rename_of(case.task.text)
        if ask is None or not case.route.kind.writes:
            return Verdict(accepted=True, reason=f"{_NAME}: none is asked for")
        patch = case.draft.patch
        listing = ("grep", "-I", "-l", "-z", "-w", "-F", "-e", ask.old, patch.commit, "--")
        holding = await self._git.run(*listing)
        names = holding.stdout.decode("utf-8", "surrogateescape").split("\0")
        paths = {one.partition(":")[2] for one in names if one}
        paths = paths | {one.path for one in patch.changes}
        if len(paths) > _MOST:
            return verdict(_NAME, [doubted("not-read", f"more than {_MOST} files")], "")
        before = await blobs(self._git, patch.base, sorted(paths))
        after = await blobs(self._git, patch.commit, sorted(paths))
        trees = tuple(
            {path: blob.data for path, blob in side.items() if blob.data is not None}
            for side in (before, after)
        )
        found = await asyncio.to_thread(judged, trees[0], trees[1], ask)
        fine = f"{ask.old} became {ask.new}, and nothing else changed"
        return verdict(_NAME, [replace(one, stops=False) for one in found], fine)


def judged(
    before: Mapping[str, bytes], after: Mapping[str, bytes], ask: Rename
) -> tuple[Finding, ...]:
    """The findings, from all files that changed or hold the old name. Pure."""
    if ask.move:
        return moved(before, after, ask)
    look = _Look(before=before, after=after, ask=ask)
    found = (*look.of_code(), *look.of_texts())
    if any(one.stops for one in found) or not ask.pure:
        return found
    proof = f"the code is the base's with {ask.old} renamed to {ask.new}, and nothing else"
    return (*found, right("rename-exact", proof))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    ask: Rename

    def _says(self, sign: str, detail: str) -> Finding:
        """Decisive where nothing else is asked for."""
        return wrong(sign, detail) if self.ask.pure else told(sign, detail, passed=False)

    def of_code(self) -> Iterator[Finding]:
        """What the Python files say."""
        ask, places, left = self.ask, 0, []
        defined: list[str] = []
        for path in sorted({*self.before, *self.after}):
            if not path.endswith(_PYTHON):
                continue
            if (path in self.before) is not (path in self.after):
                yield self._says("beyond-the-rename", f"{path}:1: a file came or went")
                continue
            try:
                old, new = parsed(self.before[path]), parsed(self.after[path])
            except NotRead as why:
                yield doubted("not-read", f"{path} cannot be parsed: {why}")
                continue
            found = rename_code.compare(old, new, ask.old, ask.new)
            yield from self._defined(path, old, new, defined)
            places += len(found.renamed)
            left += [f"{path}:{line} ({how})" for line, how in found.left]
            if found.other:
                line, what = found.other
                yield self._says("beyond-the-rename", f"{path}:{line}: {what}, beyond the rename")
            for name in rename_code.unbound(new) - rename_code.unbound(old):
                yield wrong("unresolved-name", f"{path}: {name} is read and nothing binds it")
        if not defined:
            yield wrong("not-renamed", f"{ask.new} is defined nowhere where {ask.old} was")
        if left and not ask.keeps:
            where = ", ".join(left[:_SHOWN])
            yield self._says("old-name-left", f"{ask.old} is left in code: {where}")

    def _defined(
        self, path: str, old: object, new: object, defined: list[str]
    ) -> Iterator[Finding]:
        """The new name is where the old one was, and nothing of that name was there before."""
        ask = self.ask
        was = [one.around for one in rename_code.definitions(old, ask.old)]  # type: ignore[arg-type]
        had = [one.around for one in rename_code.definitions(old, ask.new)]  # type: ignore[arg-type]
        now = [one.around for one in rename_code.definitions(new, ask.new)]  # type: ignore[arg-type]
        word = re.compile(rf"(?<!\w){re.escape(ask.old)}(?!\w)")
        moved_to = [re.sub(word, ask.new, around) for around in was]
        defined += [around for around in moved_to if around in now]
        for around in {*moved_to} & {*had}:
            where = f"in {around}" if around else "in the module"
            yield wrong("name-taken", f"{path}: {ask.new} was defined {where} before")

    def of_texts(self) -> Iterator[Finding]:
        """The old name in documentation, strings and files of other kinds."""
        word = re.compile(rf"(?<!\w){re.escape(self.ask.old)}(?!\w)".encode())
        shown = 0
        for path, text in sorted(self.after.items()):
            plain = not path.endswith(_PYTHON)
            former = self.before.get(path, b"")
            if plain and text != former and word.sub(self.ask.new.encode(), former) != text:
                wrote = f"{path}: more than the name changed"
                yield told("beyond-the-rename", wrote, passed=False)
            found = word.search(text)
            if found and shown < _SHOWN and not self.ask.keeps:
                shown += 1
                line = text.count(b"\n", 0, found.start()) + 1
                yield told("old-name-in-text", f"{path}:{line}: {self.ask.old} is left in the text")
