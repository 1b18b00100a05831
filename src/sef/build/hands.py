"""The crew of a run, opened and ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from sef.build.executors import Crew, Surroundings, crew, found_here
from sef.build.places import WallClock
from sef.build.sandboxing import sandbox_of, with_own_programs
from sef.config import Config
from sef.detection import Detection
from sef.executors.wrappers import Budget


@asynccontextmanager
async def open_crew(
    config: Config,
    tree: Path,
    scratch: Path,
    limit: Decimal | None = None,
    *,
    budget: Budget | None = None,
) -> AsyncIterator[Crew]:
    """The executors that ask models, ended afterwards.

    `limit` in US dollars takes the place of the configured budget, and so does `budget`, which
    several crews may share. No tool sees `tree`, the user's,
    nor `scratch`.
    """
    variables, home = with_own_programs(os.environ), Path.home()
    configs, detection = await asyncio.to_thread(found_here, config, variables, home)
    sandbox, wanting = await asyncio.to_thread(
        sandbox_of, config, variables, tree=tree, scratch=scratch
    )
    most = config.budget_usd if limit is None else limit
    around = Surroundings(
        variables=variables,
        home=home,
        clock=WallClock(),
        sandbox=sandbox,
        wanting=wanting,
        hidden=(tree, scratch),
        budget=budget or (Budget(most) if most is not None else None),
    )
    hands = await asyncio.to_thread(crew, configs, around)
    problems = hands.problems if configs else (detection.said,)
    async with hands.closing:
        yield replace(
            hands,
            problems=tuple(filter(None, problems)),
            sandbox=sandbox.level if sandbox else "none",
            found="" if config.executors else _told(detection, hands),
        )


def _told(detection: Detection, hands: Crew) -> str:
    """Where the models come from that nobody configured; empty where there are none."""
    if detection.serving is None or not hands.executors:
        return ""
    return f"{detection.serving.source}: {', '.join(hands.executors)}"
