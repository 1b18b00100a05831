"""The nouns of this benchmark: a commit that was used, and the drafts that were made of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Texts = Mapping[str, str | None]
"""Paths with their texts after a change; None: the file is gone."""


class Sort(StrEnum):
    """What a draft was made as."""

    RIGHT = "right"
    """The code part of a commit."""
    WHOLE = "whole"
    """The code part together with the commit's tests; counted apart."""
    MUTANT = "mutant"
    """The code part with one fault."""
    TAMPERING = "tampering"
    """Planted: it bends what judges it."""
    DOCUMENT = "document"
    """A change of documentation, with or without a hidden change of code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One draft and the truth about it."""

    name: str
    """Unique in a repository."""
    commit: str
    """The commit that it comes from."""
    base: str
    """The commit that it is a change of: that one's parent."""
    sort: Sort
    right: bool
    text: str
    """What the task asks for."""
    changes: Texts
    """Against `base`."""
    class_name: str = ""
    """Of a fault or a planted change."""
    killable: bool | None = None
    """Of a mutant: whether the base's own tests fail on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A fault in a right draft on which the hidden tests fail."""

    class_name: str
    line: int
    what: str
    """In words: what stood there, and what stands there now."""
    changes: Texts
    """The whole draft, not only the fault."""
    killable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit whose code part is a right draft, checked by running."""

    sha: str
    parent: str
    subject: str
    code: Texts
    tests: Texts
    hidden: int
    """Its new and changed tests that pass on the code part."""
    consistent: bool
    """True where the base's own tests hold for the code part too."""
    tests_s: float
    """Seconds of the base's tests when the case was built."""
    mutants: tuple[Mutant, ...] = ()
    tried: int = 0
    """Faults that were run: those on which the hidden tests passed count as nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A commit that cannot be used."""

    sha: str
    reason: str
    """One of few, so that they can be counted."""
    detail: str = ""


def fits(sha: str, seed: int) -> bool:
    """True where a commit's drafts are for fitting; about half of all. The others are scored."""
    return hashlib.sha256(f"{seed} {sha}".encode()).digest()[0] % 2 == 0


def samples(commit: Commit) -> tuple[Sample, ...]:
    """The drafts of a commit: right, whole, mutants."""

    def made(sort: Sort, tail: str, changes: Texts, mutant: Mutant | None = None) -> Sample:
        return Sample(
            name=f"{commit.sha[:12]}-{tail}",
            commit=commit.sha,
            base=commit.parent,
            sort=sort,
            right=mutant is None,
            text=_asking(commit.subject, tests=sort is Sort.WHOLE),
            changes=changes,
            class_name=mutant.class_name if mutant else "",
            killable=mutant.killable if mutant else None,
        )

    faults = (
        made(Sort.MUTANT, f"mutant-{number}", one.changes, one)
        for number, one in enumerate(commit.mutants)
    )
    # A mutant goes first where there is one: the first draft of a commit pays for its base.
    right = made(Sort.RIGHT, "right", commit.code)
    whole = made(Sort.WHOLE, "whole", {**commit.code, **commit.tests})
    return (*faults, right, whole)


def _asking(subject: str, *, tests: bool) -> str:
    """A subject as a task; one for the whole commit asks for its tests, too."""
    return f"{subject}; add and update the tests" if tests else subject
