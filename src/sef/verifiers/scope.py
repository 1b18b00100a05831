"""In scope: the draft touches only what its task may touch."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from sef.model import Change, Evidence, Kind, Task, Verdict
from sef.protocols import Case

_PROTECTED = (
    (".github/*", "a CI definition"),
    (".gitlab-ci.yml", "a CI definition"),
    (".circleci/*", "a CI definition"),
    (".ci/*", "a CI definition"),
    ("azure-pipelines.yml", "a CI definition"),
    ("Jenkinsfile", "a CI definition"),
    (".gitattributes", "a git setting"),
    (".gitmodules", "a git setting"),
    (".gitignore", "a git setting"),
    (".claude/*", "a setting of a coding agent"),
    (".envrc", "a setting of the shell"),
    ("sef.toml", "a setting of sef"),
)
_JUDGES = (
    ("*.lock", "a lock file"),
    ("package-lock.json", "a lock file"),
    ("pnpm-lock.yaml", "a lock file"),
    ("go.sum", "a lock file"),
    ("Makefile", "what runs the checks"),
    ("package.json", "what runs the checks"),
    ("setup.cfg", "the checks' settings"),
    ("ruff.toml", "the checks' settings"),
    (".ruff.toml", "the checks' settings"),
    (".flake8", "the checks' settings"),
    ("mypy.ini", "the checks' settings"),
    (".mypy.ini", "the checks' settings"),
    ("pyrightconfig.json", "the checks' settings"),
    ("conftest.py", "the tests' set-up"),
    ("pytest.ini", "the tests' settings"),
    ("tox.ini", "the tests' settings"),
    ("noxfile.py", "the tests' settings"),
    (".coveragerc", "the tests' settings"),
    ("sitecustomize.py", "code that runs in every process"),
    ("usercustomize.py", "code that runs in every process"),
    ("*.pth", "code that runs in every process"),
)
_DOCUMENTS = (".md", ".rst", ".txt", ".adoc", ".py", ".pyi")
_TEST_FILE = re.compile(
    r"(^|/)(tests?|spec|__tests__)/|(^|/)test_[^/]*$|_test\.\w+$|\.(test|spec)\."
)
_WAY_OUT = " (to allow it, name the file in the task or give the task paths)"
_ABOUT_TESTS = re.compile(r"\btests?\b|\bspecs?\b|\bpytest\b|\bfixtures?\b", re.IGNORECASE)


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
        problem = self._problem(case)
        detail = problem or "in scope"
        evidence = Evidence(verifier="scope", passed=not problem, detail=detail)
        return Verdict(accepted=not problem, reason=detail, evidence=(evidence,))

    def _problem(self, case: Case) -> str | None:
        changes = case.draft.patch.changes
        if changes and not case.route.kind.writes:
            kept = case.draft.patch.commit[:12]
            return (
                f"the task asks for an answer, but {changes[0].path} was changed (kept as commit "
                f'{kept}; if a change was wanted, give the task kind = "implement")'
            )
        found = (self._trespass(change, case.task, case.route.kind) for change in changes)
        return next((problem for problem in found if problem), None)

    def _trespass(self, change: Change, task: Task, kind: Kind) -> str | None:
        path = change.path
        if task.paths and not any(fnmatchcase(path, pattern) for pattern in task.paths):
            return f"{path} lies outside the task's paths {', '.join(task.paths)}"
        if task.paths or _named(path, task):
            return None
        if kind is Kind.DOCUMENT and not path.endswith(_DOCUMENTS):
            return f"{path} is no document, and the task is to document"
        about = _matching(path, (*_PROTECTED, *(_JUDGES if self._judges else ())))
        if about:
            return f"{path} is {about}, and the task does not name it{_WAY_OUT}"
        if self._judges and _edits_a_test(change) and not _ABOUT_TESTS.search(task.text):
            return (
                f"{path} is an existing test, and the task does not ask to change tests{_WAY_OUT}"
            )
        return None


def _edits_a_test(change: Change) -> bool:
    return change.status != "A" and _TEST_FILE.search(change.path) is not None


def _named(path: str, task: Task) -> bool:
    name = re.escape(PurePosixPath(path).name)
    return re.search(rf"(?<![\w.-]){name}(?![\w-])", task.text) is not None


def _matching(path: str, patterns: Iterable[tuple[str, str]]) -> str | None:
    name = PurePosixPath(path).name
    for pattern, about in patterns:
        if fnmatchcase(path, pattern) or fnmatchcase(name, pattern):
            return about
    return None
