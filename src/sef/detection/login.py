"""A login of Claude Code: whether it is there, and what it takes to use it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sef.agents import TIERS
from sef.detection.finding import CLAUDE, CLAUDE_EXTRA, Finding, offers
from sef.detection.machine import Machine

SOURCE: Final = "Claude Code login"
_TOKEN: Final = "CLAUDE_CODE_OAUTH_TOKEN"  # noqa: S105 - a name, not a token


def of_login(variables: Mapping[str, str], home: Path, here: Machine) -> Finding:
    """The login; a key in the environment is none."""
    client = here.which("claude") or here.bundled()
    token = bool(variables.get(_TOKEN, "").strip())
    shown = f"{_TOKEN} is set" if token else _shown(variables, home, here, client)
    if shown is None:
        return _unusable(_unseen(here, client))
    if not here.installed("claude_agent_sdk"):
        return _unusable(f"{shown}; what is missing is the package for it: {CLAUDE_EXTRA}.")
    if client is None:
        return _unusable(f"{shown}; what is missing is the client: install Claude Code on PATH.")
    models = {tier: alias for alias, tier in TIERS.items()}
    given = offers("claude", CLAUDE, models, "anthropic", key_variable=_TOKEN if token else None)
    return Finding(source=SOURCE, usable=True, why=f"{shown}.", executors=given)


def _unusable(why: str) -> Finding:
    return Finding(source=SOURCE, usable=False, why=why)


def _shown(
    variables: Mapping[str, str], home: Path, here: Machine, client: str | None
) -> str | None:
    """What shows that there is a login; None where nothing does."""
    named = variables.get("CLAUDE_CONFIG_DIR", "").strip()
    folder = Path(named) if named else home / ".claude"
    if _holds(folder / ".credentials.json"):
        return "Its credentials are in the client's configuration folder"
    # Asked where it never ran, the client would make that folder.
    if here.macos and client and _there(folder) and here.logged_in(client):
        return "The client says that it is logged in"
    return None


def _unseen(here: Machine, client: str | None) -> str:
    if here.macos and client:
        return (
            "None can be seen: the keychain is closed to sef, and the client tells of none. Log in "
            f"with `{client} auth login`, or set {_TOKEN} (claude setup-token)."
        )
    if client:
        return f"The client is here and nobody is logged in: {client} auth login."
    return f"There is no client here: install Claude Code and log in, and {CLAUDE_EXTRA}."


def _holds(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except (OSError, ValueError):
        # Absent, or closed to us: then it is none that we could use.
        return False


def _there(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except (OSError, ValueError):
        return False
