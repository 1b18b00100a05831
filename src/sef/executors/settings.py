"""What every executor that asks a model is told about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from sef.prices import PriceTable

LONGEST_ANSWER: Final = 1_000_000
"""Characters of one answer; a longer one ends the attempt. The longest outputs that are sold, of
128,000 tokens, have about half of it; reading a stream of it takes 6 s of a processor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one attempt may use up. Crossing one ends it as failed, with what it had."""

    requests: int = 60
    """Requests to the model: turns."""
    tokens: int = 2_000_000
    """Tokens of all requests together, of every class."""
    usd: Decimal | None = None
    """US dollars, where the model's price is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """A model, who serves it, and what an attempt may cost."""

    executor: str
    """Name of the executor."""
    model: str
    """Full name of the model, as its provider knows it; never an alias."""
    provider: str = "anthropic"
    """Who is paid, as the price table calls them."""
    base_url: str | None = None
    """Where it is served; None: at its vendor's."""
    key: str | None = field(default=None, repr=False)
    """What the provider knows the payer by; None where none is needed."""
    limits: Limits = field(default_factory=Limits)
    prices: PriceTable = field(default_factory=PriceTable)
    compact_at: int = 90_000
    """Prompt tokens above which history is shortened (Haiku 5.5 bills five-fold past 100,000:
    genai-prices 0.2.3)."""
