"""In scope: the draft touches only what its task may touch."""

from __future__ import annotations

import ast
import asyncio
from dataclasses import dataclass
from functools import cached_property

from sef.checks.jail import read_inside
from sef.checks.testfiles import TestFiles
from sef.model import Change, Evidence, Kind, Task, Verdict
from sef.protocols import Case
from sef.verifiers import asks, paths
from sef.verifiers.exact.rename_asks import rename_of

_WAY_OUT = " (to allow it, name the file in the task, or by its whole name in the task's paths)"
_SIZE_LIMIT = 1024 * 1024


class Scope:
    """Rejects a change of a path that the task's kind, its `paths` or its words do not cover.

    Protected unless the task names them: CI, git's and agents' settings. With `judges`, also what
    the checks rest on: their settings, lock files, existing tests unless the task is about tests.
    A draft that checks will judge may not touch those; the target, which is trusted, may.
    """

    def __init__(self, *, judges: bool = True) -> None:
        self._judges = judges

    async def verify(self, case: Case) -> Verdict:
        """Looks at the paths that git says were changed."""
        problem = await asyncio.to_thread(_problem, case, self._judges)
        detail = problem or "in scope"
        evidence = Evidence(verifier="scope", passed=not problem, detail=detail)
        return Verdict(accepted=not problem, reason=detail, evidence=(evidence,))


def may_change(task: Task, path: str) -> bool:
    """True where the task names the file in its text, or literally in its paths."""
    if any(paths.names_literally(pattern, path) for pattern in task.paths):
        return True
    return asks.names_file(task, path)


def _problem(case: Case, judges: bool) -> str | None:
    changes = case.draft.patch.changes
    if changes and not case.route.kind.writes:
        kept = case.draft.patch.commit[:12]
        return (
            f"the task asks for an answer, but {changes[0].path} was changed (kept as commit "
            f'{kept}; if a change was wanted, give the task kind = "implement")'
        )
    look = _Look(case=case, judges=judges)
    return next((problem for problem in map(look.trespass, changes) if problem), None)


@dataclass(frozen=True, kw_only=True)
class _Look:
    """One look at a draft's paths."""

    case: Case
    judges: bool

    @cached_property
    def about_tests(self) -> bool:
        return asks.about_tests(self.task)

    @cached_property
    def tests(self) -> TestFiles:
        changed = (change.path for change in self.case.draft.patch.changes)
        return TestFiles((*self.before, *changed))

    @cached_property
    def before(self) -> tuple[str, ...]:
        """The files that were there before the draft, as far as they are known."""
        added = {one.path for one in self.case.draft.patch.changes if one.status == "A"}
        checkout = self.case.checkout
        return tuple({*checkout.files, *checkout.base_files} - added)

    @property
    def task(self) -> Task:
        return self.case.task

    def trespass(self, change: Change) -> str | None:
        """What is wrong with one change."""
        path, task = change.path, self.task
        if task.paths and not any(paths.matches(path, pattern) for pattern in task.paths):
            return f"{path} lies outside the task's paths {', '.join(task.paths)}"
        if path in self.tests and self.judges:
            return self._of_tests(change)
        if may_change(task, path):
            return None
        if self.judges and self.case.route.kind is Kind.DOCUMENT and not paths.may_document(path):
            return f"{path} is no document, and the task is to document"
        return self._protected(change)

    def _of_tests(self, change: Change) -> str | None:
        path, task = change.path, self.task
        if any(paths.names_literally(pattern, path) for pattern in task.paths):
            return None
        if asks.asks_for_file(task, path):
            return None
        if what := self._protected(change):
            return what
        if change.status == "A" or self.about_tests or self._documents(change):
            return None
        if change.status == "M" and self._renames:
            return None
        return f"{path} is an existing test, and the task does not ask to change tests{_WAY_OUT}"

    @cached_property
    def _renames(self) -> bool:
        """True where a name is to change, in tests too; integrity tells what else did there."""
        ask = rename_of(self.task.text)
        return ask is not None and not ask.move

    def _documents(self, change: Change) -> bool:
        """True where the exact check of a document task sees whether the test itself stayed."""
        texts = (".md", ".rst", ".adoc")
        mine = change.status == "M" or change.path.endswith(texts)
        return self.case.route.kind is Kind.DOCUMENT and mine

    def _protected(self, change: Change) -> str | None:
        path = change.path
        what = paths.about(path, paths.PROTECTED)
        if not what and self.judges:
            what = self._judging(change)
        return f"{path} is {what}, and the task does not name it{_WAY_OUT}" if what else None

    def _judging(self, change: Change) -> str | None:
        """What the path is to the checks that will judge the draft."""
        path = change.path
        if path.endswith(".py") and self._documents(change):
            return None
        if path.endswith("conftest.py") and change.status == "A" and self.about_tests:
            return None
        if what := paths.about(path, paths.JUDGES):
            return what
        if change.status == "A" and (name := paths.shadowed(path, self.before)):
            return f"a new module in front of {name}"
        if path.endswith("__init__.py") and path in self.tests and not self.about_tests:
            return "code that runs before the tests" if self._has_code(change) else None
        return None

    def _has_code(self, change: Change) -> bool:
        """True where a module holds more than its docstring; what cannot be read does."""
        if change.status == "D":
            return False
        data = read_inside(self.case.checkout.path, change.path, _SIZE_LIMIT)
        try:
            body = ast.parse(data or b"x").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return True
        if data is not None and not data.strip():
            return False
        return any(not _is_docstring(node) for node in body)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
