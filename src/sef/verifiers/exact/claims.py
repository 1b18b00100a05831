"""Claims: what an answer says of a run comes from a run of our own, or is not believed."""

from __future__ import annotations

import re
from typing import Final

from sef.checks import CheckRun, CheckRunner
from sef.checks.testfiles import named_as_test
from sef.errors import SefError
from sef.git import Git
from sef.model import Kind, Task, Verdict
from sef.protocols import Case
from sef.text import one_line, plain
from sef.verifiers import compare
from sef.verifiers.exact.claimed import LIMIT, judged
from sef.verifiers.exact.finding import Finding, doubted, verdict
from sef.verifiers.exact.history import history_findings

_NAME: Final = "claims"
_LINT = re.compile(r"\b(?:lint\w*|ruff|flake8|pylint|eslint|style)\b", re.IGNORECASE)
_TYPES = re.compile(r"\b(?:types?|typing|type-?check\w*|mypy|pyright)\b", re.IGNORECASE)
_TESTS = re.compile(r"\b(?:tests?|pytest|unittest|suite)\b", re.IGNORECASE)


class Claims:
    """Rejects an answer whose numbers are not those of our own run of the same check.

    The check is the project's tests, or its lint or types where the task speaks of those alone. A
    run that proves nothing is undecided. A wrong answer is withheld: a verdict cannot correct it,
    but its reason tells our own numbers.
    """

    def __init__(self, runner: CheckRunner, git: Git) -> None:
        self._runner = runner
        self._git = git

    async def verify(self, case: Case) -> Verdict:
        """Runs the checks that the task speaks of in the case's checkout."""
        if case.route.kind is not Kind.VALIDATE:
            return verdict(_NAME, (), "not judged: the task asks for no run")
        found: list[Finding] = []
        try:
            for run in await self._runs(case):
                found += _of_run(run, case)
        except SefError as error:
            found.append(doubted("run-unread", one_line(str(error), 300)))
        if not found:
            found.append(doubted("run-unread", "the project has no check that the task speaks of"))
        text = plain(case.draft.answer.text, LIMIT)
        found += await history_findings(self._git, text, case.checkout.commit)
        return verdict(_NAME, found, "the numbers are those of our own run")

    async def _runs(self, case: Case) -> list[CheckRun]:
        wanted = checks_of(case.task)
        checks = await self._runner.detect(case.checkout)
        only = only_path(case.task, case.checkout.files)
        return [
            await self._runner.run(one, case.checkout, only=only if one.name == "tests" else None)
            for one in checks
            if one.name in wanted
        ]


def checks_of(task: Task) -> frozenset[str]:
    """Names of the checks that the task speaks of; the tests where it names none."""
    patterns = (("lint", _LINT), ("types", _TYPES), ("tests", _TESTS))
    return frozenset(name for name, one in patterns if one.search(task.text)) or frozenset(
        {"tests"}
    )


def only_path(task: Task, files: tuple[str, ...]) -> str | None:
    """The one test file that the text names by its path; None: all tests are meant."""
    words = {word.strip("`'\".,;:()?!") for word in task.text.split()}
    named = [path for path in files if path in words and named_as_test(path)]
    return named[0] if len(named) == 1 else None


def _of_run(run: CheckRun, case: Case) -> list[Finding]:
    if why := compare.doubt(run):
        return [doubted("run-unread", f"our own run says nothing: {why}")]
    return [*judged(case.draft.answer, run)]
