"""sef.toml -> one frozen `Config`. Nothing is read from the environment."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from sef.environment.settings import Mode, Settings
from sef.errors import ConfigError
from sef.model import Tier
from sef.tables import Table, is_file, read

USES: Final = ("scripted",)
"""Short names of the executors that a configuration may use."""

RESERVED: Final = ("tests", "search")
"""Names of the executors that sef brings along, for which no model is needed."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksConfig:
    """How the project checks itself; None means sef finds that out."""

    tests: str | None = None
    """Command line that runs the tests."""
    lint: str | None = None
    """Command line of the linter."""
    types: str | None = None
    """Command line of the type checker."""
    timeout_s: float = 900.0
    """Seconds that one command may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorConfig:
    """One executor that may be given tasks."""

    name: str
    """As it appears in what sef prints."""
    use: str
    """Short name of the implementation."""
    tier: Tier
    """The tier it serves, 1 to 3."""
    script: Path | None = None
    """What a scripted executor plays."""
    model: str | None = None
    """Label of the model in reports."""
    at_once: int | None = None
    """Calls that may run at once; None: as many as tasks do."""
    retries: int = 2
    """How often a call is tried again after a transient failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftsConfig:
    """How careful sef is with drafts."""

    exploring: float = 0.02
    """Share of all money that drafts may lose, as expected, to learn from them."""
    allowance_usd: float = 1.0
    """What they may lose beside that share, once a repository."""
    usd_per_hour: float = 0.0
    """What an hour of waiting is worth; above 0 the target may start beside a slow draft."""
    audit: float = 0.05
    """The least probability with which an accepted draft is audited; 0 turns audits off."""
    epsilon: float = 0.02
    """Share of tasks that may get a wrong draft where the target would have been right."""
    delta: float = 0.05
    """Probability with which a certificate of that may be false."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that a project says about how sef should work on it."""

    policy: str = "auto"
    """auto, fast, standard or complex."""
    slots: int | None = None
    """Tasks that may run at once; None: as many as the policy allows."""
    checks: ChecksConfig = field(default_factory=ChecksConfig)
    python: Path | None = None
    """The interpreter of the project's own environment; None: sef looks for it."""
    environment: Settings = field(default_factory=Settings)
    """How the environment of a fork is made."""
    executors: tuple[ExecutorConfig, ...] = ()
    """In the order of the file."""
    budget_usd: Decimal | None = None
    """Once a run has spent this, it begins no further paid call."""
    drafts: DraftsConfig = field(default_factory=DraftsConfig)
    """When a draft is made, and what is promised about those that are accepted."""


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


_Command = Annotated[str, Field(max_length=10_000), AfterValidator(_command)]
_Inside = Annotated[str, Field(max_length=1_000), AfterValidator(_inside)]
_COMMAND: Final = "one command line with balanced quotes"


class _ChecksTable(Table):
    tests: _Command | None = Field(default=None, description=_COMMAND)
    lint: _Command | None = Field(default=None, description=_COMMAND)
    types: _Command | None = Field(default=None, description=_COMMAND)
    timeout_s: float = Field(
        default=900.0, gt=0, le=86_400, description="a number of seconds, above 0, up to 86400"
    )


class _EnvironmentTable(Table):
    python: str | None = Field(
        default=None, min_length=1, description="the path of a Python interpreter"
    )
    setup: _Command | None = Field(default=None, description=_COMMAND)
    mode: Mode = Field(default="hide", description="hide, mount or open")
    linked: list[_Inside] = Field(
        default=[], max_length=20, description="folders of the tree, relative to its root"
    )
    network: bool = Field(default=True, description="true or false")


class _ExecutorTable(Table):
    use: str = Field(description="the short name of an executor")
    tier: int = Field(ge=1, le=3, description="1, 2 or 3")
    script: str | None = Field(default=None, min_length=1, description="the path of a script file")
    model: str | None = Field(
        default=None, min_length=1, max_length=100, description="a label of 1 to 100 characters"
    )
    at_once: int | None = Field(
        default=None, ge=1, le=100, description="a whole number from 1 to 100"
    )
    retries: int = Field(default=2, ge=0, le=10, description="a whole number from 0 to 10")


