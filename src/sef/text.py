"""Making text from elsewhere safe to show: it may come from a model or a repository."""

from __future__ import annotations

import re

_CONTROL = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # operating system commands (titles, links, clipboard)
    r"|\x1b\[[0-9;?]*[ -/]*[@-~]"  # colours, cursor
    r"|\x1b."
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    r"|[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"  # invisible and direction marks
)


def plain(text: str, limit: int = 20_000) -> str:
    """The text without terminal control codes, at most `limit` characters; line ends stay."""
    # File names that are not UTF-8 arrive with surrogates, which no stream would print.
    printable = text[: 2 * limit].encode(errors="replace").decode()
    cleaned = _CONTROL.sub("", printable.replace("\r\n", "\n"))
    return cleaned if len(cleaned) <= limit else cleaned[:limit] + " [cut]"


def one_line(text: str, limit: int = 200) -> str:
    """The text on one line, at most `limit` characters."""
    flat = " ".join(plain(text, 4 * limit).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def sentences(text: str) -> str:
    """The lines of a message on one line, each of them with an end of its own."""
    said = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        ended = not said or said[-1] in ".:;!?,"
        said += ("" if ended else ".") + (" " if said else "") + line
    return said
