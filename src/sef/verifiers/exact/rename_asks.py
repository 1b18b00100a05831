"""Which rename or move a task asks for, in its words. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NAME: Final = r"[`'\"]?(?P<{0}>[A-Za-z_][\w.]*)(?:\(\))?[`'\"]?"
_KIND: Final = (
    r"(?:(?P<kind>class|function|method|variable|constant|attribute|parameter|argument|enum"
    r"|exception|module|package|file)\s+)?"
)
_RENAME = re.compile(
    rf"\brenam(?:e|ing)\s+(?:the\s+)?{_KIND}{_NAME.format('old')}(?:\s+(?:class|function|method"
    rf"|variable|constant|exception))?(?:\s+(?:in|of|from)\s+[`'\"]?(?P<place>[\w./]+)[`'\"]?)?"
    rf"\s+(?:to|into|as)\s+{_NAME.format('new')}",
    re.IGNORECASE,
)
_MOVE = re.compile(
    rf"\bmov(?:e|ing)\s+(?:the\s+)?{_KIND}{_NAME.format('old')}"
    r"(?:\s+(?:from|out of)\s+(?:the\s+)?(?:module\s+|file\s+)?[`'\"]?(?P<place>[\w./]+)[`'\"]?)?"
    r"\s+(?:to|into)\s+(?:the\s+)?(?:module\s+|file\s+)?[`'\"]?(?P<new>[\w./]+)[`'\"]?",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:everywhere|throughout|across|in|the|whole|entire|project|repo(?:sitory)?|code ?base|code"
    r"|and|also|its|all|every|update|adjust|adapt|fix|change|rename|callers?|imports?|references?"
    r"|uses?|usages?|users|tests?|docs?|documentation|readme|changelog|calls?|sites?|please|with"
    r"|everything|that|to|it|accordingly|them|including|for|of|consistency|clarity|module|file"
    r"|class|function|method|call|so|pass|still|keep|green|no|other|nothing|else|changes?)"
)
_KEEPS = re.compile(r"\b(?:alias|deprecat\w*|backward\w*|compatib\w*|shim|old name|re-?export)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """What is asked for."""

    old: str
    """The last part of the name as it was."""
    new: str
    """The last part of the new name; of a move, the module it goes to."""
    move: bool
    """True where the name stays and the module changes."""
    place: str = ""
    """Module, class or file that the text names as the place of it; empty: none."""
    pure: bool = True
    """True where the text asks for nothing else, so that all else must stay as it is."""
    keeps: bool = False
    """True where the old name is to stay as another name of it."""


def rename_of(text: str) -> Rename | None:
    """The rename that the text asks for; None where it asks for none, or for several."""
    found = [*_RENAME.finditer(text), *_MOVE.finditer(text)]
    if len(found) != 1:
        return None
    match = found[0]
    move = match.re is _MOVE
    path = move and match["kind"] in ("module", "package", "file")
    old, new = match["old"].rstrip("."), match["new"].rstrip(".")
    if (not move and ("/" in new or new.endswith(".py"))) or path or old.endswith(".py"):
        return None  # files: their new places are their own question
    if match["kind"] in ("module", "package", "file", "parameter", "argument"):
        return None
    if not move and old.rpartition(".")[2] == new.rpartition(".")[2]:
        return None  # README.md to READ.md: the names of files, too
    around = old.rpartition(".")[0]
    rest = (text[: match.start()] + " " + text[match.end() :]).lower()
    words = re.findall(r"[a-z_][\w./-]*", _in_place(rest))
    return Rename(
        old=old.rpartition(".")[2],
        new=new if move else new.rpartition(".")[2],
        move=move,
        place=match["place"] or around,
        pure=all(_TAIL.fullmatch(word.strip(".")) for word in words) and not _KEEPS.search(rest),
        keeps=_KEEPS.search(rest) is not None,
    )


def _in_place(rest: str) -> str:
    """Without "in src/calc/ops.py", which only says where."""
    return re.sub(r"\b(?:in|of|from)\s+[`'\"]?[\w./]+\.\w+[`'\"]?", " ", rest)
