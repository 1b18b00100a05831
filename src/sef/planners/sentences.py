"""The planner for what is typed on a command line: one text, one task, split only at "then"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sef.errors import PlanError
from sef.model import Task
from sef.planners.slugs import slug
from sef.text import one_line

_LONGEST: Final = 10_000  # characters a text
_HINT: Final = 'Say what to do, in quotes: sef run "fix the bug, then run the tests"'

# Nouns after which "then" and "finally" name a part of the code and not an order.
_NOT_CODE = r"(?![-/\w]|[ ]+(?:block|branch|clause|statement|section|keyword)s?\b)"
_QUOTED: Final = re.compile(
    r"```.*?```|`[^`]*`|\"[^\"]*\"|“[^”]*”|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w))*'(?!\w)", re.DOTALL
)
_THEN: Final = re.compile(
    rf"(?:[,;.!?\n][ \t]*(?:and[ \t]+)?|(?<=\s)and[ \t]+)then\b{_NOT_CODE}[ \t]*,?", re.IGNORECASE
)
_CONDITION: Final = re.compile(
    r"\b(?:if|unless|whenever)\b|^\W*(?:when|once|as soon as|in case)\b", re.IGNORECASE
)
_SENTENCE_END: Final = re.compile(r"[.;!?](?=\s)|\n")
_AFTER: Final = re.compile(
    rf"\W*(?:and\s+)?(?:then|after that|afterwards?|finally)\b{_NOT_CODE}[\s,:;.]*", re.IGNORECASE
)


class SentencePlanner:
    """Makes one task of each text, and several of a text that says "then".

    A task that begins with "then", "after that", "afterwards" or "finally" needs all the tasks
    before it. Raises PlanError when a text asks for nothing.
    """

    def plan(self, texts: Sequence[str]) -> tuple[Task, ...]:
        if not texts:
            raise PlanError("nothing was asked for", hint=_HINT)
        tasks: list[Task] = []
        for text in texts:
            for words, after in _orders(text):
                before = tuple(task.id for task in tasks)
                name = slug(words, before)
                tasks.append(Task(id=name, text=words, needs=before if after else ()))
        return tuple(tasks)


def _orders(text: str) -> Iterator[tuple[str, bool]]:
    """Each order in the text, and whether it waits for what was said before it."""
    if len(text) > _LONGEST:
        raise PlanError(
            f"a request has {len(text):,} characters; at most {_LONGEST:,} are read",
            hint="Put the details in a file of the repository and name that file.",
        )
    for index, piece in enumerate(_split(text)):
        marker = _AFTER.match(piece)
        words = piece[marker.end() if marker else 0 :].strip(" \t\r\n,;")
        if not any(character.isalnum() for character in words):
            raise PlanError(_empty(text), hint=_HINT)
        yield words, bool(index or marker)


def _empty(text: str) -> str:
    said = one_line(text, 60)
    return f'nothing is asked for in "{said}"' if said else "a request is empty"


def _split(text: str) -> Iterator[str]:
    start = 0
    masked = _QUOTED.sub(lambda found: "_" * len(found[0]), text)
    for found in _THEN.finditer(masked):
        if not _conditional(masked[start : found.start()]):
            # A full stop before "then" ends the first order and stays with it.
            yield text[start : found.start() + (masked[found.start()] in ".!?")]
            start = found.end()
    yield text[start:]


def _conditional(before: str) -> bool:
    """True where "then" answers an "if" of the same sentence."""
    return _CONDITION.search(_SENTENCE_END.split(before)[-1].strip()) is not None
