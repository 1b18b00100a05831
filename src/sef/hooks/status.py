"""The state of sef here, told without a model: what `/sef` shows, and `sef claude status`.

Standard library only, and bounded: it is read while the user waits.
"""

from __future__ import annotations

import os
import time

from sef.hooks.records import git_folders, load, log, parsed, state_folder, users_tree
from sef.hooks.status_lines import flat, lines
from sef.hooks.sums import newest_session, of_all
from sef.hooks.working import names, working

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

SCHEMA = 1
COMMANDS = ("sef", "sef:sef")
"""The skill's name where it is installed, and in the plugin."""
_ASKS = ("", "status")
_LARGEST = 2**20


def answered(event: Mapping[str, Any], scope: str) -> dict[str, Any] | None:
    """The answer to UserPromptExpansion: the state in place of the skill; None lets that go on."""
    if event.get("command_name") not in COMMANDS:
        return None
    if str(event.get("command_args") or "").strip().lower() not in _ASKS:
        return None
    more = {"hookEventName": "UserPromptExpansion", "suppressOriginalPrompt": True}
    return {"decision": "block", "reason": _told(event, scope), "hookSpecificOutput": more}


def _told(event: Mapping[str, Any], scope: str) -> str:
    try:
        found = state(event["cwd"], session=str(event.get("session_id") or ""), scope=scope)
        return "\n".join(lines(found))
    except Exception as error:  # without an answer a model would be asked, and paid
        log(f"/sef: {type(error).__name__}: {error}")
        return f"sef cannot tell its state: {flat(str(error))}. Look: `sef claude doctor`."


def state(cwd: str, *, session: str = "", scope: str = "") -> dict[str, Any]:
    """The state of sef in a folder, as `sef claude status --json` prints it.

    `session` is by default the newest that handed something out; `scope` is that of the entry
    that asks, which proves that hooks run.
    """
    folders, now = git_folders(users_tree(cwd)), time.time()
    folder = state_folder(folders[2] if folders else None)
    session = session or newest_session(folder)
    mine, everybody, cut = of_all(folder, session, now)
    places = _places(folders[0] if folders else cwd)
    off = [file for one in places for file in one.pop("silenced")]
    return {
        "schema": SCHEMA,
        "on": bool(scope) or (not off and any(one["hooks"] or one["plugin"] for one in places)),
        "answers": scope or None,
        "places": places,
        "hooks_disabled_in": off,
        "at_work": _at_work(folder, now),
        "session": {"id": session or None, **mine.told()},
        "days_14": {"cut": cut, **everybody.told()},
        "kept": _kept(folder),
        "refused": _refused(folder),
    }


def _places(top: str) -> list[dict[str, Any]]:
    """Where sef is installed, and the settings that tell of its hooks."""
    user = os.environ.get("CLAUDE_CONFIG_DIR") or os.path.expanduser("~/.claude")
    project = os.path.join(top, ".claude")
    mine = _place("user", user, ("settings.json",))
    if os.path.realpath(user) == os.path.realpath(project):
        return [mine]
    return [_place("project", project, ("settings.local.json", "settings.json")), mine]


def _place(scope: str, folder: str, files: Sequence[str]) -> dict[str, Any]:
    manifest = load(os.path.join(folder, "sef"), "installed") or {}
    read = {os.path.join(folder, one): _read(os.path.join(folder, one)) for one in files}
    version = manifest.get("version")
    return {
        "scope": scope,
        "version": flat(version, 40) if isinstance(version, str) else None,
        "hooks": any(b"sef/hooks/entry.py" in text for text in read.values()),
        "plugin": any(_has_plugin(text) for text in read.values()),
        "silenced": [path for path, text in read.items() if _is_silenced(text)],
    }


def _read(path: str) -> bytes:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            return file.read(_LARGEST) or b""
    except OSError:
        return b""


def _has_plugin(text: bytes) -> bool:
    found = parsed(text) if b'"sef@' in text else None
    plugins = (found or {}).get("enabledPlugins")
    every = plugins.items() if isinstance(plugins, dict) else ()
    return any(name.startswith("sef@") and on is True for name, on in every)


def _is_silenced(text: bytes) -> bool:
    return b"disableAllHooks" in text and (parsed(text) or {}).get("disableAllHooks") is True


def _at_work(folder: str, now: float) -> list[dict[str, Any]]:
    """Executors that have started and not ended, the oldest first."""
    texts = ("executor", "session", "tree")
    each = ({**one, **{n: flat(one[n], 300) for n in texts}} for one in working(folder, now))
    return sorted(each, key=lambda one: -(one["seconds"] or 0))


def _kept(folder: str) -> dict[str, Any]:
    """Patches of drafts that were not merged, and not thrown away."""
    kept = os.path.join(folder, "kept")
    return {"patches": len(names(kept, ".patch")), "folder": kept}


def _refused(folder: str) -> dict[str, str]:
    """Executors that the gate refuses from here on, each with its reason."""
    table = load(folder, "table") or {}
    rows = ((name, row) for name, row in table.items() if isinstance(row, dict))
    refused = ((name, row) for name, row in rows if row.get("pays") is False)
    return {flat(name, 40): flat(str(row.get("reason")), 200) for name, row in refused}
