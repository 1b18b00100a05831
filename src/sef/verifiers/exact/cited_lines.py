"""Whether a file says what an answer claims of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sef.text import one_line
from sef.verifiers.exact.cited import Citation
from sef.verifiers.exact.finding import Finding, right, told, wrong

AROUND: Final = 3
"""Lines before and behind a cited one that count as it."""
_MOST_LINES = 200


def resolved(path: str, files: Sequence[str]) -> tuple[str, ...]:
    """The files of the tree that a cited path may mean: itself, or those that end like it."""
    path = path.removeprefix("./")
    known = set(files)
    if path in known:
        return (path,)
    parts = path.strip("/").split("/")
    if path.startswith("/"):  # of the folder that the executor worked in
        ends = ("/".join(parts[n:]) for n in range(1, len(parts)))
        return next(((end,) for end in ends if end in known), ())
    return tuple(file for file in files if file.endswith(f"/{path}"))[:20]


def findings(one: Citation, path: str, text: str) -> Iterator[Finding]:
    """What is wrong with one citation of a file with this text; what is right."""
    lines = text.split("\n")
    count = len(lines) - (lines[-1] == "")
    where = f"{path}:{one.line}"
    if not 1 <= one.line <= count or one.last > count:
        yield wrong("cited-line-missing", f"{where} is cited, but the file has {count} lines")
        return
    near = lines[max(0, one.line - 1 - AROUND) : one.last + AROUND]
    wrongs = [*_of_names(one, where, near), *_of_quotes(one, where, lines)]
    yield from wrongs
    if not any(each.stops for each in wrongs):
        claimed = f", with {one.near}" if one.near else ""
        yield right("cited-place-holds", f"{where} is there{claimed}")


def _of_names(one: Citation, where: str, near: Sequence[str]) -> Iterator[Finding]:
    text = "\n".join(near)
    names = [name for name in dict.fromkeys(one.others) if name]
    missing = [name for name in names if not _holds(text, name)]
    if names and len(missing) == len(names):
        said = one_line(", ".join(missing), 100)
        yield wrong("cited-name-missing", f"{where}: {said} is not within {AROUND} lines of it")
    elif one.near in missing:
        yield told("cited-name-missing", f"{where}: {one.near} is not near it", passed=False)


def _holds(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _of_quotes(one: Citation, where: str, lines: Sequence[str]) -> Iterator[Finding]:
    for quote in one.quotes:
        said = [_flat(line) for line in quote.split("\n")[:_MOST_LINES]]
        said = [re.sub(r"^\d+[:|]? ", "", line) for line in said]
        said = [line for line in said if line and line not in ("...", "…", "# ...", "// ...")]
        reach = lines[max(0, one.line - 1 - AROUND) : one.last + AROUND + len(said)]
        there = [_flat(line) for line in reach]
        for line in said:
            if not any(line in other for other in there if other):
                short = one_line(line, 80)
                yield wrong(
                    "quoted-line-missing", f"{where}: the quoted line is not there: {short}"
                )
                return


def _flat(line: str) -> str:
    return " ".join(line.split())
