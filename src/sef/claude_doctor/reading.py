"""Reading settings files as the client does: what it would ignore is named, with the line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Never

from sef.claude_doctor.snapshot import Settings
from sef.errors import UsageError
from sef.installation.files import check_folder, content

_BOM: Final = b"\xef\xbb\xbf"
_TOKEN: Final = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|[{}\[\]]')
_LISTS: Final = ("allow", "deny", "ask")
_TYPES: Final[Mapping[str, tuple[type, str]]] = MappingProxyType(
    {
        "hooks": (dict, "an object"),
        "env": (dict, "an object"),
        "permissions": (dict, "an object"),
        "enabledPlugins": (dict, "an object"),
        "worktree": (dict, "an object"),
        "model": (str, "a text"),
        "disableAllHooks": (bool, "true or false"),
    }
)
"""Keys for whose wrong type client 2.1.330 ignores the whole file."""


def settings_file(scope: str, path: Path) -> Settings:
    """One settings file, read within bounds and through no link."""
    try:
        check_folder(path.parent)
        data = content(path)
    except (UsageError, OSError) as error:
        return Settings(scope=scope, path=str(path), found=None, problem=f"not read: {error}")
    if data is None:
        return Settings(scope=scope, path=str(path), found=None)
    return parsed(scope, str(path), data)


def parsed(scope: str, path: str, data: bytes) -> Settings:
    """What the file says, or why the client ignores it."""
    try:
        text = data.removeprefix(_BOM).decode("utf-8")
        # The client takes an empty file for settings that say nothing.
        found = json.loads(text if text.strip() else "{}", parse_constant=_refuse)
    except json.JSONDecodeError as error:
        return Settings(scope=scope, path=path, found=None, problem=_place(text, error))
    except (ValueError, RecursionError) as error:
        return Settings(scope=scope, path=path, found=None, problem=f"no plain JSON: {error}")
    if wrong := _misfit(found):
        return Settings(scope=scope, path=path, found=None, problem=wrong)
    doubled = doubled_key(text)
    return Settings(scope=scope, path=path, found=found, problem=doubled, ignored=False)


def _refuse(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")


def _place(text: str, error: json.JSONDecodeError) -> str:
    before = text[: error.pos].rstrip()
    if text[error.pos : error.pos + 2] in ("//", "/*"):
        return f"line {error.lineno}: a comment"
    if text[error.pos : error.pos + 1] in ("}", "]") and before.endswith(","):
        return f"line {before.count(chr(10)) + 1}: a comma before the end"
    # A comma that nothing follows is told at the comma by newer versions of Python.
    if re.match(r",\s*[}\]]", text[error.pos :]):
        return f"line {error.lineno}: a comma before the end"
    return f"line {error.lineno}: {error.msg}"


def _misfit(found: object) -> str:
    if not isinstance(found, dict):
        return "it is no object"
    for key, (kind, said) in _TYPES.items():
        if key in found and not isinstance(found[key], kind):
            return f"`{key}` is not {said}"
    for key in _LISTS:
        if not isinstance(found.get("permissions", {}).get(key, []), list):
            return f"`permissions.{key}` is not a list"
    if found.get("worktree", {}).get("baseRef", "head") not in ("head", "fresh"):
        return "`worktree.baseRef` is neither head nor fresh"
    odd = (one for one in found.get("enabledPlugins", {}).values() if isinstance(one, int | float))
    if any(not isinstance(one, bool) for one in odd):
        return "`enabledPlugins` has a number"
    return ""


def doubled_key(text: str) -> str:
    """The first key that its object has twice, and the line; empty where there is none."""
    seen: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        key = token[1]
        if token[0] in ("{", "["):
            seen.append(set())
        elif token[0] in ("}", "]") and seen:
            seen.pop()
        elif key and token[2] and seen:
            if key in seen[-1]:
                line = text.count("\n", 0, token.start()) + 1
                return f"line {line}: {key[:60]} is there twice, and the last of them holds"
            seen[-1].add(key)
    return ""
