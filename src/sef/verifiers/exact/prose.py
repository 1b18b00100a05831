"""Texts that people read: what in them is words, and what is run after all. Pure."""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import Final

from sef.verifiers.exact.other_code import is_known

_PROSE: Final = (".md", ".mdx", ".rst", ".txt", ".adoc", ".asciidoc")
_MARKUP: Final = (".html", ".htm")
_RUN = re.compile(r"\{[%{].*?[%}]\}|\bon\w+\s*=\s*(?:\"[^\"]*\"|'[^']*')", re.DOTALL)
_SET = re.compile(r"(?:href|src|action)\s*=\s*[\"']?\s*javascript:[^\s>]*", re.IGNORECASE)


def is_prose(path: str) -> bool:
    """True for texts in which nothing is run; `requirements.txt` is none of them."""
    if is_known(path):
        return False
    name = PurePosixPath(path).name
    return path.endswith(_PROSE) or ("." not in name and name.isupper())


def is_markup(path: str) -> bool:
    """True for HTML."""
    return path.endswith(_MARKUP)


def run_in_markup(text: str) -> tuple[str, ...]:
    """What of an HTML text is run: scripts, styles, handlers, what a template engine fills in."""
    found, rest = _blocks(text)
    return (*found, *_RUN.findall(rest), *_SET.findall(rest))


def _blocks(text: str) -> tuple[list[str], str]:
    """Scripts and styles with their tags, and the text without them; one pass."""
    low, found, rest, at = text.lower(), [], [], 0
    for tag in ("script", "style"):
        found_here, kept, at = [], [], 0
        while (start := low.find(f"<{tag}", at)) >= 0:
            end = low.find(f"</{tag}", start)
            end = len(text) if end < 0 else end
            found_here.append(text[start:end])
            kept.append(text[at:start])
            at = end if end > start else end + 1
        found += found_here
        text = "".join([*kept, text[at:]])
        low = text.lower()
    rest.append(text)
    return found, "".join(rest)


def notebook_code(text: str) -> tuple[str, ...] | None:
    """The code cells of a Jupyter notebook; None where it is none."""
    try:
        cells = json.loads(text)["cells"]
        code = [cell["source"] for cell in cells if cell["cell_type"] != "markdown"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return tuple("".join(map(str, one)) if isinstance(one, list) else str(one) for one in code)
