"""A table of phrases that is read in one pass over a text.

A phrase begins with letters: the whole word where it ends there, else its first three or four, are
its place in the table. A word of the text is compared only with the phrases at its places, so that
reading takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_FEW, _MORE = 3, 4  # letters of a phrase that are its place in the table
_LETTERS: Final = re.compile(r"[a-z]+")
_CHOICE: Final = re.compile(r"\(\?:([^()]*)\)(?!\?)")
_ENDED: Final = re.compile(r"$| |-(?!\?)|'|9|\[[-(]")  # what ends a word within a phrase
_APART: Final = " / "


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[T]):
    """A phrase that was found, and what it means."""

    meaning: T
    words: str
    """As they stand in the text, on one line."""
    at: int
    """Offset in the text."""
    end: int
    """Offset behind it."""


class Phrases(Generic[T]):
    """Phrases by what they mean, found in lower-case text.

    A row is a meaning and its phrases, separated by " / ". A phrase is a regular expression that
    begins with at least three letters, or with a whole shorter word, or with a choice of such; a
    space in it stands for up to three white characters.
    Raises ValueError for a phrase that begins otherwise.
    """

    def __init__(self, rows: Iterable[tuple[T, str]]) -> None:
        table: dict[str, list[tuple[str, T]]] = {}
        for meaning, phrases in rows:
            for phrase in chain.from_iterable(map(_spelt_out, phrases.split(_APART))):
                table.setdefault(_place(phrase), []).append((phrase, meaning))
        self._table: Mapping[str, list[tuple[str, T]]] = table

    def find(self, text: str) -> Iterator[Found[T]]:
        """Every phrase of the text, in its order; of those that begin at one word, all."""
        get = self._table.get
        for word in _LETTERS.finditer(text):
            for place in _places(word[0]):
                if rows := get(place):
                    yield from _fitting(rows, text, word.start())

    def at(self, text: str) -> Found[T] | None:
        """The phrase that the text begins with; the longest, where there are several."""
        word = _LETTERS.match(text)
        rows = (
            [row for place in _places(word[0]) for row in self._table.get(place, ())]
            if word
            else []
        )
        return max(_fitting(rows, text, 0), key=lambda found: found.end, default=None)


def _places(word: str) -> tuple[str, ...]:
    """Where in the table the phrases stand that may begin with the word."""
    if len(word) < _FEW:
        return (word + "$",)
    return (word + "$", word[:_FEW], word[:_MORE]) if len(word) > _FEW else (word + "$", word)


def _fitting(rows: Iterable[tuple[str, T]], text: str, at: int) -> Iterator[Found[T]]:
    for phrase, meaning in rows:
        if found := _pattern(phrase).match(text, at):
            said = " ".join(found[0].split())
            yield Found(meaning=meaning, words=said, at=at, end=found.end())


@cache
def _pattern(phrase: str) -> re.Pattern[str]:
    """Made when first needed: most phrases never are, and to make all takes a third of a second."""
    return re.compile(rf"(?:{phrase})(?!\w)".replace(" ", r"\s{1,3}"))


def _spelt_out(phrase: str) -> Iterator[str]:
    """The phrase once for each of the words that it may begin with."""
    choice = _CHOICE.match(phrase)
    if not choice:
        yield phrase
        return
    for word in choice[1].split("|"):
        yield word + phrase[choice.end() :]


def _place(phrase: str) -> str:
    """Where in the table a phrase stands."""
    begun = _LETTERS.match(phrase)
    letters = begun[0] if begun else ""
    after = phrase[len(letters) : len(letters) + 1]
    if letters and _ENDED.match(phrase, len(letters)):
        return letters + "$"
    if after in ("?", "*", "{"):  # the last letter may be missing
        letters = letters[:-1]
    if len(letters) < _FEW:
        raise ValueError(f"a phrase needs {_FEW} letters or a word to begin with: {phrase!r}")
    return letters[:_MORE]
