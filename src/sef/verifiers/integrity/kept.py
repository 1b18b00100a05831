"""Every test of the base, looked for in the draft: gone, moved, skipped, weaker. Pure."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from sef.verifiers.integrity import cases, weaker
from sef.verifiers.integrity.assertions import Assertion, assertions
from sef.verifiers.integrity.finding import Finding
from sef.verifiers.integrity.inventory import Function, functions
from sef.verifiers.integrity.look import Look, Pair
from sef.verifiers.integrity.loss import Loss
from sef.verifiers.integrity.skips import Skip, skips
from sef.verifiers.integrity.subjects import Subjects
from sef.verifiers.integrity.words import dump, walk

_ALIKE: Final = 0.6
_COMPARED: Final = 40_000
"""Pairs of functions compared to find where a test went."""
_TOLERANCE = r"toleranc|precision|approx|timeout|flak|round|accura|slow"
_SKIPPING = r"skip|xfail|expected fail|disabl|quarantin|flak"
_BEHAVIOUR = re.compile(
    r"\binstead of\b|\bno longer\b|\bnow (?:returns?|raises?|prints?|shows?)\b|\brename", re.I
)


@dataclass(frozen=True)
class Kept:
    """The tests of a draft's changed files, before and after."""

    look: Look

    @cached_property
    def before(self) -> list[Function]:
        return [one for pair in self.look.tests for one in self._functions(pair, old=True)]

    @cached_property
    def after(self) -> list[Function]:
        return [one for pair in self.look.tests for one in self._functions(pair, old=False)]

    @staticmethod
    def _functions(pair: Pair, *, old: bool) -> list[Function]:
        tree = pair.old if old else pair.new
        if tree is None:
            return []
        lines = pair.old_lines if old else pair.new_lines
        return functions(pair.path, tree, lines, file=pair.collected)

    @cached_property
    def fresh(self) -> list[Function]:
        """Functions of the draft that the base has not."""
        known = {(one.path, one.name) for one in self.before}
        return [one for one in self.after if (one.path, one.name) not in known]

    @cached_property
    def demanded_anew(self) -> frozenset[str]:
        """Keys of assertions that the draft has more often than the base."""
        same = {(one.path, one.name, one.text) for one in self.before}
        same &= {(one.path, one.name, one.text) for one in self.after}
        after, before = (
            [one for one in side if (one.path, one.name, one.text) not in same]
            for side in (self.after, self.before)
        )
        counts = Counter(one.key for function in after for one in _demands(function))
        counts.subtract(one.key for function in before for one in _demands(function))
        return frozenset(key for key, count in counts.items() if count >= 0 and key)

    def findings(self) -> Iterator[Finding]:
        """All that became of the tests of the base."""
        taken: set[tuple[str, str]] = set()
        for old in self.before:
            new = self._place(old, taken)
            if new is None:
                yield from self._gone(old)
                continue
            taken.add((new.path, new.name))
            yield from self._subjects.swapped(old, new)
            if old.text != new.text or old.collected != new.collected or _set(old) != _set(new):
                yield from self._compared(old, new)
        for new in self.fresh:
            if (new.path, new.name) not in taken:
                yield from self._new(new)

    def _place(self, old: Function, taken: set[tuple[str, str]]) -> Function | None:
        here = self._by_place.get((old.path, old.name))
        if here is not None:
            return here
        moved = [
            one
            for one in self._fresh_by_name.get(old.short, ())
            if (one.path, one.name) not in taken
        ]
        if moved:
            return max(moved, key=lambda one: (one.name == old.name, _likeness(old, one)))
        if not old.collected:
            return None
        left = [one for one in self.fresh if (one.path, one.name) not in taken]
        left = left[: max(1, _COMPARED // len(self.before))]
        best = max(left, key=lambda one: _likeness(old, one), default=None)
        return best if best is not None and _likeness(old, best) >= _ALIKE else None

    @cached_property
    def _subjects(self) -> Subjects:
        return Subjects(self.look)

    @cached_property
    def _marks(self) -> frozenset[str]:
        """Keys of the marks that tests of the base have."""
        return frozenset(dump(mark) for one in self.before for mark in one.marks)

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], Function]:
        return {(one.path, one.name): one for one in self.after}

    @cached_property
    def _fresh_by_name(self) -> dict[str, list[Function]]:
        found: dict[str, list[Function]] = {}
        for one in self.fresh:
            found.setdefault(one.short, []).append(one)
        return found

    def _gone(self, old: Function) -> Iterator[Finding]:
        if not old.collected:
            return
        asked = self.look.asked
        kept = all(one.key in self.demanded_anew for one in assertions(old.node))
        merged = kept and bool(assertions(old.node)) and any(one.collected for one in self.fresh)
        allowed = asked.removes or merged or self._subject_removed(old)
        pair = self._pair(old.path)
        line = 0 if pair.after is None else _where(pair, old)
        yield Finding(
            sign="test-deleted",
            path=old.path,
            line=line,
            what=f"the test {old.name} is gone" + (" (merged into others)" if merged else ""),
            decisive=not allowed,
        )

    def _subject_removed(self, old: Function) -> bool:
        """True where the task names what the product lost, and the test was about that."""
        if not self.look.asked.says("remov|drop|delet|deprecat|retire"):
            return False
        return any(
            self.look.asked.quotes(name) and re.search(rf"\b{re.escape(name)}\b", old.text)
            for name in self._lost_names
        )

    @cached_property
    def _lost_names(self) -> frozenset[str]:
        pattern = re.compile(r"^\s*(?:async\s+def|def|class)\s+(\w+)", re.MULTILINE)
        old, new = set(), set()
        for pair in self.look.pairs:
            if not pair.test:
                old |= set(pattern.findall(pair.before or ""))
                new |= set(pattern.findall(pair.after or ""))
        return frozenset(old - new)

    def _compared(self, old: Function, new: Function) -> Iterator[Finding]:
        if old.collected and (why := self._not_collected(old, new)):
            yield self._finding(
                new, "test-not-collected", why, decisive=not self.look.asked.removes
            )
            return
        if old.collected:
            for skip in _new_skips(old, new):
                yield self._skipped(new, skip)
            yield from self._conditions(old, new)
        if old.text != new.text:
            found = weaker.losses(old.node, new.node, self.demanded_anew)
            found += cases.losses(old.node, new.node, self.demanded_anew)
            for loss in found:
                yield self._lost(old, new, loss)
            if not found and dump(old.node) != dump(new.node) and old.collected:
                what = f"the test {old.name} was edited"
                yield self._finding(new, "test-edited", what, decisive=False)

    def _not_collected(self, old: Function, new: Function) -> str | None:
        if not new.collected:
            return f"the test {old.name} is collected no more (now {new.path}: {new.name})"
        was, now = old.path.split("/")[0], new.path.split("/")[0]
        if was in ("tests", "test") and now not in (was, "tests", "test", "src", "testing"):
            return f"the test {old.name} was moved out of the tests, to {new.path}"
        if _kind(old) == "plain" != _kind(new):
            return f"the test {old.name} became {_kind(new)}: a plain runner does not run it"
        return None

    def _conditions(self, old: Function, new: Function) -> Iterator[Finding]:
        for condition in new.conditions:
            if condition not in old.conditions:
                what = f"the test {old.name} exists only if {condition}"
                skip = Skip(key=condition, line=new.line, what=what, by_platform=True)
                yield self._skipped(new, skip)

    def _skipped(self, new: Function, skip: Skip) -> Finding:
        asked = self.look.asked
        usual = asked.may_change(new.path) or (asked.tests and skip.key in self._marks)
        allowed = asked.says(_SKIPPING) or (skip.by_platform and usual)
        return Finding(
            sign="test-skipped", path=new.path, line=skip.line, what=skip.what, decisive=not allowed
        )

    def _lost(self, old: Function, new: Function, loss: Loss) -> Finding:
        loss = weaker.at(loss, new.line)
        what = f"{loss.what} (in {new.name})"
        moved = loss.key not in self.demanded_anew and any(
            self._subjects.offered(old, name) for name in loss.uncalled
        )
        decisive = (moved or not loss.slight) and not self._allowed(new, loss)
        return Finding(sign=loss.sign, path=new.path, line=loss.line, what=what, decisive=decisive)

    def _allowed(self, new: Function, loss: Loss) -> bool:
        asked = self.look.asked
        if loss.flagrant:
            return False
        if asked.may_change(new.path):
            return True
        if loss.sign == "tolerance-widened":
            return asked.says(_TOLERANCE)
        if loss.sign == "expected-edited":
            told = bool(loss.new) and all(asked.quotes(value) for value in loss.new)
            return told or bool(asked.tests and _BEHAVIOUR.search(asked.text))
        return False

    def _new(self, new: Function) -> Iterator[Finding]:
        """A new test that never runs is no test."""
        if new.collected:
            for skip in skips(new)[:1]:
                yield Finding(
                    sign="new-test-skipped",
                    path=new.path,
                    line=skip.line,
                    what=f"the new test {new.name} does not run",
                    decisive=False,
                )

    def _pair(self, path: str) -> Pair:
        return next(pair for pair in self.look.pairs if pair.path == path)

    @staticmethod
    def _finding(new: Function, sign: str, what: str, *, decisive: bool) -> Finding:
        return Finding(sign=sign, path=new.path, line=new.line, what=what, decisive=decisive)


