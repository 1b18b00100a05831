"""The executors that ask models, as the files of the plugin define them.

One file each: Claude Code reads the five of `claude/plugin/agents` by itself, the headless
executors read the same files here. The target's file lies beside that folder, because a plugin
offers every file in it, and in Claude Code the main conversation is the target.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from sef.errors import ConfigError
from sef.model import Effort, Kind, Tier

AS_OF: Final = date(2026, 11, 22)
"""The day on which the tables below held."""

ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "haiku": "claude-haiku-5-5",
        "sonnet": "claude-sonnet-5-5",
        "opus": "claude-opus-5-5",
        "fable": "claude-fable-5-2",
    }
)
"""What Claude Code 2.1.330 asks for where it is told an alias."""

TIERS: Final[Mapping[str, Tier]] = MappingProxyType(
    {"haiku": Tier.LIGHT, "sonnet": Tier.STANDARD, "opus": Tier.TARGET}
)
"""The tier that a model of each class serves."""

ALL_TOOLS: Final = ("*",)
"""Every tool there is: Read, Write, Edit, Bash, Grep, Glob."""
TOOLS: Final = ("Read", "Write", "Edit", "Bash", "Grep", "Glob")
"""The tools that a definition may name."""
TARGET: Final = "sef-target"
OFFERED: Final = ("sef-explore", "sef-validate", "sef-document", "sef-implement", "sef-review")
"""What Claude Code offers its main conversation; one for each kind that can be drafted."""

_KEYS: Final = ("name", "description", "tools", "model", "effort", "maxTurns")
_NEEDED: Final = ("name", "description", "model", "maxTurns")
_LINE: Final = re.compile(r"([A-Za-z]+): (\S.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One executor: what it is told, what it may use, which model it has by default."""

    name: str
    description: str
    """What it is offered with; at most 60 characters, since it is sent with every session."""
    tools: tuple[str, ...]
    """Names as Claude Code calls them, in the order of the file; `ALL_TOOLS` for the target."""
    model: str
    """An alias; `resolve` gives the full name."""
    tier: Tier
    """That of the model's class."""
    effort: Effort | None
    """Where no policy says otherwise."""
    max_turns: int
    """Requests to the model."""
    prompt: str
    """The instructions."""


def definition(kind: Kind, tier: Tier) -> Definition:
    """Who takes a task of that kind at that tier: the target's is one for all kinds.

    Raises ValueError for tier 0, which asks no model.
    """
    if tier is Tier.NONE:
        raise ValueError("tier 0 asks no model: it has no definition")
    if tier is Tier.TARGET or kind is Kind.DESIGN:
        return named(TARGET)
    return named(f"sef-{kind}")


@cache
def named(name: str) -> Definition:
    """The definition of that name, from the package. Raises ConfigError where it is malformed."""
    folder = files("sef") / "claude" / "plugin"
    place = folder if name == TARGET else folder / "agents"
    try:
        text = (place / f"{name}.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _wrong(name, "it is not in the package") from None
    return parsed(name, text)


def parsed(name: str, text: str) -> Definition:
    """The definition in an agent's file of Claude Code, read strictly.

    The header has lines `key: value` and nothing else; the client ignores what it does not know
    without a word, so here it is an error. Raises ConfigError naming the file and the line.
    """
    head, prompt = _split(name, text)
    said = _header(name, head)
    missing = [key for key in _NEEDED if key not in said]
    if missing:
        raise _wrong(name, f"the key {missing[0]!r} is missing")
    if said["name"] != name:
        raise _wrong(name, f"it is named {said['name']!r}")
    return Definition(
        name=name,
        description=said["description"],
        tools=_tools(name, said.get("tools")),
        model=_one_of(name, "model", said["model"], TIERS),
        tier=TIERS[said["model"]],
        effort=Effort(_one_of(name, "effort", said["effort"], tuple(Effort)))
        if "effort" in said
        else None,
        max_turns=_turns(name, said["maxTurns"]),
        prompt=prompt,
    )


def _split(name: str, text: str) -> tuple[list[str], str]:
    lines = text.splitlines()
    if lines[:1] != ["---"] or "---" not in lines[1:]:
        raise _wrong(name, "there is no header between two lines ---")
    end = lines.index("---", 1)
    prompt = "\n".join(lines[end + 1 :]).strip()
    if not prompt:
        raise _wrong(name, "there is no prompt below the header")
    return lines[1:end], prompt


def _header(name: str, lines: list[str]) -> dict[str, str]:
    said: dict[str, str] = {}
    for number, line in enumerate(lines, 2):
        found = _LINE.fullmatch(line)
        # What YAML reads otherwise than it looks would be another agent to the client.
        if found is None or re.search(r": | #|:$|^[\"'\[{&*!|>%@`-]", found[2]):
            raise _wrong(name, f"line {number} is not a plain `key: value`")
        if found[1] not in _KEYS or found[1] in said:
            raise _wrong(name, f"line {number}: the key {found[1]!r} is unknown or there twice")
        said[found[1]] = found[2].strip()
    return said


def _tools(name: str, value: str | None) -> tuple[str, ...]:
    """Without a list it is all of them, as in Claude Code."""
    if value is None:
        return ALL_TOOLS
    return tuple(_one_of(name, "tools", one.strip(), TOOLS) for one in value.split(","))


def _turns(name: str, value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) <= 1000:
        raise _wrong(name, f"maxTurns: {value!r} is not a whole number from 1 to 1000")
    return int(value)


def _one_of(
    name: str, key: str, value: str, allowed: tuple[str, ...] | Mapping[str, object]
) -> str:
    if value not in allowed:
        raise _wrong(name, f"{key}: {value!r} is not one of {', '.join(allowed)}")
    return value


def _wrong(name: str, what: str) -> ConfigError:
    return ConfigError(f"{name}.md: {what}", hint="Install sef again: its files were changed.")


def resolve(model: str) -> str:
    """The full name of a model: of an alias what the table says, else what was given."""
    return ALIASES.get(model, model)


_CLAUDE: Final = re.compile(r"(?:^|[./])claude-")
_NO_EFFORT: Final = re.compile(r"claude-(?:[23]|haiku-4|sonnet-4-(?:[05]|20)|opus-4-(?:[01]|20))")
_NO_MAX: Final = "claude-opus-4-5"


def effort_asked(model: str, effort: Effort | None) -> str | None:
    """What a Claude model is told of how hard to think: low, medium, high or max.

    None where nothing is to be sent: none is wanted, the model takes no such word (those of 2024
    and before, Haiku to 4.5, Sonnet to 4.5, Opus to 4.1), or it is not a Claude model, whose words
    are others. Opus 4.5 takes high for max. As Claude Code 2.1.330 sends it.
    """
    name = resolve(model).lower()
    if effort is None or not _CLAUDE.search(name) or _NO_EFFORT.search(name):
        return None
    if effort is Effort.MAX and _NO_MAX in name:
        return Effort.HIGH.value
    return effort.value
