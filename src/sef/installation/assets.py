"""What is installed, made from the one copy that the plugin is.

The plugin's files are the source. Installed beside the user's own they lose the plugin's name
space: `sef:sef-explore` becomes `sef-explore`, the skill `/sef:explain` becomes `/sef-explain`.
They gain what Claude Code takes from a plugin's agents without a word: `permissionMode`, hooks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Final

ROOM: Final = ("agents", "skills")
"""The folders of the plugin that are installed."""
CORE: Final = "sef"
"""The skill that the main conversation calls by itself."""
INSTALLED_ONLY: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        # Nothing is asked for on its behalf: what is not allowed already is denied.
        "sef-explore": MappingProxyType({"permissionMode": "dontAsk"}),
    }
)
"""Header lines of agents that a plugin may not have."""

_SPACE: Final = re.compile(r"sef:(?=sef\b)")
_COMMAND: Final = re.compile(r"/sef:(?=[a-z])")
_NAME: Final = re.compile(r"^name: (.+)$", re.MULTILINE)
_DESCRIPTION: Final = re.compile(r"^description: (.+)$", re.MULTILINE)
_TOOLS: Final = re.compile(r"^tools: (.+)$", re.MULTILINE)
_BYTES_A_TOKEN: Final = 4


def plugin_files() -> Mapping[str, str]:
    """The texts of the plugin's agents and skills, by path in the plugin."""
    root = files("sef") / "claude" / "plugin"
    return dict(sorted(one for room in ROOM for one in _below(root / room, room)))


def installed_files() -> Mapping[str, bytes]:
    """What is put below a `.claude`, by path in it."""
    return {
        _installed_path(path): _installed_text(path, text).encode()
        for path, text in plugin_files().items()
    }


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, str]]:
    for one in folder.iterdir():
        if one.is_dir():
            yield from _below(one, f"{path}/{one.name}")
        elif one.name.endswith(".md"):
            yield f"{path}/{one.name}", one.read_text(encoding="utf-8")


def _installed_path(path: str) -> str:
    room, name, *rest = path.split("/")
    if room == "skills" and name != CORE:
        name = f"sef-{name}"
    return "/".join((room, name, *rest))


def _installed_text(path: str, text: str) -> str:
    room, name, *_ = path.split("/")
    text = _COMMAND.sub("/sef-", _SPACE.sub("", text))
    if room == "agents":
        extra = INSTALLED_ONLY.get(name.removesuffix(".md"), {})
        lines = "".join(f"{key}: {value}\n" for key, value in extra.items())
        return text.replace("\n---\n", f"\n{lines}---\n", 1)
    if name != CORE and path.endswith("/SKILL.md"):
        return _NAME.sub(r"name: sef-\1", text, count=1)
    return text


def always_on(texts: Mapping[str, str], *, space: str = "") -> str:
    """What Claude Code 2.1.330 adds to every session for these files: a line each.

    Agents are told with their tools. Skills that only the user may call, and what is in a
    skill's folder, are not told. `space` is the plugin's name with a colon.
    """
    return "".join(f"- {space}{line}\n" for path in texts for line in _told(path, texts[path]))


def _told(path: str, text: str) -> Iterator[str]:
    header = text.split("\n---\n", 1)[0]
    name, said = _NAME.search(header), _DESCRIPTION.search(header)
    if name is None or said is None or "disable-model-invocation: true" in header:
        return
    if path.startswith("agents/"):
        tools = _TOOLS.search(header)
        yield f"{name[1]}: {said[1]} (Tools: {tools[1] if tools else '*'})"
    elif path.endswith("/SKILL.md"):
        yield f"{name[1]}: {said[1]}"


def tokens(text: str) -> int:
    """About how many tokens a text is: a quarter of its bytes, as the loopback provider counts."""
    return -(-len(text.encode()) // _BYTES_A_TOKEN)
