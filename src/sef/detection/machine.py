"""What detection asks of the machine: programs, packages, two questions to other programs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from sef.detection.tags import tags_at

_KEPT: Final = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "CLAUDE_CONFIG_DIR")
_ANSWERED_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine as detection sees it; tests make their own."""

    which: Callable[[str], str | None]
    """The path of a program."""
    installed: Callable[[str], bool]
    """Whether a Python package is there, told without importing it."""
    bundled: Callable[[], str | None]
    """The path of the client that the wheel of claude-agent-sdk carries."""
    logged_in: Callable[[str], bool | None]
    """What a client says of its own login; None where it does not say."""
    tags: Callable[[str], object]
    """The JSON that an Ollama server lists its models with; None where none answers in time."""
    macos: bool
    """True where logins are in the keychain, which is closed to other programs."""


def this_machine(variables: Mapping[str, str]) -> Machine:
    """This machine, with the programs that the variables' PATH leads to."""
    return Machine(
        which=lambda name: shutil.which(name, path=variables.get("PATH", "")),
        installed=lambda name: find_spec(name) is not None,
        bundled=_bundled,
        logged_in=lambda client: _logged_in(client, variables),
        tags=tags_at,
        macos=sys.platform == "darwin",
    )


def _bundled() -> str | None:
    spec = find_spec("claude_agent_sdk")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        binary = Path(place) / "_bundled" / "claude"
        if binary.is_file():
            return str(binary)
    return None


def _logged_in(client: str, variables: Mapping[str, str]) -> bool | None:
    """The client's own word. Keys are kept from it: with one it would always say yes."""
    try:
        done = subprocess.run(
            (client, "auth", "status", "--json"),
            env={name: variables[name] for name in _KEPT if name in variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ANSWERED_S,
            check=False,
        )
        said = json.loads(done.stdout[:100_000])
    except (OSError, ValueError, RecursionError, subprocess.TimeoutExpired):
        # An older client, or none that can be run: it does not say.
        return None
    answer = said.get("loggedIn") if isinstance(said, dict) else None
    return answer if isinstance(answer, bool) else None