def _demands(function: Function) -> list[Assertion]:
    return assertions(function.node)


def _set(function: Function) -> list[str]:
    return sorted(map(dump, function.marks)) + list(function.conditions)


def _new_skips(old: Function, new: Function) -> list[Skip]:
    known = Counter(one.key for one in skips(old))
    found = []
    for one in skips(new):
        known[one.key] -= 1
        if known[one.key] < 0:
            found.append(one)
    return found


def _kind(function: Function) -> str:
    if isinstance(function.node, ast.AsyncFunctionDef):
        return "a coroutine"
    inner = {
        id(below)
        for node in walk(function.node)
        if isinstance(node, ast.FunctionDef | ast.Lambda) and node is not function.node
        for below in ast.walk(node)
    }
    yields = any(
        isinstance(node, ast.Yield | ast.YieldFrom) and id(node) not in inner
        for node in walk(function.node)
    )
    return "a generator" if yields else "plain"


def _likeness(one: Function, other: Function) -> float:
    """Share of the lines that two functions have in common, without the one that names them."""
    a, b = (Counter(map(str.strip, f.text.splitlines())) for f in (one, other))
    for lines, function in ((a, one), (b, other)):
        for line in [key for key in lines if f"def {function.short}" in key]:
            del lines[line]
    total = max(a.total(), b.total())
    return (a & b).total() / total if total else 0.0


def _where(pair: Pair, old: Function) -> int:
    """The draft's line at which the test would be."""
    for start, end, new, _ in pair.hunks:
        if start < old.line <= end or start >= old.line:
            return min(new + 1, len(pair.new_lines)) or 1
    return 0
