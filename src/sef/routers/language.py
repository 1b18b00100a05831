"""Whether a text is in English, whose words are the only ones known here."""

from __future__ import annotations

import re
from typing import Final

_FOREIGN_WORDS: Final = (
    "und der das den nicht ist ein eine einen bitte mit auf zu les des une avec pour dans est"
    " et du el los las una por para que con il della nel di het een niet voor och att som ett"
    " til og na nie dla jest todos uma"
)
_FOREIGN: Final = frozenset(_FOREIGN_WORDS.split())
_ENGLISH_WORDS: Final = (
    "about add after again all already also always an and any are as at be because been before"
    " between bug build but button by can change check class code commit convert create delete"
    " describe do does down each error every explain extract file files find first fix for from"
    " function get go has have he help her his how if implement in into is it its just keep"
    " last let lets line list look make more most move my name need never new next not of off"
    " on one only open or our out over page please push put read refactor remove rename replace"
    " review run search see set she should show so some start still summarise summarize test"
    " than thanks that the them then there these they this those through to two up update use"
    " value very want was we were what when where which while who whose why will with within"
    " without work working works would write yet you your "
)
_ENGLISH: Final = frozenset(_ENGLISH_WORDS.split())
_ENOUGH: Final = 6
_WORD: Final = re.compile(r"[^\W\d_]+")


def english(text: str) -> bool:
    """False where a quarter of the words or more are of another language, or none is English.

    Few words need not hold an English one: "fix parse_args", "bump requests".
    """
    words = _WORD.findall(text.lower())
    if len(words) >= _ENOUGH and not any(word in _ENGLISH for word in words):
        return False
    return 4 * sum(_foreign(word) for word in words) < max(len(words), 1)


def _foreign(word: str) -> bool:
    return not word.isascii() or word in _FOREIGN
