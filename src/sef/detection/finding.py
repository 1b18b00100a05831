"""What was found, and what it would give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sef.model import Tier

CLAUDE: Final = "claude"
API: Final = "api"
"""Short names of the executors that ask models."""
CLAUDE_EXTRA: Final = "pip install 'sef-framework[claude]'"
API_EXTRA: Final = "pip install 'sef-framework[api]'"

WAY_OUT: Final = (
    "Log in to Claude Code (claude auth login), set a provider's key (ANTHROPIC_API_KEY, "
    "OPENAI_API_KEY, ...), start Ollama with a model, or name an executor in sef.toml; "
    "`sef doctor` says what is missing."
)
"""How to come by a model."""

_STEPS: Final = {Tier.LIGHT: "light", Tier.STANDARD: "standard", Tier.TARGET: "target"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An executor that a finding would give, in the words of a table [executors.NAME]."""

    name: str
    use: str
    """claude or api."""
    tier: Tier
    model: str
    """An alias, or the name that its provider knows it by."""
    provider: str
    """Who is paid, as the price table calls them; ollama is not in it."""
    base_url: str | None = None
    """Where it is served; None: at its vendor's."""
    key_variable: str | None = None
    """Name of the variable that holds the key; None where a login or nothing is needed."""


def offers(
    source: str,
    use: str,
    models: Mapping[Tier, str],
    provider: str,
    *,
    base_url: str | None = None,
    key_variable: str | None = None,
) -> tuple[Offer, ...]:
    """One executor for each tier, the lightest first; its name says the source and the tier."""
    return tuple(
        Offer(
            name=f"{source}-{_STEPS[tier]}",
            use=use,
            tier=tier,
            model=models[tier],
            provider=provider,
            base_url=base_url,
            key_variable=key_variable,
        )
        for tier in sorted(models)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where models may come from."""

    source: str
    usable: bool
    why: str
    """What was found, or what is missing and the way out."""
    executors: tuple[Offer, ...] = ()
    """What it would give; empty where it is not usable, and for sef.toml, which has its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """All findings, in the order in which they serve."""

    findings: tuple[Finding, ...]

    @property
    def serving(self) -> Finding | None:
        """The first that can be used; None where no model can be asked."""
        return next((one for one in self.findings if one.usable), None)

    @property
    def passed_over(self) -> tuple[Finding, ...]:
        """Those that could be used too, and come later."""
        return tuple(one for one in self.findings if one.usable)[1:]

    @property
    def executors(self) -> tuple[Offer, ...]:
        """Those of the finding that serves, the lightest first."""
        return self.serving.executors if self.serving else ()

    @property
    def said(self) -> str:
        """What serves and what was passed over, or the way out."""
        if self.serving is None:
            return f"No model can be asked here. {WAY_OUT}"
        given = ", ".join(f"{one.model} (tier {one.tier:d})" for one in self.executors)
        used = f"{self.serving.source} serves" + (f": {given}." if given else ".")
        if not self.passed_over:
            return used
        others = ", ".join(one.source for one in self.passed_over)
        return f"{used} Passed over: {others}; sef.toml can name them."
