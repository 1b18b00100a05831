"""Which plugins are enabled, and the folder that Claude Code reads each from.

Seen with client 2.1.330: `enabledPlugins` of the later settings file holds. A plugin of a market
that is a folder is read where it lies; any other from `installPath` of
`plugins/installed_plugins.json`, for the user or for this project.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from sef.claude_doctor.entries import entries_in, plugged
from sef.claude_doctor.snapshot import Entry, Plugin, Settings
from sef.errors import UsageError
from sef.installation.files import check_folder, content

_NAME: Final = re.compile(r"[\w.-]{1,100}@[\w.-]{1,100}")
_MOST: Final = 100
_OURS: Final = "sef"
_NO_PART: Final = frozenset({"__pycache__"})


def enabled(settings: Iterable[Settings]) -> tuple[str, ...]:
    """Names of the plugins that are enabled, in order of their names."""
    held: dict[str, bool] = {}
    managed = sorted(settings, key=lambda one: one.scope == "managed")
    for one in managed:
        said = (one.found or {}).get("enabledPlugins")
        for name, on in said.items() if isinstance(said, dict) else ():
            if _NAME.fullmatch(name):
                held[name] = on is not False
    return tuple(sorted(name for name, on in held.items() if on))[:_MOST]


def plugin(name: str, config: Path, project: Path) -> tuple[Plugin, tuple[Entry, ...]]:
    """A plugin that is enabled, and its entries of hooks."""
    try:
        root = _root(name, config, project)
        if root is None:
            problem = "it is enabled, and was not found"
            return Plugin(name=name, is_sef=_is_named(name), problem=problem), ()
        manifest = _object(_below(root, ".claude-plugin/plugin.json"))
        hooks = list(_hooks(root, manifest))
    except (UsageError, OSError, ValueError, RecursionError) as error:
        return Plugin(name=name, is_sef=_is_named(name), problem=f"not read: {error}"), ()
    is_sef = _is_named(name) or manifest.get("name") == _OURS
    differs = _differing(root) if is_sef else ()
    ours = [plugged()] if is_sef and "bin/hook" not in differs else []
    found = Plugin(
        name=name,
        is_sef=is_sef,
        root=str(root),
        version=str(manifest.get("version", ""))[:40],
        differs=differs,
    )
    return found, tuple(one for part in hooks for one in entries_in(f"plugin {name}", part, ours))


def _is_named(name: str) -> bool:
    return name.partition("@")[0] == _OURS


def _root(name: str, config: Path, project: Path) -> Path | None:
    own, _, market = name.partition("@")
    known = _object(config / "plugins" / "known_marketplaces.json").get(market)
    source = known.get("source") if isinstance(known, dict) else None
    if isinstance(known, dict) and isinstance(source, dict) and source.get("source") == "directory":
        return _in_market(Path(str(known.get("installLocation", ""))), own)
    listed = _object(config / "plugins" / "installed_plugins.json").get("plugins")
    copies = listed.get(name) if isinstance(listed, dict) else None
    for one in copies if isinstance(copies, list) else ():
        here = isinstance(one, dict) and one.get("projectPath", str(project)) == str(project)
        if here:
            return _cached(Path(str(one.get("installPath", ""))), config / "plugins")
    return None


def _cached(root: Path, above: Path) -> Path:
    if ".." in root.parts or not root.is_relative_to(above):
        raise UsageError(f"{root} does not lie in {above}")
    return root


def _in_market(market: Path, own: str) -> Path | None:
    """The plugin's folder in a market that is a folder of this machine."""
    if not market.is_absolute():
        return None
    listed = _object(market / ".claude-plugin" / "marketplace.json").get("plugins")
    for one in listed if isinstance(listed, list) else ():
        source = one.get("source") if isinstance(one, dict) and one.get("name") == own else None
        if isinstance(source, str):
            if ".." in Path(source).parts or Path(source).is_absolute():
                raise UsageError(f"the plugin's folder {source} leaves its market")
            return market / source
    return None


def _hooks(root: Path, manifest: Mapping[str, object]) -> Iterator[object]:
    yield _object(_below(root, "hooks/hooks.json")).get("hooks")
    more = manifest.get("hooks")
    if isinstance(more, dict):
        yield more.get("hooks", more)
    elif isinstance(more, str) and Path(more) != Path("hooks/hooks.json"):
        yield _object(_below(root, more)).get("hooks")


def _object(path: Path) -> dict[str, object]:
    data = content(path)
    found = {} if data is None else json.loads(data)
    if not isinstance(found, dict):
        raise UsageError(f"{path} is no JSON object")
    return found


def _below(root: Path, name: str) -> Path:
    """A file of the plugin, with no link on the way to it."""
    parts = Path(name).parts
    if ".." in parts or Path(name).is_absolute():
        raise UsageError(f"{name} leaves the plugin")
    folder = root
    check_folder(folder)
    for part in parts[:-1]:
        folder = folder / part
        check_folder(folder)
    return root.joinpath(*parts)


def _differing(root: Path) -> tuple[str, ...]:
    """The files of this sef's plugin that are other ones there, or missing."""
    own = files("sef") / "claude" / "plugin"
    return tuple(path for path, data in sorted(_files(own, "")) if _there(root, path) != data)


def _there(root: Path, name: str) -> bytes | None:
    try:
        return content(_below(root, name))
    except (UsageError, OSError):
        return None


def _files(folder: Traversable, above: str) -> Iterator[tuple[str, bytes]]:
    for one in folder.iterdir():
        if one.is_dir() and one.name not in _NO_PART:
            yield from _files(one, f"{above}{one.name}/")
        elif one.is_file():
            yield f"{above}{one.name}", one.read_bytes()
