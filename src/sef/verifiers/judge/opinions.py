"""What the judge answered, read strictly: what is not understood is unsure. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sef.text import one_line

RIGHT, WRONG, UNSURE = "right", "wrong", "unsure"
LEAST: Final = 0.5
"""Confidence below which an opinion is none."""
_LONGEST: Final = 60_000
_LONGEST_PROBLEM: Final = 400
_TRIES: Final = 200
_KEYS: Final = frozenset({"verdict", "problem", "confidence"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a judge thinks of one draft."""

    verdict: str
    """right, wrong or unsure."""
    problem: str = ""
    """The worst, on one line."""
    confidence: float = 0.0
    """0 to 1, as the judge says."""

    def text(self) -> str:
        """As JSON; `opinion_of` reads it again."""
        said = {"verdict": self.verdict, "problem": self.problem, "confidence": self.confidence}
        return json.dumps(said)


def opinion_of(text: str) -> Opinion:
    """One opinion by itself, as it is kept."""
    try:
        return _opinion(json.loads(text[:_LONGEST]))
    except (ValueError, RecursionError):
        return _unread("what was kept of the answer cannot be read")


def opinions(text: str, asked: Sequence[str]) -> Mapping[str, Opinion]:
    """By letter the opinion on each draft that was asked about.

    An answer with two such objects is not understood: one of them may be a quotation.
    """
    found = list(_found(text)) if len(text) <= _LONGEST else []
    if len(found) != 1:
        why = "the answer is not one JSON object with the key drafts"
        return {letter: _unread(why) for letter in asked}
    (drafts,) = found
    return {letter: _opinion(drafts.get(letter)) for letter in asked}


def _found(text: str) -> Iterator[Mapping[str, object]]:
    """The values of `drafts` of all outermost objects in a text."""
    decoder = json.JSONDecoder(object_pairs_hook=_once)
    at, tries = text.find("{"), 0
    while at >= 0 and tries < _TRIES:
        tries, end = tries + 1, at + 1
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict) and isinstance(drafts := value.get("drafts"), dict):
            yield drafts
        at = text.find("{", end)


def _once(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """An object without a key that is there twice. Raises ValueError."""
    listed = list(pairs)
    made = dict(listed)
    if len(made) < len(listed):
        raise ValueError("a key is there twice")
    return made


def _opinion(value: object) -> Opinion:
    if not isinstance(value, dict) or value.keys() != _KEYS:
        return _unread("the answer says nothing of this draft in the form asked for")
    verdict, problem, sure = value["verdict"], value["problem"], value["confidence"]
    known = verdict in (RIGHT, WRONG, UNSURE) if isinstance(verdict, str) else False
    number = isinstance(sure, int | float) and not isinstance(sure, bool)
    if not known or not isinstance(problem, str) or not number:
        return _unread("a field of the answer has another form than was asked for")
    confidence = float(sure) if abs(sure) <= 1 else math.inf
    if not 0 <= confidence <= 1:
        return _unread("its confidence is no number from 0 to 1")
    said = one_line(problem, _LONGEST_PROBLEM)
    return Opinion(
        verdict=verdict if confidence >= LEAST else UNSURE, problem=said, confidence=confidence
    )


def _unread(why: str) -> Opinion:
    return Opinion(verdict=UNSURE, problem=why)
