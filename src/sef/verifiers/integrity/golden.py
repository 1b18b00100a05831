"""Recorded outputs and data that tests are held against. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sef.verifiers.integrity.finding import Finding
from sef.verifiers.integrity.look import Look, Pair
from sef.verifiers.paths import is_source

_NAMED = re.compile(
    r"(?:^|/)(?:__snapshots__|snapshots?|golden|goldens|expected|expectations|baselines?|testdata"
    r"|__image_snapshots__|cassettes)/|\.(?:snap|ambr|golden|expected|approved\.\w+|out|exp|stdout"
    r"|stderr)$"
)


def findings(look: Look) -> Iterator[Finding]:
    """Recorded files of the base that were changed or removed."""
    for pair in look.pairs:
        if pair.before is None or not _recorded(pair):
            continue
        allowed = (
            look.asked.may_change(pair.path)
            or look.asked.names(pair.path)
            or look.asked.says("snapshot|golden|fixture|cassette|test data")
        )
        what = "is gone" if pair.after is None else "was edited"
        line = pair.added[0][0] if pair.after is not None and pair.added else 0
        yield Finding(
            sign="golden-edited",
            path=pair.path,
            line=line,
            what=f"recorded data of the tests {what}",
            decisive=not allowed,
        )


def _recorded(pair: Pair) -> bool:
    if pair.path.endswith((".md", ".rst", ".adoc", ".toml", ".cfg", ".ini")):
        return False
    if _NAMED.search(pair.path):
        return True
    return pair.test and not is_source(pair.path)
