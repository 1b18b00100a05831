"""All findings about a draft. Pure: texts in, findings out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from sef.verifiers.integrity import (
    contents,
    golden,
    hard_coded,
    languages,
    mocks,
    product,
    scripts,
    set_up,
    settings,
)
from sef.verifiers.integrity.asked import Asked
from sef.verifiers.integrity.finding import Finding
from sef.verifiers.integrity.kept import Kept
from sef.verifiers.integrity.look import Look, look

_MOST: Final = 60
_MOST_OF_A_KIND: Final = 4
_PARTS: Final = (
    set_up.findings,
    set_up.fixture_edits,
    lambda one: Kept(one).findings(),
    mocks.findings,
    golden.findings,
    product.findings,
    hard_coded.findings,
    settings.findings,
    scripts.findings,
    languages.findings,
    contents.findings,
)


def findings(
    base: Mapping[str, str | None], draft: Mapping[str, str | None], asked: Asked
) -> tuple[Finding, ...]:
    """What a draft does to its judges, decisive findings first.

    `draft` has every changed path with its text after the change, None where it was removed.
    `base` has the text of those paths before, and of as many of the base's test files as are at
    hand: without them a hard-coded result cannot be told. At most 60, and at most four of one sign
    in one file.
    """
    seen = look(base, draft, asked)
    found = list(dict.fromkeys(one for part in _PARTS for one in _bounded(part, seen)))
    found.sort(key=lambda one: (not one.decisive, one.path, one.line, one.sign))
    counts: Counter[tuple[str, str]] = Counter()
    kept = []
    for one in found:
        counts[one.path, one.sign] += 1
        if counts[one.path, one.sign] <= _MOST_OF_A_KIND:
            kept.append(one)
    return tuple(kept[:_MOST])


def _bounded(part: object, seen: Look) -> list[Finding]:
    """The findings of one part; a text that is too deep for it is said to be unreadable."""
    try:
        return list(part(seen))  # type: ignore[operator]
    except (RecursionError, MemoryError):
        what = "a text is too deep to be read"
        return [Finding(sign="unreadable", path=_deepest(seen), line=0, what=what, decisive=True)]


def _deepest(seen: Look) -> str:
    return max(seen.pairs, key=lambda one: len(one.after or "")).path
