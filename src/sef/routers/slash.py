"""Slash commands: what the client does or runs, and what is a request with a prefix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sef.model import Kind, Tier
from sef.routers.heads import Ask

_COMMAND: Final = re.compile(
    r"/([a-z][a-z0-9_:-]{0,40})(?![\w/.])[ \t]*(.*)", re.DOTALL | re.IGNORECASE
)
_RUN: Final = frozenset(
    (
        "run",
        "test",
        "git",
        "lint",
        "commit",
        "push",
        "sh",
        "bash",
        "ls",
        "cd",
        "diff",
        "undo",
        "web",
    )
)
_SESSION_NAMES: Final = (
    "add agents bug clear compact config context copy cost doctor drop editor exit export help"
    " hooks ide login logout map mcp memory model models new permissions quit read-only"
    " readonly release-notes reset resume rewind save settings status statusline tokens upgrade"
    " usage vim voice "
)
_SESSION: Final = frozenset(_SESSION_NAMES.split())
_KNOWN: Final = MappingProxyType(
    {
        "review": (Tier.STANDARD, Kind.REVIEW),
        "code-review": (Tier.STANDARD, Kind.REVIEW),
        "pr-comments": (Tier.LIGHT, Kind.EXPLORE),
        "init": (Tier.LIGHT, Kind.DOCUMENT),
        "security-review": (Tier.TARGET, Kind.REVIEW),
        "architect": (Tier.TARGET, Kind.DESIGN),
        "plan": (Tier.TARGET, Kind.DESIGN),
        "ultraplan": (Tier.TARGET, Kind.DESIGN),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slash:
    """A slash command, taken apart."""

    ask: Ask | None
    """What the command itself asks for; None where the words behind it say that, if anything."""
    rest: str
    """The words behind it."""
    closed: bool
    """The words behind it are the command's arguments and no request."""


def slash(text: str) -> Slash | None:
    """The slash command that the text is; None where it is none (`/etc/hosts` is a path)."""
    found = _COMMAND.fullmatch(text)
    if not found:
        return None
    name, rest = found[1].lower(), found[2].strip()
    said = f"/{name}"
    if name in _RUN:
        return Slash(
            ask=Ask(tier=Tier.LIGHT, kind=Kind.VALIDATE, words=said), rest=rest, closed=True
        )
    if name in _SESSION:
        return Slash(
            ask=Ask(tier=Tier.LIGHT, kind=Kind.EXPLORE, words=said), rest=rest, closed=True
        )
    if name in _KNOWN:
        tier, kind = _KNOWN[name]
        return Slash(ask=Ask(tier=tier, kind=kind, words=said), rest=rest, closed=not rest)
    return Slash(ask=None, rest=rest, closed=not rest)
