"""Reading sef.toml."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sef.config.file import (
    ChecksTable,
    ConfigFile,
    EnvironmentTable,
    ExecutorTable,
    PricesTable,
    SandboxTable,
)
from sef.config.values import (
    ChecksConfig,
    Config,
    DraftsConfig,
    ExecutorConfig,
    PricesConfig,
    VerifyConfig,
)
from sef.environment.settings import Settings
from sef.errors import ConfigError
from sef.model import Tier
from sef.sandbox import SandboxSettings
from sef.tables import is_file, read

USES: Final = ("api", "claude", "scripted")
"""Short names of the executors that a configuration may use."""

RESERVED: Final = ("tests", "search")
"""Names of the executors that sef brings along, for which no model is needed."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def load_config(path: Path | None, uses: Collection[str] = USES) -> Config:
    """The configuration in the file, or the defaults where there is none.

    `uses` are the executors that may be named. Relative paths start at the file's folder. Raises
    ConfigError naming the file, the key, the value and what is allowed.
    """
    if path is None:
        return Config()
    found = read(path, ConfigFile, ConfigError)
    sandbox = _sandbox(path, found.sandbox)
    return Config(
        policy=found.policy,
        slots=found.slots,
        checks=_checks(found.checks),
        python=_existing(path, "[environment]: python", found.environment.python),
        environment=replace(_environment(found.environment), sandbox=sandbox),
        executors=tuple(_executor(path, name, t, uses) for name, t in found.executors.items()),
        drafts=DraftsConfig(**found.drafts.model_dump()),
        verify=_verify(path, found),
        budget_usd=_money(found.budget_usd),
    )


def _verify(source: Path, found: ConfigFile) -> VerifyConfig:
    table = VerifyConfig(**found.verify.model_dump())
    allowed = ("auto", "off", *found.executors)
    for key, name in (("judge", table.judge), ("fresh", table.fresh)):
        if name not in allowed:
            raise ConfigError(
                f"{source}: [verify] {key}: there is no executor {name!r}",
                hint=f"Choose {', '.join(allowed)}.",
            )
    return table


def _checks(table: ChecksTable) -> ChecksConfig:
    return ChecksConfig(**table.model_dump())


def _environment(table: EnvironmentTable) -> Settings:
    return Settings(setup=table.setup, mode=table.mode, linked=tuple(table.linked))


def _sandbox(source: Path, table: SandboxTable) -> SandboxSettings:
    try:
        return SandboxSettings(
            mode=table.mode,
            network=tuple(table.network),
            variables=tuple(table.variables),
            shown=tuple(table.shown),
        )
    except ConfigError as wrong:
        raise ConfigError(f"{source.name}: {wrong.args[0]}", hint=wrong.hint) from None


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
    source: Path, name: str, table: ExecutorTable, uses: Collection[str]
) -> ExecutorConfig:
    where = f"[executors.{name}]"
    _check_executor(f"{source.name}: {where}", name, table, uses)
    return ExecutorConfig(
        name=name,
        use=table.use,
        tier=Tier(table.tier),
        script=_existing(source, f"{where}: script", table.script),
        model=table.model,
        provider=table.provider,
        base_url=table.base_url,
        key_variable=table.key_variable,
        cli_path=_existing(source, f"{where}: cli_path", table.cli_path),
        prices=_prices(table.prices),
        max_usd=_money(table.max_usd),
        **table.model_dump(include=_AS_THEY_ARE),
    )


_AS_THEY_ARE: Final = {
    *("at_once", "retries", "requests_per_minute", "tokens_per_minute"),
    *("max_requests", "max_tokens", "stuck_s", "compact_at"),
}


def _prices(table: PricesTable | None) -> PricesConfig | None:
    if table is None:
        return None
    return PricesConfig(
        input=Decimal(str(table.input)),
        output=Decimal(str(table.output)),
        cache_read=_money(table.cache_read),
        cache_write=_money(table.cache_write),
        cache_write_1h=_money(table.cache_write_1h),
    )


def _money(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))


def _check_executor(where: str, name: str, table: ExecutorTable, uses: Collection[str]) -> None:
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
    if table.use in _ASKING and table.model is None:
        raise ConfigError(
            f'{where}: the key "model" is missing: {table.use} asks a model',
            hint='An alias ("haiku", "sonnet", "opus") or the full name of a model.',
        )
    if table.use == "api" and table.provider not in _AT_HOME and table.base_url is None:
        raise ConfigError(
            f'{where}: the key "base_url" is missing: where {table.provider} is served',
            hint='For example base_url = "https://host/v1".',
        )

    _check_address(where, table)


def _check_address(where: str, table: ExecutorTable) -> None:
    if table.use == "claude" and table.provider != "anthropic":
        raise ConfigError(
            f"{where}: provider = {table.provider!r}: Claude Code is served by anthropic",
            hint='Take use = "api" for other providers.',
        )
    parts = urlsplit(table.base_url or "")
    local = parts.hostname == "localhost" or _is_loopback(parts.hostname or "")
    if table.key_variable and parts.scheme == "http" and not local:
        raise ConfigError(
            f"{where}: base_url: a key would go unencrypted to another machine",
            hint="Take https://, or leave key_variable out.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


_ASKING: Final = ("api", "claude")
_AT_HOME: Final = ("anthropic", "openai", "ollama", "deepseek", "openrouter")
"""Providers whose address is known."""
