"""What a task asks for in its words: tests to be changed or removed, a file by name. Pure.

The words decide what a draft may touch of what judges it, so that they are read narrowly: "so that
the tests pass" and "seen in test_ops.py" ask for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from sef.checks.testfiles import named_as_test
from sef.model import Task


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_REMOVE = (
    r"remove[sd]?|delete[sd]?|drop(?:s|ped)?|retire[sd]?|prune[sd]?|removing|deleting|dropping"
)
_VERB = re.compile(
    rf"writ(?:e|es|ing)|add(?:s|ing)?|creat(?:e|es|ing)|chang(?:e|es|ing)|updat(?:e|es|ing)"
    rf"|extend(?:s|ing)?|fix(?:es|ing)?|repair|renam(?:e|es|ing)|improv(?:e|ing)|rewrit(?:e|ing)"
    rf"|refactor(?:ing)?|adjust(?:ing)?|adapt(?:ing)?|mov(?:e|ing)|split|expand|cover|correct|edit"
    rf"|replac(?:e|ing)|convert(?:ing)?|port|migrat(?:e|ing)|parametri[sz]e|simplify|modify|merge"
    rf"|clean|tidy|strengthen|tighten|speed|modernis?z?e|reorgani[sz]e|implement|mark|skip|{_REMOVE}"
)
_REMOVING = re.compile(_REMOVE)
_NOUN = re.compile(
    r"(?:(?:unit|integration|regression|functional|smoke|e2e|end-to-end|acceptance)-?)?"
    r"(?:tests?|testcases?|testsuites?|fixtures?|test_\w+)"
)
_SPECS = re.compile(r"specs")
_CUT = _words(
    "so until because since seen found reported shown described expected required failing per "
    "like as when while without where which that if unless against given according see until "
    "before after caused uncovered noticed observed mentioned defined used tested listed"
)
"""What comes after these is said about the work; it is not the work."""
_NO_GAP = _words("in from to by with for of at into and or using on under via than but not no")
_NOT_ASKED = _words(
    "pass passes passing green succeed succeeds must should stay stays still fail fails "
    "failing run runs work works keep keeps are is can will need needs have has use uses say "
    "says"
)
"""Behind the noun, these make it a condition."""
_JOINS = _words("and with including plus & in")
_IN_JOIN = re.compile(
    r"its|the|their|them|to|new|all|some|any|more|unit|matching|corresponding|related|missing|own|a"
    r"|existing|uses?|callers?|usages?|references?|in|of|shared|few|couple|regression|integration"
    r"|pytest|\d+"
)
_SINGULAR_BEFORE = re.compile(
    r"cases?|suites?|files?|coverage|modules?|class|classes|functions?|methods?|for|of|that|in|to|and"
    r"|which|so|on|with|covering|named|called|by|fixtures?|names?|code|as|at|or|from"
)

_LONGEST_CLAUSE: Final = 400
"""Words: reading one takes the square of them. What comes after is taken for asking nothing."""


def about_tests(task: Task) -> bool:
    """True when the task asks to write or change tests, in its words or with its paths."""
    if any(_asked(clause, _VERB) for clause in _clauses(task.text)):
        return True
    return bool(task.paths) and any(_of_tests(pattern) for pattern in task.paths)


def removes_tests(task: Task) -> bool:
    """True when it asks to remove tests, alone or together with what they test."""
    return any(_asked(clause, _REMOVING) for clause in _clauses(task.text))


def names_file(task: Task, path: str) -> bool:
    """True when the text has the file's name, as a word of its own."""
    name = re.escape(PurePosixPath(path).name)
    return re.search(rf"(?<![\w.-]){name}(?![\w-])(?!\.\w)", task.text) is not None


def asks_for_file(task: Task, path: str) -> bool:
    """True when the task asks to change the file of that name: a verb comes before it."""
    name = PurePosixPath(path).name
    for clause in _clauses(task.text):
        for word in _uncut(clause):
            if word == "":
                break
            if word.rpartition("/")[2] == name:
                return True
    return False


def _clauses(text: str) -> Iterator[list[str]]:
    for clause in re.split(r"[;!?\n]|[.:](?=\s|$)|\s[\u2014\u2013-]\s", text):
        words = [word.strip(".,;:!?()[]\"'`*") for word in clause.split()]
        yield [word for word in words if word][:_LONGEST_CLAUSE]


def _uncut(clause: Sequence[str]) -> Iterator[str]:
    """The words behind the first verb, up to where something is only said about the work."""
    begun = False
    for word in clause:
        if begun and word.casefold() in _CUT:
            return
        if begun:
            yield word
        begun = begun or _VERB.fullmatch(word.casefold()) is not None


def _asked(clause: Sequence[str], verb: re.Pattern[str]) -> bool:
    words = [word.casefold() for word in clause]
    starts = [index for index, word in enumerate(words) if verb.fullmatch(word)]
    return any(_noun_follows(words[start + 1 :]) for start in starts)


def _noun_follows(words: Sequence[str]) -> bool:
    """True for "[the] [two other words] tests", and for "... and its tests" further on."""
    until = next((n for n, word in enumerate(words) if word in _CUT), len(words))
    for index, word in enumerate(words[:until]):
        if not _is_noun(words, index):
            continue
        gap = words[:index]
        if len(gap) <= 4 and not _NO_GAP.intersection(gap) and "the" not in gap[1:]:
            return True
        if _joined(gap) and word != "specs":
            return True
    return False


def _joined(gap: Sequence[str]) -> bool:
    """True where the words before the noun end with "and its", "with", "and its uses in the"."""
    for length in range(1, min(len(gap), 6) + 1):
        word = gap[-length]
        if word in _JOINS - {"in"}:
            return True
        if not (_IN_JOIN.fullmatch(word) or _VERB.fullmatch(word)):
            return False
    return False


def _is_noun(words: Sequence[str], index: int) -> bool:
    word = words[index]
    behind = words[index + 1] if index + 1 < len(words) else ""
    if behind in _NOT_ASKED:
        return False
    if word == "test":
        return not behind or _SINGULAR_BEFORE.fullmatch(behind) is not None
    return _NOUN.fullmatch(word) is not None or _SPECS.fullmatch(word) is not None


def _of_tests(pattern: str) -> bool:
    """True for patterns like `tests/**` and `**/test_*.py`, which speak of nothing but tests."""
    *folders, last = pattern.split("/")
    tests = {"tests", "test", "__tests__", "spec", "specs"}
    named = last not in ("*", "**", "*.py") and named_as_test(last.replace("*", "x"))
    return named or not tests.isdisjoint(folders)
