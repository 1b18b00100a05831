"""How a client is started: its binary, its command line, its variables. Nothing is inherited."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sef.errors import UsageError
from sef.executors.claude.role import Role
from sef.handback import SCHEMA

RETRIES: Final = 2
"""How often the client asks again after a fault that may pass; it obeys Retry-After."""
_PASSED: Final = frozenset(
    {
        "PATH", "LANG", "LANGUAGE", "TZ", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy",
        "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
        "RUSTUP_HOME", "CARGO_HOME", "GOPATH", "GOROOT", "JAVA_HOME", "NVM_DIR", "PYENV_ROOT",
    }
)  # fmt: skip
"""Variables that a client may see of its starter's."""
_OAUTH: Final = "sk-ant-oat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """A client's own folders; all but a login's `config` go with it."""

    root: Path
    config: Path
    """Where it keeps its settings; in a login's there are the credentials too."""
    home: Path
    temporary: Path
    waiting: Path
    """Where it works until it has a fork."""

    def outputs(self, place: Path) -> Path:
        """Where it keeps what was too long for an answer while it works at a place."""
        return self.config / "projects" / re.sub(r"[^A-Za-z0-9]", "-", str(place))


def find_client(cli_path: Path | None) -> Path:
    """The client's binary: the one named, else the one that the SDK carries.

    Raises UsageError where the SDK or the binary is missing, with the way out.
    """
    spec = importlib.util.find_spec("claude_agent_sdk")
    if spec is None:
        raise UsageError(
            "the claude executor needs claude-agent-sdk, which is not installed",
            hint="pip install 'sef-framework[claude]'",
        )
    if cli_path is not None:
        found = shutil.which(cli_path.expanduser())
        if found is None:
            raise UsageError(
                f"cli_path: {cli_path} is no program that can be run",
                hint="Name the claude binary, or leave cli_path out for the one in the SDK.",
            )
        return Path(found).resolve()
    for folder in spec.submodule_search_locations or ():
        binary = Path(folder) / "_bundled" / "claude"
        if os.access(binary, os.X_OK):
            return binary
    raise UsageError(
        "this claude-agent-sdk carries no Claude Code for this machine",
        hint="Install Claude Code and name it with cli_path.",
    )


def arguments(binary: Path, role: Role, settings: Mapping[str, object]) -> tuple[str, ...]:
    """The command line. It holds no key: other users of the machine can read it."""
    said = [
        *_kill_with_parent(),
        str(binary),
        "--print",
        "--verbose",
        "--input-format=stream-json",
        "--output-format=stream-json",
        "--include-partial-messages",
        f"--model={role.model}",
        f"--system-prompt={role.prompt}",
        f"--tools={','.join(role.tools)}",
        f"--json-schema={json.dumps(dict(SCHEMA))}",
        f"--max-turns={role.turns}",
        f"--settings={json.dumps(settings)}",
        "--setting-sources=",
        "--strict-mcp-config",
        "--disable-slash-commands",
        "--no-session-persistence",
        "--permission-mode=default",
        # What the client would ask a person is asked of us.
        "--permission-prompt-tool=stdio",
    ]
    if role.effort is not None:
        said.append(f"--effort={role.effort}")
    if role.usd is not None:
        said.append(f"--max-budget-usd={role.usd}")
    return tuple(said)


def _kill_with_parent() -> tuple[str, ...]:
    """On Linux: the kernel kills the client when this process dies, however it dies."""
    setpriv = shutil.which("setpriv") if sys.platform.startswith("linux") else None
    return (setpriv, "--pdeathsig=KILL", "--") if setpriv else ()


def variables(
    given: Mapping[str, str], folders: Folders, *, base_url: str | None
) -> dict[str, str]:
    """All variables of a client: a few of `given` by name, and its own. No key is among them."""
    passed = {k: v for k, v in given.items() if k in _PASSED or k.startswith("LC_")}
    own = {
        "HOME": str(folders.home),
        "TMPDIR": str(folders.temporary),
        "CLAUDE_CONFIG_DIR": str(folders.config),
        "SHELL": "/bin/bash",
        "CLAUDE_CODE_ENTRYPOINT": "sdk-py",
        "CLAUDE_CODE_MAX_RETRIES": str(RETRIES),
        "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
        "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
        "CLAUDE_CODE_DISABLE_CLAUDE_MDS": "1",
        # Who falls back, and to what, is sef's business.
        "CLAUDE_CODE_DISABLE_REFUSAL_FALLBACK": "1",
        "CLAUDE_CODE_DISABLE_REFUSAL_RETRY": "1",
        "CLAUDE_CODE_DISABLE_MODEL_ACCESS_FALLBACK": "1",
        "CLAUDE_CODE_DISABLE_LEGACY_MODEL_REMAP": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
    }
    return passed | own | ({"ANTHROPIC_BASE_URL": base_url} if base_url else {})


def is_plan_token(key: str | None) -> bool:
    """True for a token of a subscription rather than a key that is billed."""
    return key is not None and key.startswith(_OAUTH)


def key_variable(key: str) -> str:
    """The variable that names the file descriptor on which the client finds its key.

    In a variable of its own the key would be seen by every command that it runs.
    """
    name = "OAUTH_TOKEN" if is_plan_token(key) else "API_KEY"
    return f"CLAUDE_CODE_{name}_FILE_DESCRIPTOR"


def make_folders(root: Path, login: Path | None) -> Folders:
    """Makes a client's folders below `root`, for this user alone."""
    made: Sequence[Path] = [root / name for name in ("home", "tmp", "config", "waiting")]
    for folder in made:
        folder.mkdir(parents=True, mode=0o700)
    home, temporary, config, waiting = made
    return Folders(
        root=root, home=home, temporary=temporary, config=login or config, waiting=waiting
    )
