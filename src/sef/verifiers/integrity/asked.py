"""What a task allows a draft to do to tests. Pure.

`sef.verifiers.asks` says whether a task is about tests at all. Here one that asks for new tests is
told from one that asks to change the tests there are: the first allows no weaker old test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath

from sef.checks.testfiles import named_as_test
from sef.model import Task
from sef.verifiers import asks, paths

_ADDING = re.compile(
    r"\b(?:writ(?:e|es|ing)|add(?:s|ing)?|creat(?:e|es|ing)|extend(?:s|ing)?|cover|expand|implement"
    r"|fix(?:es|ing)?|repair|strengthen|tighten|improv(?:e|ing)|speed)\b",
    re.IGNORECASE,
)
"""Verbs that ask for more tests, or for green ones: never for weaker ones."""
_EXPECTATIONS = re.compile(
    r"\b(?:expect(?:ed|ation)s?(?: values?| outputs?| results?)?|assertions?|snapshots?"
    r"|goldens?)\b",
    re.IGNORECASE,
)
_EDITING = re.compile(
    r"\b(?:updat|correct|fix|adjust|chang|adapt|regenerat|refresh)\w*", re.IGNORECASE
)


@dataclass(frozen=True)
class Asked:
    """A task, read for what it allows."""

    task: Task

    @property
    def text(self) -> str:
        return self.task.text

    @cached_property
    def tests(self) -> bool:
        """True where it asks for anything to be done to tests, or new ones."""
        return asks.about_tests(self.task)

    @cached_property
    def changes(self) -> bool:
        """True where the tests that are there may be changed."""
        others = replace(self.task, text=_ADDING.sub("_", self.text), paths=())
        if asks.about_tests(others) or self.removes:
            return True
        return any(self._edits_expectations(clause) for clause in re.split(r"[.;\n]", self.text))

    @cached_property
    def removes(self) -> bool:
        """True where tests may go."""
        return asks.removes_tests(self.task)

    def may_change(self, path: str) -> bool:
        """True where the tests of that file may be changed: in general, or it is named."""
        if self.changes or any(paths.names_literally(one, path) for one in self.task.paths):
            return True
        others = replace(self.task, text=_ADDING.sub("_", self.text))
        return named_as_test(path) and asks.asks_for_file(others, path)

    def names(self, path: str) -> bool:
        """True where the file is named in the task's words or paths."""
        if any(paths.names_literally(pattern, path) for pattern in self.task.paths):
            return True
        return asks.names_file(self.task, path)

    def says(self, words: str) -> bool:
        """True where the text has a word that begins with one of them (alternatives by `|`)."""
        return re.search(rf"(?<![a-z])(?:{words})", self.text, re.IGNORECASE) is not None

    def quotes(self, literal: object) -> bool:
        """True where the text has that value, as a word of its own; a short one never counts."""
        said = literal if isinstance(literal, str) else repr(literal)
        if len(said) < 2 and not isinstance(literal, int | float):
            return False
        return re.search(rf"(?<![\w.]){re.escape(said)}(?![\w])(?!\.\d)", self.text) is not None

    def speaks_of(self, path: str) -> bool:
        """True where the text has the stem of the file's name as a word."""
        stem = PurePosixPath(path).stem.removeprefix("test_").removesuffix("_test")
        return re.search(rf"(?<!\w){re.escape(stem)}(?!\w)", self.text, re.IGNORECASE) is not None

    @staticmethod
    def _edits_expectations(clause: str) -> bool:
        noun = _EXPECTATIONS.search(clause)
        verb = _EDITING.search(clause)
        return bool(noun and verb and verb.start() < noun.start())
