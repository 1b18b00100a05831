"""The first call of a process: what it has to load is loaded in time, and is no standstill."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.staff import MESSAGES

_FIRST = """
import asyncio, json, sys, time
from pathlib import Path
from contracts.staff import MESSAGES
from contracts.world import at_work, make_world
from sef.events import Routed
from sef.model import Cascade, Effort, Stage, Tier

class Loading:
    began, seconds = time.monotonic(), None

    @property
    def loaded(self):
        return hasattr(sys.modules.get("sef.executors.api.conversation"), "held")

    def now(self):
        if self.loaded and self.seconds is None:
            self.seconds = time.monotonic() - self.began
        return time.monotonic() - self.began if self.seconds is None else self.seconds

    async def sleep(self, seconds):
        until = self.now() + seconds
        while self.now() < until:
            await asyncio.sleep(0.02)

async def first(root, warmed):
    world, clock = make_world(root), Loading()
    async with at_work(world, MESSAGES, [], stuck_s=0.3, clock=clock) as worker:
        began = time.monotonic()
        stage = Stage(
            executor="worker", tier=Tier.STANDARD, effort=Effort.LOW, verifiers=(), deadline_s=9.0
        )
        route = world.assignment("Do it.").route
        if warmed:
            worker.crew.warm([Routed(task="t", route=route, cascade=Cascade(stages=(stage,)))])
        at_once = time.monotonic() - began
        while warmed and not clock.loaded:
            assert time.monotonic() < began + 60
            await asyncio.sleep(0.05)
        proposal = await worker.work()
        return {"warming": at_once, "said": proposal.answer.text}

print(json.dumps(asyncio.run(first(Path(sys.argv[1]), sys.argv[2] == "warmed"))))
"""
"""A clock that goes on while the imports do, and stands still once they are done."""


@pytest.mark.slow
@pytest.mark.skipif(bool(MESSAGES.missing), reason=MESSAGES.missing)
@pytest.mark.parametrize("begun", ["warmed", "cold"])
def test_imports_do_not_count_as_being_stuck(tmp_path: Path, begun: str) -> None:
    """They take longer than the 0.3 s in which a step has to end here. Warming returns at once, and
    loads them before anybody asks."""
    done = subprocess.run(
        (sys.executable, "-c", _FIRST, str(tmp_path), begun),
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), "PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["said"].startswith("It says alpha.")
    assert told["warming"] < 1
