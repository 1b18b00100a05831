"""What a project says about how sef should work on it, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from sef.environment.settings import Settings
from sef.model import Tier
from sef.sandbox import SandboxSettings


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
    memory_mb: int | None = None
    """MiB that each process of one may take in a fork; None: no limit of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesConfig:
    """What a model's tokens cost: US dollars a million."""

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    """None: as much as input."""
    cache_write: Decimal | None = None
    """For five minutes; None: as much as input."""
    cache_write_1h: Decimal | None = None
    """None: as much as `cache_write`."""


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
    """An alias or the full name of the model; of a scripted executor, its label in reports."""
    provider: str = "anthropic"
    """Who serves the model, as the price table calls them."""
    base_url: str | None = None
    """Where it is served; None: at its vendor's."""
    key_variable: str | None = None
    """The environment variable that holds the provider's key; None: none, or a login."""
    cli_path: Path | None = None
    """The Claude Code that `claude` drives; None: the one that comes with the SDK."""
    prices: PricesConfig | None = None
    """Prices of the model where the table has none, or others were agreed upon."""
    at_once: int | None = None
    """Calls that may run at once; None: as many as tasks do."""
    retries: int = 2
    """How often a call is tried again after a transient failure."""
    requests_per_minute: int | None = None
    """To the provider, over all executors that share its address; None: no limit."""
    tokens_per_minute: int | None = None
    """The same of tokens."""
    max_requests: int = 60
    """Requests to the model in one attempt."""
    max_tokens: int = 2_000_000
    """Tokens of every class in one attempt."""
    max_usd: Decimal | None = None
    """US dollars in one attempt, where the price is known; None: no limit."""
    stuck_s: float = 300.0
    """Seconds without the end of a step after which an attempt is given up."""
    compact_at: int = 90_000
    """Prompt tokens above which the history is shortened."""


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
    handover: bool = True
    """True: the next stage is told of a draft that was not accepted, with its diff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyConfig:
    """Which models verification may ask, and when."""

    judge: str = "auto"
    """An executor's name, off, or auto: the one of the standard tier, else of the target."""
    fresh: str = "off"
    """Who writes tests that a draft never saw: the same choices."""
    settled: float = 0.9
    """Probability from which on the judge is not asked."""
    batch: int = 4
    """Drafts that one question to the judge may hold."""
    wait_s: float = 10.0
    """Seconds that a draft waits for others to be judged with it."""


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
    verify: VerifyConfig = field(default_factory=VerifyConfig)
    """Which models verification may ask."""

    @property
    def sandbox(self) -> SandboxSettings:
        """Around whatever runs in a tree that a draft wrote."""
        return self.environment.sandbox
