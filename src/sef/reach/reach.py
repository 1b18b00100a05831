"""Reach: the tests that a draft's change reaches, read from its tree and from git."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Final

from sef.checks.jail import read_bounded, read_inside
from sef.checks.testfiles import is_test_file
from sef.git import Git
from sef.model import Checkout
from sef.reach.nodes import Outline, outline
from sef.reach.recorded import recorded
from sef.reach.selection import SETTINGS, Reached, Tree, reached

_LIMIT: Final = 1024 * 1024
_DATA_LIMIT: Final = 64 * 1024 * 1024
_DATA: Final = ".coverage"
_DEADLINE_S: Final = 60.0
_KEPT: Final = 4_000


class Reach:
    """Remembers the outlines of files by their texts: drafts of one run share most of them.

    `tree` is the user's tree, where a coverage data file with contexts may lie; None: it is not
    asked.
    """

    def __init__(self, git: Git, *, tree: Path | None = None) -> None:
        self._git = git
        self._tree = tree
        self._outlines: dict[str, Outline] = {}

    async def of(self, checkout: Checkout, base: str) -> Reached:
        """The tests that may tell `checkout` from the commit `base`. Raises GitError."""
        changed = await self._changed(base, checkout.commit)
        stop = Event()
        try:
            async with asyncio.timeout(_DEADLINE_S):
                return await asyncio.to_thread(self._of, checkout, changed, stop)
        except TimeoutError:
            tests = tuple(path for path in checkout.files if is_test_file(path))
            why = f"what the change reaches was not found within {_DEADLINE_S:g} s"
            return Reached(tests=tests, complete=True, why=why, everything=True)
        finally:
            stop.set()  # nobody waits for the thread any more

    def _of(self, checkout: Checkout, changed: Mapping[str, str | None], stop: Event) -> Reached:
        files: dict[str, str] = {}
        for path in checkout.files:
            if path.endswith(".py") or path in SETTINGS:
                data = read_inside(checkout.path, path, _LIMIT)
                if data is not None:
                    files[path] = data.decode("utf-8-sig", "replace")
        others = [path for path in checkout.files if path not in files]
        read = partial(self._read, stop=stop)
        found = reached(Tree(files=files, others=others, read=read), changed)
        if found.everything or self._tree is None:
            return found
        data = read_bounded(self._tree / _DATA, _DATA_LIMIT)
        there = frozenset(path for path in files if is_test_file(path))
        ran = recorded(data, changed, there) if data else frozenset[str]()
        more = ran - {one.partition("::")[0] for one in found.tests}
        share = min(1.0, found.share + len(more) / max(1, len(there)))
        return replace(
            found,
            tests=tuple(sorted({*found.tests, *ran})),
            count=found.count + len(more),
            share=share,
        )

    def _read(self, text: str, *, stop: Event) -> Outline:
        if stop.is_set():
            raise TimeoutError("what the change reaches is no longer asked for")
        if text not in self._outlines:
            if len(self._outlines) >= _KEPT:
                self._outlines.clear()
            self._outlines[text] = outline(text)
        return self._outlines[text]

    async def _changed(self, base: str, commit: str) -> dict[str, str | None]:
        compare = ("diff-tree", "-r", "-z", "--no-renames", "--name-status", base, commit)
        rows = await self._git.names(*compare)
        changed: dict[str, str | None] = {}
        for status, path in zip(rows[::2], rows[1::2], strict=True):
            changed[path] = None if status == "A" else await self._text(base, path)
        return changed

    async def _text(self, commit: str, path: str) -> str:
        if not path.endswith(".py"):
            return ""
        done = await self._git.run("cat-file", "blob", f"{commit}:{path}")
        return done.stdout[: _LIMIT + 1].decode("utf-8-sig", "replace")
