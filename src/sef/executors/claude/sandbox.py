"""The client's own sandbox for its Bash tool: what it is told, and what it needs to be there.

It is fail-closed: the client does not start where it cannot sandbox, and no command leaves it. It
covers commands only; `jail` is for the file tools.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from sef.errors import UsageError
from sef.executors.claude.role import Place

_NEEDED: Final = {"bwrap": "bubblewrap", "socat": "socat"}
"""Programs that it starts on Linux, and the packages they come in."""

Settings = dict[str, object]


def require_programs(path: str) -> None:
    """Raises UsageError where the sandbox could not start, with the way out."""
    if not sys.platform.startswith("linux"):
        return
    missing = [package for name, package in _NEEDED.items() if not shutil.which(name, path=path)]
    if missing:
        raise UsageError(
            f"Claude Code cannot sandbox commands here: {' and '.join(missing)} missing",
            hint=f"apt install {' '.join(missing)}, or accept the risk: "
            'mode = "off" under [sandbox] in sef.toml.',
        )


def sandbox_of(
    place: Place | None, *, hidden: Sequence[Path], shown: Iterable[Path], own: Iterable[Path]
) -> Settings:
    """The settings for one place; without a place yet, for a client that waits.

    `hidden` folders cannot be read, but for `shown` and `own` ones in them; `own` ones can be
    written too, as the place can. The other forks, the user's tree and what sef keeps in the git
    folder are hidden always.
    """
    mine = [*own]
    denied, allowed, kept = [*hidden], [*shown, *mine], []
    if place is not None:
        denied += [place.path.parent, place.git / "sef"]
        if place.git.name == ".git":
            denied.append(place.git.parent)
        allowed += [place.path, *_git_parts(place.git)]
        kept += [place.git, place.path / ".git"]
    return {
        "enabled": True,
        "failIfUnavailable": True,
        "allowUnsandboxedCommands": False,
        "autoAllowBashIfSandboxed": True,
        "enableWeakerNestedSandbox": False,
        "excludedCommands": [],
        "network": {
            "allowedDomains": [],
            "allowUnixSockets": [],
            "allowAllUnixSockets": False,
            "allowLocalBinding": False,
        },
        "filesystem": {
            "denyRead": _texts(denied),
            "allowRead": _texts(allowed),
            "allowWrite": _texts(mine),
            "denyWrite": _texts(kept),
        },
    }


def _git_parts(git: Path) -> list[Path]:
    """What git reads, one by one: sef's own records lie beside it."""
    return [part for part in sorted(git.iterdir()) if part.name != "sef"]


def _texts(paths: Iterable[Path]) -> list[str]:
    return list(dict.fromkeys(map(str, paths)))


def settings_of(sandbox: Mapping[str, object] | None) -> Settings:
    """All settings of a client; None is a client without a sandbox, as its user asked for."""
    return {
        "sandbox": dict(sandbox) if sandbox is not None else {"enabled": False},
        # Nobody commits there, and the reminder costs tokens.
        "attribution": {"commit": "", "pr": ""},
        "autoMemoryEnabled": False,
        "disableAllHooks": False,
    }
