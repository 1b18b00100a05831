"""Task ids made from words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from itertools import count
from typing import Final

_LONGEST: Final = 40  # characters, with the number that tells two apart
_GAP: Final = re.compile(r"[^a-z0-9]+")


def slug(text: str, taken: Collection[str]) -> str:
    """A short ASCII id for the text that is not among `taken`: "run-the-tests-2"."""
    plain = unicodedata.normalize("NFKD", text[:500]).encode("ascii", "ignore").decode().lower()
    words = _GAP.sub("-", plain.replace("'", "")).strip("-") or "task"
    numbers = ("" if n == 1 else f"-{n}" for n in count(1))
    return next(name for number in numbers if (name := _cut(words, number)) not in taken)


def _cut(words: str, number: str) -> str:
    """The words that fit before the number, whole where there are several."""
    room = _LONGEST - len(number)
    if len(words) <= room:
        return words + number
    whole = words[: room + 1].rpartition("-")[0]
    return (whole or words[:room]).rstrip("-") + number
