"""What an engine is made of; `sef.build` puts it together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sef.events import Routed
from sef.experience import Experience
from sef.fusion import SETTLED
from sef.gate import Rule
from sef.model import Tier
from sef.policy import NO_WARM_UP
from sef.protocols import Clock, Ledger, Pool, Router, Sink, Verifier
from sef.sampling import FLOOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one engine."""

    router: Router
    pool: Pool
    tiers: Mapping[Tier, str]
    """The executor that serves each tier above 0."""
    verifiers: Mapping[str, Verifier]
    sinks: Sequence[Sink]
    clock: Clock
    ledger: Ledger
    cores: int
    """Tasks that may keep a core busy at once."""
    known: Experience = field(default_factory=Experience)
    """What past runs have taught."""
    rule: Rule = NO_WARM_UP
    """How careful the never-lose gate is."""
    allowance_usd: float = 1.0
    """What drafts may lose, as expected, to learn from them before much was spent."""
    usd_per_hour: float = 0.0
    """What an hour of waiting is worth; above 0 the target may start beside a slow draft."""
    wanting: tuple[str, ...] = ()
    """Executors that cannot be had, each with the way out."""
    prepare: Callable[[Iterable[Routed]], None] = lambda _: None
    """Told the routes of a run before it begins, so that executors get ready."""
    sandbox: str = ""
    """What stands around whatever runs in a tree that a draft wrote."""
    found: str = ""
    """The models that were found, where no configuration names any."""
    handover: bool = True
    """True where the next stage is told of the drafts that were not accepted."""
    asked: tuple[str, ...] = ()
    """Verifiers that ask models."""
    settled: float = SETTLED
    """Probability from which on the judge is not asked about a draft."""
    audit: float = FLOOR
    """The least probability with which an accepted draft is audited; 0 turns audits off."""
