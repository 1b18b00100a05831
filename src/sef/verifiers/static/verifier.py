"""Static: the draft is looked at, not run. New problems only."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from sef.checks.jail import read_inside
from sef.errors import UsageError
from sef.git import Git
from sef.listing import contents_of
from sef.model import Evidence, Verdict
from sef.protocols import Case
from sef.reach.modules import Modules
from sef.text import one_line
from sef.verifiers.static.compared import Sides, new_problems, newer_syntax
from sef.verifiers.static.facts import NOTHING, Facts, facts_of
from sef.verifiers.static.findings import Finding
from sef.verifiers.static.links import Tree
from sef.verifiers.static.repeated import repeated
from sef.verifiers.static.syntax import LIMIT, is_costly, oldest_python

_LOOKED_AT: Final = (".py", ".pyi", ".json", ".toml", ".yaml", ".yml")
_DEADLINE_S: Final = 30.0
"""A text can be made so that it takes a parser minutes."""
_KEPT: Final = 2_000
_PROJECT: Final = "pyproject.toml"
_LINK: Final = "120000"


Version = Callable[[], Awaitable[tuple[int, ...]]]


class Static:
    """Rejects what cannot be right however it is run: a file that does not parse, a name that
    nothing defines, a name or module of the project that is not there, a call that must fail.

    Only what was not wrong on the base is told. Nothing is imported or executed. `version` tells
    that of the project's interpreter, and raises UsageError where it has none; without it, it is
    taken to be like this one.
    """

    def __init__(self, git: Git, *, version: Version | None = None) -> None:
        self._git = git
        self._version = version
        self._facts: dict[bytes, Facts] = {}

    async def verify(self, case: Case) -> Verdict:
        """Looks at the changed files, and at those that use what was taken away."""
        changes = case.draft.patch.changes
        paths = [one.path for one in changes if one.path.endswith(_LOOKED_AT) and one.mode != _LINK]
        before = await contents_of(self._git, case.base, [*paths, _PROJECT], LIMIT + 1)
        tree = await self._git.names("ls-tree", "-r", "-z", "--name-only", case.base)
        python = await self._known_version()
        try:
            async with asyncio.timeout(_DEADLINE_S):
                found = await asyncio.to_thread(self._look, case, paths, before, tree)
        except TimeoutError:
            return _too_slow()
        seen = _verdict([_softened(one, python) for one in found], len(paths))
        return replace(seen, evidence=(*seen.evidence, *await repeated(self._git, case)))

    async def _known_version(self) -> tuple[int, ...] | None:
        try:
            return await self._version() if self._version else None
        except UsageError:
            return None

    def _look(
        self, case: Case, paths: Sequence[str], before: Mapping[str, bytes], tree: Sequence[str]
    ) -> tuple[Finding, ...]:
        root = case.checkout.path
        gone = {one.path for one in case.draft.patch.changes if one.status == "D"}
        after = {path: _read(root, path) for path in paths if path not in gone}
        unseen = [
            Finding(path=path, line=0, sign="not-parsed", what="it is too large to be looked at")
            for path, data in after.items()
            if data is None
        ]
        seen = [path for path in paths if path in gone or after[path] is not None]
        base_texts = dict(before)

        def base_facts(path: str) -> Facts:
            data = base_texts.get(path) if path in changed else _read(root, path)
            return self._known(data)

        def draft_facts(path: str) -> Facts:
            return self._known(_read(root, path))

        changed = {path: (before.get(path), after.get(path)) for path in seen}
        sides = Sides(
            base=Tree(modules=Modules(files=frozenset(tree)), facts=base_facts),
            draft=Tree(modules=Modules(files=frozenset(case.checkout.files)), facts=draft_facts),
            changed=changed,
            texts=lambda: _texts(root, case.checkout.files),
        )
        found = new_problems(sides)
        oldest = oldest_python(before.get(_PROJECT, b"").decode("utf-8", "replace"))
        return (*found, *unseen, *newer_syntax(sides, oldest))

    def _known(self, data: bytes | None) -> Facts:
        """Facts by the bytes of a file: drafts of one run share most of their files."""
        if data is None:
            return NOTHING
        if data not in self._facts:
            if len(self._facts) >= _KEPT:
                self._facts.clear()
            self._facts[data] = (
                NOTHING if is_costly(data) else facts_of(data.decode("utf-8-sig", "replace"))
            )
        return self._facts[data]


def _softened(one: Finding, python: tuple[int, ...] | None) -> Finding:
    """What this Python cannot read, a newer one of the project's may."""
    newer = python is not None and python[:2] > sys.version_info[:2]
    if one.sign != "syntax" or not newer or not one.path.endswith((".py", ".pyi")):
        return one
    return Finding(path=one.path, line=one.line, sign="not-parsed", what=one.what)


def _read(root: Path, path: str) -> bytes | None:
    return read_inside(root, path, LIMIT)


def _texts(root: Path, files: Sequence[str]) -> dict[str, str]:
    read = ((path, _read(root, path)) for path in files if path.endswith(".py"))
    return {path: data.decode("utf-8", "replace") for path, data in read if data is not None}


def _too_slow() -> Verdict:
    detail = f"undecided: the changed files were not read within {_DEADLINE_S:g} s"
    evidence = Evidence(verifier="static", passed=None, detail=detail, sign="not-parsed")
    return Verdict(accepted=False, undecided=True, reason=f"static: {detail}", evidence=(evidence,))


def _verdict(found: Sequence[Finding], looked_at: int) -> Verdict:
    decisive = [one for one in found if one.decisive]
    evidence = [
        Evidence(
            verifier="static",
            passed=False if one.decisive else None,
            detail=str(one),
            sign=one.sign,
        )
        for one in (*decisive, *(one for one in found if not one.decisive))
    ]
    if not found and looked_at:
        detail = f"nothing new in {looked_at} files" if looked_at > 1 else "nothing new in 1 file"
        evidence = [Evidence(verifier="static", passed=True, detail=detail, sign="static-clean")]
    more = f" and {len(decisive) - 1} more" if len(decisive) > 1 else ""
    said = f"{decisive[0]}{more}" if decisive else "no new problem"
    return Verdict(
        accepted=not decisive, reason=one_line(f"static: {said}", 500), evidence=tuple(evidence)
    )
