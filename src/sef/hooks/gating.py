"""What the never-lose gate says of each executor: the gate and the journal of headless runs.

It is asked where an executor was paid for anyway, and its answers are kept as a table, because the
hook before a delegation has no time to ask.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from sef.agents import ALIASES
from sef.build import open_journal, promise, repository_config
from sef.choice import Mode
from sef.config import Config
from sef.estimates import Estimates, Observation
from sef.events import Drafted, Fact, Routed
from sef.experience import Experience, Past, experience, stratum_of
from sef.hooks.delegating import EXECUTORS
from sef.learning import past_runs
from sef.model import Kind, Route, Task, Tier, Usage
from sef.policy import NO_WARM_UP, Decider
from sef.prices import PriceTable, Tokens
from sef.repository import Repository
from sef.sampling import expected

TARGET: Final = "conversation"
"""The main conversation, which is the target here."""
POLICY: Final = "standard"
_DAY_S: Final = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What a repository's runs have taught, and what its user wishes."""

    config: Config = field(default_factory=Config)
    past: tuple[Past, ...] = ()
    calibrations: tuple[Fact, ...] = ()

    def plus(self, facts: tuple[Fact, ...]) -> Memory:
        """With one more run, that ended just now."""
        newest = Past(at=time.time() / _DAY_S, facts=facts)
        return replace(self, past=(*self.past, newest))

    @cached_property
    def known(self) -> Experience:
        """The fold of it all."""
        return experience(self.past, promise(self.config), self.calibrations)


def remembered(repository: Repository) -> Memory:
    """Reads the configuration and the journal. Raises ConfigError, JournalError."""
    config = repository_config(repository)
    with closing(open_journal(repository)) as journal:
        past, calibrations = past_runs(journal), journal.calibrations()
    return Memory(config=config, past=past, calibrations=calibrations)


def route_of(executor: str, policy: str = POLICY) -> Route:
    """The route of what the conversation hands to an executor."""
    return Route(
        tier=Tier(EXECUTORS[executor]["tier"]),
        kind=Kind(executor.removeprefix("sef-")),
        policy=policy,
        score=1.0,
        reason="handed on by the main conversation of Claude Code",
    )


def table(memory: Memory) -> dict[str, dict[str, Any]]:
    """By executor: whether it pays, why, how a task begins, and what it may lose."""
    known = memory.known
    if not known.estimates.targets:
        known = replace(known, estimates=_with_targets(known.estimates, memory.past))
    return {name: _row(routed(memory, known, name)) for name in EXECUTORS}


def routed(memory: Memory, known: Experience, executor: str) -> Routed:
    """What the gate says of a task for an executor."""
    drafts, route = memory.config.drafts, route_of(executor)
    decider = Decider(
        policy=POLICY,
        executors={route.tier: executor, Tier.TARGET: TARGET},
        known=known,
        rule=replace(NO_WARM_UP, exploring=drafts.exploring),
        verify=expected(drafts.audit),
        allowance_usd=drafts.allowance_usd,
    )
    (found,) = decider.decide([(Task(id=str(route.kind), text=""), route)])
    return found


def _row(found: Routed) -> dict[str, Any]:
    reason = next(iter(found.weighed), "")
    pays = found.begins != Mode.TARGET
    return {"pays": pays, "reason": reason, "begins": found.begins, "risk_usd": found.risk_usd}


def _with_targets(known: Estimates, past: Iterable[Past]) -> Estimates:
    """Where no run of the target was seen: what its prices would make of the drafts' own tokens.

    Otherwise drafts priced in dollars would be weighed against a target of unknown size. It takes
    the target to need as many tokens as the draft did, which is a guess.
    """
    for run in past:
        routes = {one.task: one.route for one in run.facts if isinstance(one, Routed)}
        for one in run.facts:
            if not isinstance(one, Drafted) or one.task not in routes:
                continue
            if price := at_targets_prices(one.draft.usage):
                stratum = stratum_of(routes[one.task])
                known = known.plus(
                    Observation(stratum=stratum, target_cost=float(price), at=run.at)
                )
    return known


def at_targets_prices(used: Usage) -> Decimal | None:
    """US dollars of the same tokens at the target's prices; None where those are unknown."""
    prompt = used.input_tokens + used.cache_read_tokens + used.cache_write_tokens
    tokens = Tokens(
        input=used.input_tokens,
        cache_read=used.cache_read_tokens,
        cache_write_5m=used.cache_write_tokens,
        output=used.output_tokens,
        longest=prompt // max(1, used.requests),
    )
    return PriceTable().price(tokens, ALIASES["opus"], on=datetime.now(UTC).date())
