"""What sef.toml says about the sandbox."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Final, Literal

from sef.errors import ConfigError
from sef.sandbox.variables import is_key_of_a_provider

Mode = Literal["required", "off"]
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """Whether commands in forks are held, and what they get besides. Raises ConfigError."""

    mode: Mode = "required"
    """`required`: without a sandbox that works such a command is not run; `off`: none is used."""
    network: tuple[str, ...] = ()
    """Beginnings of command lines that may use the network, compared word by word."""
    variables: tuple[str, ...] = ()
    """Names of further environment variables that commands are given."""
    shown: tuple[str, ...] = ()
    """Further files and folders that can be read, such as a library that the project needs."""

    def __post_init__(self) -> None:
        for line in self.network:
            if not _is_plain(line):
                raise ConfigError(
                    f"[sandbox] network: {line!r} is no beginning of a command line",
                    hint='Name words such as "uv sync" or "npm ci".',
                )
        for name in self.variables:
            _check_variable(name)
        for path in self.shown:
            if not path.startswith(("/", "~/")) or len(path) > 4_096 or "\0" in path:
                raise ConfigError(f"[sandbox] shown: {path!r} is no absolute path")


def _is_plain(line: str) -> bool:
    try:
        return bool(shlex.split(line)) and not re.search(r"[\x00-\x1f\x7f]", line)
    except ValueError:
        return False


def _check_variable(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"[sandbox] variables: {name!r} is no name of a variable")
    if is_key_of_a_provider(name):
        raise ConfigError(
            f"[sandbox] variables: {name} looks like a key of a model provider, which no command "
            "in a fork is given",
            hint="Give the tests another variable, under another name.",
        )
