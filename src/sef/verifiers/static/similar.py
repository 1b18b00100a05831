"""How alike two patches are: a draft that repeats a rejected one is worth no more. Pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

SAME_PATCH: Final = "same-patch"
"""Sign of a draft whose patch is nearly that of a rejected one."""
ALIKE: Final = 0.9
"""From here on two patches count as the same."""
_LIMIT: Final = 2_000_000
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|[^\w\s]")
_COMMENT = re.compile(r"^\s*(?:#(?!!|\[|include|define|if|endif|else)|//|--\s)")
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_RUN: Final = 3
"""Tokens that are compared together, so that order counts."""


def similarity(patch_a: str, patch_b: str) -> float:
    """How much two unified diffs change the same, from 0 to 1; 1 where both change nothing.

    Dice's coefficient over runs of three tokens, of added and of removed lines, file by file.
    White space, line numbers, context and lines that are only comments do not count.
    """
    one, other = _shingles(patch_a), _shingles(patch_b)
    total = one.total() + other.total()
    if not total:
        return 1.0
    return 2 * (one & other).total() / total


def _shingles(patch: str) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for place, tokens in _tokens(patch[:_LIMIT]).items():
        padded = ("", *tokens, "") if tokens else ()
        runs = range(max(0, len(padded) - _RUN + 1))
        found.update((*place, *padded[n : n + _RUN]) for n in runs)
        if tokens and not runs:
            found[(*place, *tokens)] += 1
    return found


def _tokens(patch: str) -> dict[tuple[str, str], list[str]]:
    """Tokens of added and removed lines, by path and sign."""
    found: dict[tuple[str, str], list[str]] = {}
    path = ""
    removed = added = 0  # lines of the hunk that are still to come
    for line in patch.splitlines():
        if hunk := _HUNK.match(line):
            removed, added = int(hunk[1] or 1), int(hunk[2] or 1)
        elif removed > 0 or added > 0:
            removed -= line[:1] != "+"
            added -= line[:1] != "-"
            if line[:1] in ("+", "-") and not _COMMENT.match(line[1:]):
                found.setdefault((path, line[0]), []).extend(_TOKEN.findall(line[1:]))
        elif line.startswith(("--- ", "+++ ")) and line[4:] != "/dev/null":
            path = line[4:].partition("\t")[0][2:]
    return found
