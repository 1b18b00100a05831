"""Trouble: to mend it is standard where something pins it down; else it is a search."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_TROUBLE: Final = re.compile(
    r"\b(?:bugs?|broken|crash(?:es|ed|ing)?|wrong(?:ly)?|misbehav\w{1,4}|fail(?:s|ed|ing|ures?)"
    "|hanged|(?:gets?|getting|got|see|seeing|have|having|there's|there (?:is|are)|giving me"
    "|throw(?:s|ing)|hit(?:ting)?|this|the|these|still|same|that|console|any) (?:an? |some "
    r"|\w+ ){0,3}erro(?:rs?)?(?! (?:message|handl\w+|page|case|code|string|output|log|type|class"
    r"|boundar\w+))|complain\w*|issues? (?:with|in|when)|problems? with|kinda broken|not working"
    "|stopped working|(?:does|do|did|is|are|was|were)(?:n't|nt"
    r"| not) (?:seem to )?(?:be )?(?:work\w{0,3}|load\w{0,3}|show\w{0,3}|run\w{0,4}|sav\w{1,3}"
    r"|updat\w{1,3}|appear\w{0,3}|do anything))\b"
)
_MENDING: Final = re.compile(r"\b(?:fix(?:es|ing)?|repair|resolve|solve|debug)\b")
# What says where to begin: a message, a code, a line, the name of a test.
_EVIDENCE_WORDS: Final = (
    *("traceback", "stack trace", "stacktrace", "error:", "errors:", "panic:", "::", "https:"),
    *("undefined", "cannot find", "not found", "null pointer", "what fails", "failing test"),
    *("any error", "off-by-one", "off by one", "test_", "typo", "conflict"),
)
_EVIDENCE: Final = re.compile(
    r"\w(?:error|exception|warning)\b|\berror \w{1,4}\d|\bline \d|\.\w{1,4}:\d"
    r"|exit(?:ed)? (?:code|status)|\b(?:status|http) \d{3}|\b[45]\d\d\b|[\"`“][^\"`”\n]{6,}"
    r"|\b(?:lint|ruff|mypy|eslint|type|syntax|import|compil\w{1,6}|build|merge|connection"
    r"|permission|cors|timeout|spelling) (?:erro|issue)|\blogs?\b|\btests? .{0,20}(?:fail|error)"
)
# A way to see it each time: something is done, and there it is.
_SEEN: Final = re.compile(
    r"\b(?:when(?:ever)?|if|after|as soon as|once|while) (?:i|we|you|a user|the user|someone"
    "|running|attempting|trying|starting|opening|clicking|pressing|loading|building|the (?:list"
    r"|page|app|form) (?:is|loads|opens))\b|\btr(?:y|ied|ying) to \w+|\bnpm \w+|\bif \w+"
    r"|\bshould(?:n't)? (?:be|say|show|have|return)\b|\binstead of\b|\bexpect\w*"
)
_NAMED: Final = re.compile(r"`[^`]|\w/\w|\w\.[a-z]{1,4}\b|\w_\w|\w\(\)|@\w|\"[^\"]")


def trouble(bare: str, asked: Iterable[str]) -> str:
    """The words that say that something misbehaves; empty where none do.

    `asked` holds the first words of what is asked for: to mend what has no name is trouble too.
    """
    if found := _TROUBLE.search(bare):
        return found[0]
    mending = (words for words in asked if _MENDING.match(words))
    return "" if _NAMED.search(bare) else next(mending, "")


def pinned(bare: str, text: str) -> bool:
    """Whether something says where to begin: evidence, a way to see it, or a name to mend.

    `bare` in lower case without what was pasted, `text` in lower case with it.
    """
    if _MENDING.search(bare) and _NAMED.search(bare):
        return True
    if any(word in text for word in _EVIDENCE_WORDS):
        return True
    return _SEEN.search(bare) is not None or _EVIDENCE.search(text) is not None
