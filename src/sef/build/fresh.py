"""Who writes fresh tests, by the configuration."""

from __future__ import annotations

from sef.build.executors import Crew
from sef.build.places import WallClock
from sef.checks import CheckRunner
from sef.config import Config
from sef.errors import ConfigError
from sef.model import Tier
from sef.protocols import Pool, Verifier
from sef.repository import Repository
from sef.verifiers.fresh import FreshTests, Writer
from sef.workspace import Workspace


def fresh_tests(
    config: Config,
    hands: Crew,
    *,
    pool: Pool,
    runner: CheckRunner,
    workspace: Workspace,
    repository: Repository,
) -> dict[str, Verifier]:
    """The verifier that has tests written, by its name; empty where nobody can be asked.

    Raises ConfigError where sef.toml names nobody.
    """
    writers = fresh_writers(config, hands)
    if not writers:
        return {}
    fresh = FreshTests(
        pool=pool,
        workspace=workspace,
        git=repository.git,
        runner=runner,
        clock=WallClock(),
        writers=writers,
    )
    return {"fresh": fresh}


def fresh_writers(config: Config, hands: Crew) -> tuple[Writer, ...]:
    """Who writes fresh tests, and after that one who else may where that one drafted."""
    wanted = config.verify.fresh
    if wanted == "off":
        return ()
    order = (Tier.STANDARD, Tier.TARGET, Tier.LIGHT)
    serving = [Writer(name=hands.tiers[tier], tier=tier) for tier in order if tier in hands.tiers]
    if wanted == "auto":
        # A light model alone is no judge of what it drafts itself.
        return tuple(serving) if any(one.tier >= Tier.STANDARD for one in serving) else ()
    tiers = {one.name: one.tier for one in config.executors} | {
        one.name: one.tier for one in serving
    }
    if wanted not in tiers:
        raise ConfigError(
            f"[verify] fresh = {wanted!r} names no executor",
            hint=f"Take off, auto or one of: {', '.join(sorted(tiers)) or 'none is configured'}.",
        )
    if wanted not in hands.executors:
        return ()  # it cannot be had, which is told with the executors
    first = Writer(name=wanted, tier=tiers[wanted])
    return (first, *(one for one in serving if one.name != wanted))
