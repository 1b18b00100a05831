"""What a client is started as, and where it works."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sef.agents import ALL_TOOLS, TOOLS, definition, effort_asked
from sef.errors import DraftFailure
from sef.executors.settings import ModelSettings
from sef.model import Effort, Kind, Tier
from sef.prices import PriceTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a client is told when it starts. A waiting client serves any call of its role."""

    model: str
    """Full name."""
    effort: str | None
    """In the client's words; None where the model takes no such word."""
    prompt: str
    tools: tuple[str, ...]
    """All that it may use, by the client's names."""
    turns: int
    """Requests to the model."""
    usd: Decimal | None
    """US dollars at list prices; None where the client's own count of them would be wrong."""


def role_of(settings: ModelSettings, kind: Kind, tier: Tier, effort: Effort) -> Role:
    """The role for a kind of task at a tier. Raises ValueError for tier 0."""
    told = definition(kind, tier)
    return Role(
        model=settings.model,
        effort=effort_asked(settings.model, effort),
        prompt=told.prompt,
        tools=TOOLS if told.tools == ALL_TOOLS else told.tools,
        turns=max(1, min(told.max_turns, settings.limits.requests)),
        usd=settings.limits.usd if _list_price(settings) else None,
    )


def _list_price(settings: ModelSettings) -> bool:
    """True where the client would count as we do: it knows list prices only."""
    if settings.limits.usd is None:
        return False
    from datetime import UTC, datetime

    today = datetime.now(UTC).date()
    listed = PriceTable().rates(settings.model, on=today)
    ours = settings.prices.rates(settings.model, on=today, provider=settings.provider)
    return listed is not None and listed == ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A fork, and the git folder of the repository that it belongs to."""

    path: Path
    """The fork's root, links resolved."""
    git: Path
    """Git's folder of the main repository; nothing in it may be written."""


def place_of(path: Path) -> Place:
    """The place at a fork's root. Raises DraftFailure where it is no fork."""
    try:
        root = path.resolve(strict=True)
        named = (root / ".git").read_text()
        record = (root / named.removeprefix("gitdir:").strip()).resolve(strict=True)
        git = (record / (record / "commondir").read_text().strip()).resolve(strict=True)
    except (OSError, UnicodeDecodeError) as error:
        raise DraftFailure(f"{path} is no fork that a client may work in: {error}") from error
    return Place(path=root, git=git)
