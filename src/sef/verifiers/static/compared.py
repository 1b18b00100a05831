"""The new problems of a draft's Python files, and of files that use what it changed. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sef.verifiers.static.facts import Facts
from sef.verifiers.static.findings import Finding
from sef.verifiers.static.links import Tree, misfits, unresolved
from sef.verifiers.static.syntax import introduced

_AT_MOST = 50
"""Findings that are told."""


@dataclass(frozen=True, kw_only=True)
class Sides:
    """A draft and its base."""

    base: Tree
    draft: Tree
    changed: Mapping[str, tuple[bytes | None, bytes | None]]
    """Bytes before and after of every changed path; None where it is missing."""
    texts: Callable[[], Mapping[str, str]]
    """Texts of all Python files of the draft; asked for where something was taken away."""


def new_problems(sides: Sides) -> tuple[Finding, ...]:
    """What is wrong in the draft and was not in its base, by path and line."""
    found: list[Finding] = []
    for path, (before, after) in sides.changed.items():
        if after is None:
            continue
        broken = introduced(path, before, after)
        if broken is not None:
            found.append(broken)
        elif path.endswith(".py"):
            found += _fresh(_of(sides.base, sides, path), _of(sides.draft, sides, path))
            found += _unused(sides, path)
    found += _elsewhere(sides)
    return tuple(sorted(set(found)))[:_AT_MOST]


def newer_syntax(sides: Sides, oldest: tuple[int, int] | None) -> Iterator[Finding]:
    """Syntax that the oldest Python of the project does not know, where the file had none."""
    for path, (_, after) in sides.changed.items():
        if oldest is None or after is None or not path.endswith(".py"):
            continue
        version, line = sides.draft.facts(path).needs
        if version > oldest and sides.base.facts(path).needs[0] <= oldest:
            what = f"this needs Python 3.{version[1]}, and the project supports 3.{oldest[1]}"
            yield Finding(path=path, line=line, sign="newer-syntax", what=what)


def _of(tree: Tree, sides: Sides, path: str) -> list[Finding]:
    facts = tree.facts(path)
    names = [
        Finding(path=path, line=line, sign="undefined-name", what=f"nothing defines {name}")
        for name, line in facts.undefined
    ]
    return [*names, *unresolved(tree, path), *misfits(tree, sides.base, path)]


def _fresh(before: Iterable[Finding], after: Iterable[Finding]) -> Iterator[Finding]:
    """Those of which there are more than there were; lines do not count."""
    known = Counter(one.same for one in before)
    for one in after:
        if known[one.same]:
            known[one.same] -= 1
        else:
            yield one


def _unused(sides: Sides, path: str) -> Iterator[Finding]:
    """Imports whose name occurs nowhere else in the text, not even in a comment."""
    text = (sides.changed[path][1] or b"").decode("utf-8", "replace")
    if path.endswith("/__init__.py") or "__all__" in text:
        return
    before = (sides.changed[path][0] or b"").decode("utf-8", "replace")
    lines = text.splitlines()
    for one in sides.draft.facts(path).imports:
        name = re.compile(rf"\b{re.escape(one.bound)}\b")
        if one.name == "*" or one.module == "__future__" or len(name.findall(text)) != 1:
            continue
        line = lines[one.line - 1] if one.line <= len(lines) else ""
        if "noqa" not in line and not one.guarded and not name.search(before):
            what = f"imports {one.bound} and does not use it"
            yield Finding(path=path, line=one.line, sign="unused-import", what=what)


def _elsewhere(sides: Sides) -> list[Finding]:
    """Problems of files that were not changed, which use names that were taken away or changed."""
    words = _gone(sides)
    if not words:
        return []
    anywhere = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(words)))})\b")
    found: list[Finding] = []
    for path, text in sides.texts().items():
        if path not in sides.changed and anywhere.search(text):
            found += _fresh(_of(sides.base, sides, path), _of(sides.draft, sides, path))
    return found


def _gone(sides: Sides) -> Collection[str]:
    """Last parts of modules that were removed, names that were, and callables that take else."""
    words: set[str] = set()
    for path, (before, after) in sides.changed.items():
        if not path.endswith(".py") or before is None:
            continue
        if after is None:
            words.update(name.rpartition(".")[2] for name in sides.base.modules.names(path))
            continue
        old, new = sides.base.facts(path), sides.draft.facts(path)
        if new.parsed:
            words |= old.defined - new.defined
            words.update(_changed_callables(old, new))
    return words


def _changed_callables(old: Facts, new: Facts) -> Iterator[str]:
    for name, signature in old.signatures.items():
        if name in new.signatures and new.signatures[name] != signature:
            yield name.rpartition(".")[2].lstrip(":")
