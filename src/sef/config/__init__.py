"""sef.toml -> one frozen `Config`. Nothing is read from the environment."""

from sef.config.load import RESERVED, USES, load_config
from sef.config.values import (
    ChecksConfig,
    Config,
    DraftsConfig,
    ExecutorConfig,
    PricesConfig,
)

__all__ = [
    "RESERVED",
    "USES",
    "ChecksConfig",
    "Config",
    "DraftsConfig",
    "ExecutorConfig",
    "PricesConfig",
    "load_config",
]
