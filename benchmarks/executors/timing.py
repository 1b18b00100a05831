"""Times of single runs, each of which is checked."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.executors import bare
from benchmarks.executors.ground import (
    BEGAN,
    EFFORT,
    KIND,
    TIER,
    Ground,
    Wire,
    Working,
    commanding,
    hanging,
    three_turns,
)
from sef.model import Proposal
from sef.testing.provider import LoopbackProvider, Turn

_ROOT = Path(__file__).parents[2]
_ANSWERS = ("/v1/messages", "/v1/chat/completions")
_LONGEST_S = 60.0


def first_request_cold(wire: Wire, ground: Ground) -> float:
    """Seconds from before the executor was imported and made, in a new process, until its first
    request arrived at the provider."""
    with LoopbackProvider(three_turns(wire, ground.fork(), 0.0)) as provider:
        began_listening = time.monotonic() - provider.seconds()
        with child("first", wire, provider.url, ground) as process:
            said, _ = process.communicate(timeout=_LONGEST_S)
        assert process.returncode == 0
        return began_listening + _first(provider) - float(_value(said, "began"))


async def first_request_warm(wire: Wire, ground: Ground, times: int) -> list[float]:
    """The same of calls of an executor that has a client waiting, or that has run before."""
    found = []
    with LoopbackProvider(three_turns(wire, ground.fork(), 0.0)) as provider:
        executor = ground.executor(wire, provider.url, waiting=1)
        if wire.claude:
            executor.warm(KIND, TIER, EFFORT)
        else:
            ground.check(await executor.execute(ground.assignment()))
        for _ in range(times):
            if wire.claude:
                await executor.warmed()
                assert len(executor.pids) == 1
            seen, began = len(_asked(provider)), provider.seconds()
            ground.check(await executor.execute(ground.assignment()))
            found.append(_asked(provider)[seen] - began)
        if wire.claude:
            await executor.close()
    return found


async def three_turn_runs(
    wire: Wire, ground: Ground, times: int
) -> tuple[list[float], list[float], list[float]]:
    """Seconds of three-turn runs: ours, the bare client's, and ours with clients that wait.

    They take turns. Ours and the bare one both start a client for the run.
    """
    ours: list[float] = []
    theirs: list[float] = []
    warm: list[float] = []
    with LoopbackProvider(three_turns(wire, ground.fork())) as provider:
        url = provider.url
        executor = ground.executor(wire, url)
        pooled = ground.executor(wire, url, waiting=1)

        client = bare.Claude(ground, url) if wire.claude else bare.Pydantic(ground, wire, url)

        async def settled() -> None:
            if isinstance(client, bare.Claude):
                await client.settled()
                await executor.warmed()
                await pooled.warmed()

        for number in range(times + 1):
            for kept, work in ((ours, executor), (theirs, None), (warm, pooled)):
                if kept is warm and wire.claude:
                    pooled.warm(KIND, TIER, EFFORT)
                await settled()
                seconds = await _timed(ground, client.run if work is None else _run(work, ground))
                if number:  # the first round is for imports and the file cache
                    kept.append(seconds)
        await client.close()
        for one in (executor, pooled) if wire.claude else ():
            await one.close()
    return ours, theirs, warm


async def called_off(wire: Wire, ground: Ground, times: int, *, command: bool) -> list[float]:
    """Seconds from `task.cancel()` until CancelledError is raised, while a request hangs or a
    command runs."""
    found = []
    began = ground.fork() / BEGAN
    for _ in range(times):
        script: Sequence[Turn] = commanding(wire) if command else hanging()
        with LoopbackProvider(script) as provider:
            executor = ground.executor(wire, provider.url)
            call = asyncio.create_task(executor.execute(ground.assignment()))
            while not (began.exists() if command else _asked(provider)):
                assert not call.done(), call
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            asked = time.perf_counter()
            call.cancel()
            with suppress(asyncio.CancelledError):
                await call
            found.append(time.perf_counter() - asked)
            assert call.cancelled()
            began.unlink(missing_ok=True)
            if wire.claude:
                await executor.close()
    return found


def megabytes(wire: Wire, ground: Ground, agents: int) -> float:
    """MB an agent, of a million bytes, while that many wait for an answer."""
    with (
        LoopbackProvider(hanging()) as provider,
        child("memory", wire, provider.url, ground, str(agents)) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        for expected in (1, agents):
            words = process.stdout.readline().split()
            assert words[:1] == ["waiting"], words
            _until(lambda: len(_asked(provider)) >= expected + (expected > 1))  # noqa: B023
            process.stdin.write("go\n")
            process.stdin.flush()
        said, _ = process.communicate(timeout=_LONGEST_S)
    return float(_value(said, "mb"))


@contextmanager
def child(
    what: str, wire: Wire, url: str, ground: Ground, *more: str
) -> Iterator[subprocess.Popen[str]]:
    """A process of `benchmarks.executors.child`."""
    argv = (sys.executable, "-m", "benchmarks.executors.child", what, wire.name, url)
    process = subprocess.Popen(
        (*argv, str(ground.root), *more),
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _asked(provider: LoopbackProvider) -> list[float]:
    """When the requests for an answer arrived."""
    return [one.at for one in provider.requests if one.path in _ANSWERS]


def _first(provider: LoopbackProvider) -> float:
    return _asked(provider)[0]


def _until(reached: Callable[[], bool]) -> None:
    ending = time.monotonic() + _LONGEST_S
    while not reached():
        assert time.monotonic() < ending
        time.sleep(0.02)


def _run(executor: Working, ground: Ground) -> Callable[[], Awaitable[Proposal]]:
    return lambda: executor.execute(ground.assignment())


async def _timed(ground: Ground, work: Callable[[], Awaitable[Proposal | None]]) -> float:
    began = time.perf_counter()
    proposal = await work()
    seconds = time.perf_counter() - began
    ground.check(proposal)
    return seconds


def _value(said: str, name: str) -> float:
    lines = [line for line in said.splitlines() if line.startswith("{")]
    return float(json.loads(lines[-1])[name])