class _DraftsTable(Table):
    exploring: float = Field(default=0.02, ge=0, le=1, description="a number from 0 to 1")
    allowance_usd: float = Field(
        default=1.0, ge=0, le=1_000_000, description="a number of US dollars"
    )
    usd_per_hour: float = Field(default=0.0, ge=0, le=100_000, description="a number of US dollars")
    audit: float = Field(default=0.05, ge=0, le=1, description="a number from 0 to 1")
    epsilon: float = Field(default=0.02, gt=0, lt=1, description="a number between 0 and 1")
    delta: float = Field(default=0.05, gt=0, lt=1, description="a number between 0 and 1")


class _ConfigFile(Table):
    policy: Literal["auto", "fast", "standard", "complex"] = Field(
        default="auto", description="auto, fast, standard or complex"
    )
    slots: int | None = Field(default=None, ge=1, le=10, description="a whole number from 1 to 10")
    budget_usd: float | None = Field(
        default=None, gt=0, le=1_000_000, description="a number of US dollars above 0"
    )
    checks: _ChecksTable = Field(default=_ChecksTable(), description="a table")
    environment: _EnvironmentTable = Field(default=_EnvironmentTable(), description="a table")
    drafts: _DraftsTable = Field(default=_DraftsTable(), description="a table")
    executors: dict[str, _ExecutorTable] = Field(default={}, description="tables [executors.NAME]")


def load_config(path: Path | None, uses: Collection[str] = USES) -> Config:
    """The configuration in the file, or the defaults where there is none.

    `uses` are the executors that may be named. Relative paths start at the file's folder. Raises
    ConfigError naming the file, the key, the value and what is allowed.
    """
    if path is None:
        return Config()
    found = read(path, _ConfigFile, ConfigError)
    return Config(
        policy=found.policy,
        slots=found.slots,
        checks=_checks(found.checks),
        python=_existing(path, "[environment]: python", found.environment.python),
        environment=_environment(found.environment),
        executors=tuple(_executor(path, name, t, uses) for name, t in found.executors.items()),
        drafts=DraftsConfig(**found.drafts.model_dump()),
        budget_usd=None if found.budget_usd is None else Decimal(str(found.budget_usd)),
    )


def _checks(table: _ChecksTable) -> ChecksConfig:
    return ChecksConfig(
        tests=table.tests, lint=table.lint, types=table.types, timeout_s=table.timeout_s
    )


def _environment(table: _EnvironmentTable) -> Settings:
    return Settings(
        setup=table.setup, mode=table.mode, linked=tuple(table.linked), network=table.network
    )


def _existing(source: Path, key: str, value: str | None) -> Path | None:
    """The file that a key names; a link stays one, as a venv's interpreter needs its own path."""
    if value is None:
        return None
    named = source.absolute().parent / value
    if not is_file(named):
        raise ConfigError(
            f"{source.name}: {key} = {value!r}: there is no file {named}",
            hint=f"Paths start at the folder of {source.name}.",
        )
    return named


def _executor(
    source: Path, name: str, table: _ExecutorTable, uses: Collection[str]
) -> ExecutorConfig:
    where = f"[executors.{name}]"
    _check_executor(f"{source.name}: {where}", name, table, uses)
    return ExecutorConfig(
        name=name,
        use=table.use,
        tier=Tier(table.tier),
        script=_existing(source, f"{where}: script", table.script),
        model=table.model,
        at_once=table.at_once,
        retries=table.retries,
    )


def _check_executor(where: str, name: str, table: _ExecutorTable, uses: Collection[str]) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{where}: {name!r} is not a name",
            hint="A name has 1 to 64 letters, digits, -, _ or ., the first a letter or digit.",
        )
    if name in RESERVED:
        raise ConfigError(
            f"{where}: sef has an executor {name!r} of its own, which works without a model",
            hint="Choose another name.",
        )
    if table.use not in uses:
        close = get_close_matches(table.use, uses, n=1)
        meant = f' (did you mean "{close[0]}"?)' if close else ""
        raise ConfigError(
            f"{where}: use = {table.use!r}{meant}: must be one of {', '.join(sorted(uses))}"
        )
    if table.use == "scripted" and table.script is None:
        raise ConfigError(f'{where}: the key "script" is missing: a scripted executor plays a file')
