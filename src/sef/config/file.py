"""The shape of sef.toml."""

from __future__ import annotations

import re
import shlex
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from sef.environment.settings import Mode
from sef.tables import Table

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_DOLLARS: Final = "US dollars for a million tokens, from 0"
_WHOLE: Final = "a whole number from {} to {}"


def _command(line: str) -> str:
    if _CONTROL.search(line) or not shlex.split(line):
        raise ValueError("not a command line")
    return line


def _inside(folder: str) -> str:
    """A path that stays in the tree, and is not the tree."""
    path = PurePosixPath(folder)
    if path.is_absolute() or ".." in path.parts or not path.parts or _CONTROL.search(folder):
        raise ValueError("not a folder of the tree")
    return str(path)


def _address(url: str) -> str:
    """A place to send requests to: nothing else may hide in it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or _CONTROL.search(url):
        raise ValueError("not an address")
    if parts.port == 0:  # asking for it raises ValueError where it is none
        raise ValueError("no port")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("a key does not belong into an address")
    return url.rstrip("/")


Command = Annotated[str, Field(max_length=10_000), AfterValidator(_command)]
Inside = Annotated[str, Field(max_length=1_000), AfterValidator(_inside)]
COMMAND: Final = "one command line with balanced quotes"


class ChecksTable(Table):
    """`[checks]`."""

    tests: Command | None = Field(default=None, description=COMMAND)
    lint: Command | None = Field(default=None, description=COMMAND)
    types: Command | None = Field(default=None, description=COMMAND)
    timeout_s: float = Field(
        default=900.0, gt=0, le=86_400, description="a number of seconds, above 0, up to 86400"
    )
    memory_mb: int | None = Field(
        default=None, ge=64, le=16_777_216, description=_WHOLE.format(64, 16_777_216)
    )


class EnvironmentTable(Table):
    """`[environment]`."""

    python: str | None = Field(
        default=None, min_length=1, description="the path of a Python interpreter"
    )
    setup: Command | None = Field(default=None, description=COMMAND)
    mode: Mode = Field(default="hide", description="hide, mount or open")
    linked: list[Inside] = Field(
        default=[], max_length=20, description="folders of the tree, relative to its root"
    )


class PricesTable(Table):
    """`[executors.NAME.prices]`."""

    input: float = Field(ge=0, le=100_000, description=_DOLLARS)
    output: float = Field(ge=0, le=100_000, description=_DOLLARS)
    cache_read: float | None = Field(default=None, ge=0, le=100_000, description=_DOLLARS)
    cache_write: float | None = Field(default=None, ge=0, le=100_000, description=_DOLLARS)
    cache_write_1h: float | None = Field(default=None, ge=0, le=100_000, description=_DOLLARS)


class ExecutorTable(Table):
    """`[executors.NAME]`."""

    use: str = Field(description="the short name of an executor")
    tier: int = Field(ge=1, le=3, description="1, 2 or 3")
    script: str | None = Field(default=None, min_length=1, description="the path of a script file")
    model: str | None = Field(
        default=None,
        pattern=r"^[^\x00-\x1f\x7f]{1,100}$",
        description="a label of 1 to 100 characters",
    )
    provider: str = Field(
        default="anthropic", pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="a provider's name"
    )
    base_url: Annotated[str, AfterValidator(_address)] | None = Field(
        default=None,
        max_length=500,
        json_schema_extra={"private": True},
        description="an address that begins with http:// or https://, without a key or password",
    )
    key_variable: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$",
        json_schema_extra={"private": True},
        description="the name of an environment variable, never a key itself",
    )
    cli_path: str | None = Field(default=None, min_length=1, description="the path of a program")
    prices: PricesTable | None = Field(default=None, description="a table")
    at_once: int | None = Field(default=None, ge=1, le=100, description=_WHOLE.format(1, 100))
    retries: int = Field(default=2, ge=0, le=10, description=_WHOLE.format(0, 10))
    requests_per_minute: int | None = Field(
        default=None, ge=1, le=100_000, description=_WHOLE.format(1, 100_000)
    )
    tokens_per_minute: int | None = Field(
        default=None, ge=1, le=1_000_000_000, description=_WHOLE.format(1, 1_000_000_000)
    )
    max_requests: int = Field(default=60, ge=1, le=1_000, description=_WHOLE.format(1, 1_000))
    max_tokens: int = Field(
        default=2_000_000,
        ge=1_000,
        le=1_000_000_000,
        description=_WHOLE.format(1_000, 1_000_000_000),
    )
    max_usd: float | None = Field(
        default=None, gt=0, le=100_000, description="a number of US dollars above 0"
    )
    stuck_s: float = Field(
        default=300.0, gt=0, le=86_400, description="a number of seconds, above 0, up to 86400"
    )
    compact_at: int = Field(
        default=90_000, ge=4_000, le=10_000_000, description=_WHOLE.format(4_000, 10_000_000)
    )


class SandboxTable(Table):
    """`[sandbox]`."""

    mode: Literal["required", "off"] = Field(default="required", description="required or off")
    network: list[Command] = Field(
        default=[], max_length=50, description='beginnings of commands, such as "uv sync"'
    )
    variables: list[str] = Field(
        default=[], max_length=50, description="names of environment variables, none of a key"
    )
    shown: list[str] = Field(
        default=[], max_length=50, description="absolute paths of files and folders"
    )


class DraftsTable(Table):
    """`[drafts]`."""

    exploring: float = Field(default=0.02, ge=0, le=1, description="a number from 0 to 1")
    allowance_usd: float = Field(
        default=1.0, ge=0, le=1_000_000, description="a number of US dollars"
    )
    usd_per_hour: float = Field(default=0.0, ge=0, le=100_000, description="a number of US dollars")
    audit: float = Field(default=0.05, ge=0, le=1, description="a number from 0 to 1")
    epsilon: float = Field(default=0.02, gt=0, lt=1, description="a number between 0 and 1")
    delta: float = Field(default=0.05, gt=0, lt=1, description="a number between 0 and 1")
    handover: bool = Field(default=True, description="true or false")


_EXECUTOR = "auto, off or the name of an executor"


class VerifyTable(Table):
    """`[verify]`."""

    judge: str = Field(default="auto", min_length=1, max_length=64, description=_EXECUTOR)
    fresh: str = Field(default="off", min_length=1, max_length=64, description=_EXECUTOR)
    settled: float = Field(default=0.9, gt=0, le=1, description="a number above 0, up to 1")
    batch: int = Field(default=4, ge=1, le=16, description=_WHOLE.format(1, 16))
    wait_s: float = Field(default=10.0, ge=0, le=600, description="a number of seconds, up to 600")


class ConfigFile(Table):
    """The whole file."""

    policy: Literal["auto", "fast", "standard", "complex"] = Field(
        default="auto", description="auto, fast, standard or complex"
    )
    slots: int | None = Field(default=None, ge=1, le=10, description="a whole number from 1 to 10")
    budget_usd: float | None = Field(
        default=None, gt=0, le=1_000_000, description="a number of US dollars above 0"
    )
    checks: ChecksTable = Field(default=ChecksTable(), description="a table")
    environment: EnvironmentTable = Field(default=EnvironmentTable(), description="a table")
    sandbox: SandboxTable = Field(default=SandboxTable(), description="a table")
    drafts: DraftsTable = Field(default=DraftsTable(), description="a table")
    verify: VerifyTable = Field(default=VerifyTable(), description="a table")
    executors: dict[str, ExecutorTable] = Field(default={}, description="tables [executors.NAME]")
