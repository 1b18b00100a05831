"""Who writes fresh tests, by the configuration."""

from __future__ import annotations

from sef.build.executors import Crew
from sef.build.places import WallClock
from sef.checks import CheckRunner
from sef.config import Config
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
    """The verifier that has tests written, by its name; empty where nobody can be asked."""
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
    # That sef.toml has it was seen when it was read; where it cannot be had, that is told there.
    named = (one for one in config.executors if one.name == wanted and wanted in hands.executors)
    first = [Writer(name=one.name, tier=one.tier) for one in named]
    return (*first, *(one for one in serving if one.name != wanted)) if first else ()
