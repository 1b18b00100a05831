"""What an answer claims about places of the tree, read from its words. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LIMIT: Final = 50_000
"""Characters of an answer that are read."""
_MOST: Final = 200
_FILE: Final = r"(?:[\w.@+~-]*/)*[\w.@+~-]*[\w+-](?:\.[A-Za-z]\w{0,11})?"
_PLACE = re.compile(
    rf"(?P<open>[`\[(]?)(?P<path>/?{_FILE})[`\]]?"
    r"(?:(?::|#L)(?P<line>\d{1,7})(?:[-\u2013](?:L)?(?P<last>\d{1,7}))?(?::\d+)?"
    r"|,?\s+\(?(?:at\s+|on\s+)?lines?\s+(?P<said>\d{1,7})(?:\s*(?:-|\u2013|to)\s*(?P<until>\d{1,7}))?)"
)
_TICKED = re.compile(r"`([^`\n]{1,300})`")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)*(?:\(\))?")
_TELLING = re.compile(r"\b(?:[A-Za-z]+_\w+|_\w+|[A-Z][a-z0-9]+(?:[A-Z]\w*)+|[A-Za-z_]\w*(?=\(\)))")
_FENCE = re.compile(r"^[ \t]*```[^\n]*\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL)
_THING: Final = r"[`'\"](?P<name>[A-Za-z_][\w.]*)(?:\(\))?[`'\"]"
_IS: Final = r"\s+(?:is|was|are|were)\s+"
_USED: Final = r"(?:used|called|referenced|imported|invoked)\b"
_OF_USES: Final = r"(?:uses?|usages?|references?|callers?|calls?|imports?)"
_ABSENT: Final = (
    (rf"\bno\s+(?:other\s+)?{_OF_USES}\s+(?:of|to|for)\s+{_THING}", "uses"),
    (rf"{_THING}{_IS}(?:not|never)\s+{_USED}", "uses"),
    (rf"{_THING}\s+(?:has|have)\s+no\s+{_OF_USES}", "uses"),
    (rf"{_THING}{_IS}unused\b", "uses"),
    (
        r"\b(?:nothing|nobody|no\s+(?:code|file|module|one))"
        rf"\s+(?:uses|calls|references|imports)\s+{_THING}",
        "uses",
    ),
    (rf"\bno\s+definitions?\s+(?:of|for)\s+{_THING}", "definition"),
    (rf"{_THING}{_IS}(?:not|never)\s+defined\b", "definition"),
    (
        rf"\bno\s+(?:occurrences?|matches|mentions?|results?|hits?)\s+(?:of|for)\s+{_THING}",
        "text",
    ),
    (rf"{_THING}\s+(?:does\s+not|doesn't)\s+(?:exist|occur|appear)\b", "text"),
    (rf"{_THING}\s+(?:was|is|could|can)\s*(?:not|never)\s+(?:be\s+)?found\b", "text"),
    (
        r"\b(?:could\s+not|cannot|couldn't|can't|did\s+not|didn't)\s+find\s+(?:any\s+)?"
        rf"(?:uses?\s+of\s+|definitions?\s+of\s+)?{_THING}",
        "text",
    ),
    (
        r"\bthere\s+(?:is|are)\s+no\s+(?:class|function|method|variable|name|symbol)?\s*"
        rf"(?:called\s+|named\s+)?{_THING}",
        "text",
    ),
)
_NARROWED = re.compile(
    r"\s*(?:\w+\s+){0,2}(?:in|outside|inside|within|except|apart|other|elsewhere|besides|but"
    r"|beyond|directly|by|from|until|before|since|under|below)\b",
    re.IGNORECASE,
)
_EVERYWHERE = re.compile(
    r"\s*(?:\w+\s+){0,2}in\s+(?:the|this|our)\s+(?:whole\s+|entire\s+)?"
    r"(?:repo(?:sitory)?|code ?base|project|tree|code)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A place that the answer names, and what it says of it."""

    path: str
    line: int
    last: int
    """The last line of a range; the same as `line` where it is none."""
    near: str = ""
    """The identifier that stands nearest; the claim is about it."""
    others: tuple[str, ...] = ()
    """All identifiers beside it."""
    quotes: tuple[str, ...] = ()
    """Code that is quoted with it, a text with one or more lines each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """The claim that something is nowhere."""

    name: str
    what: str
    """uses, definition or text."""
    narrowed: bool
    """True where the claim is about a part of the tree alone."""


def citations(text: str) -> tuple[Citation, ...]:
    """The places that the text names with a line, in its order; at most 200."""
    text = text[:LIMIT]
    fences = [(one.start(), one.end(), one[1]) for one in _FENCE.finditer(text)]
    outside = [one for one in _PLACE.finditer(text) if _is_place(one) and not _within(one, fences)]
    found = []
    for number, one in enumerate(outside[:_MOST]):
        before = outside[number - 1].end() if number else 0
        after = outside[number + 1].start() if number + 1 < len(outside) else len(text)
        start = max(before, text.rfind("\n", 0, one.start()) + 1)
        end = text.find("\n", one.end())
        end = min(after, end if end >= 0 else len(text))
        found.append(_cited(one, text[start : one.start()], text[one.end() : end],
                            _fenced(text, one.end(), after, fences)))  # fmt: skip
    return tuple(found)


def _is_place(one: re.Match[str]) -> bool:
    path = one["path"]
    return ("/" in path or "." in path) and not re.fullmatch(r"[\d.]+|.*://.*|v?\d[\w.]*", path)


def _within(one: re.Match[str], fences: list[tuple[int, int, str]]) -> bool:
    return any(start <= one.start() < end for start, end, _ in fences)


def _fenced(text: str, at: int, until: int, fences: list[tuple[int, int, str]]) -> tuple[str, ...]:
    """The block of code right behind a citation."""
    for start, _, code in fences:
        if at <= start < until and text[at:start].strip(" \t\n`:).,") == "":
            return (code,)
    return ()


def _cited(one: re.Match[str], before: str, after: str, fenced: tuple[str, ...]) -> Citation:
    line = int(one["line"] or one["said"])
    last = int(one["last"] or one["until"] or line)
    ahead, behind = _named(before), _named(after)
    names = ahead or behind
    near = (ahead[-1] if ahead else behind[0]) if names else ""
    ticked = [*_TICKED.findall(before), *([] if _TICKED.search(before) else _TICKED.findall(after))]
    quotes = tuple(said for said in ticked if _is_quote(said))
    return Citation(
        path=one["path"], line=line, last=max(line, last), near=near, others=tuple(names),
        quotes=(*quotes, *fenced),
    )  # fmt: skip


def _named(text: str) -> list[str]:
    """Identifiers in backticks, or else words that can be nothing else."""
    text = re.split(r"(?<=[.;])\s", text)[-1] if len(text) > 200 else text
    ticked = [said for said in _TICKED.findall(text) if _IDENTIFIER.fullmatch(said)]
    ticked = [said for said in ticked if not re.search(r"\.(?:py|js|ts|go|rs|md|toml|c|h)$", said)]
    return [_last(said) for said in ticked or _TELLING.findall(text)]


def _last(said: str) -> str:
    return re.split(r"\.|::", said.removesuffix("()"))[-1]


def _is_quote(said: str) -> bool:
    """True for code of several words: not a name, a path or a command."""
    if _IDENTIFIER.fullmatch(said) or "/" in said.split(maxsplit=1)[0]:
        return False
    return bool(re.search(r"[=(:{]", said)) and " " in said.strip()


def absences(text: str) -> tuple[Absence, ...]:
    """The claims that something is nowhere."""
    text, found = text[:LIMIT], []
    for pattern, what in _ABSENT:
        for one in re.finditer(pattern, text, re.IGNORECASE):
            rest = text[one.end() : one.end() + 120]
            narrowed = bool(_NARROWED.match(rest)) and not _EVERYWHERE.match(rest)
            other = " other " in f" {one[0].casefold()} " or "otherwise" in rest
            name = one["name"].rpartition(".")[2]
            found.append(Absence(name=name, what=what, narrowed=narrowed or other))
    return tuple(dict.fromkeys(found))[:_MOST]


def defined_name(question: str) -> str:
    """The name of a question "where is X defined"; empty where it asks for something else."""
    found = re.search(
        r"\bwhere\s+(?:is|are|was)\s+(?:the\s+)?(?:class|function|method|constant|variable)?\s*"
        r"[`'\"]?(?P<name>[A-Za-z_][\w.]*)(?:\(\))?[`'\"]?\s+(?:class\s+|function\s+|method\s+)?"
        r"(?:defined|declared|implemented)|\bdefinition\s+of\s+[`'\"]?(?P<other>[A-Za-z_][\w.]*)",
        question,
        re.IGNORECASE,
    )
    return (found["name"] or found["other"]).rpartition(".")[2].rstrip(".") if found else ""
