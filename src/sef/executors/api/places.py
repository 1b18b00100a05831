"""Where providers serve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sef.executors.settings import ModelSettings

ANTHROPIC: Final = "anthropic"
OLLAMA: Final = "ollama"
PLACES: Final[Mapping[str, str]] = {
    ANTHROPIC: "https://api.anthropic.com",
    "openai": "https://api.openai.com/v1",
    "deepseek": "https://api.deepseek.com",
    "openrouter": "https://openrouter.ai/api/v1",
    OLLAMA: "http://127.0.0.1:11434",
}
"""Where providers serve, for settings that do not say."""


def place(settings: ModelSettings) -> str | None:
    """Where the model is served; None where nobody said."""
    where = settings.base_url or PLACES.get(settings.provider)
    if where and settings.provider == OLLAMA:
        where = where.rstrip("/").removesuffix("/v1") + "/v1"
    return where
