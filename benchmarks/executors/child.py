"""A process of its own, for what a process can show once: its first call, and its memory.

python -m benchmarks.executors.child first WIRE URL ROOT
python -m benchmarks.executors.child memory WIRE URL ROOT AGENTS
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from pathlib import Path

from benchmarks.executors.ground import WIRE, Ground, Wire, Working, printed

_SETTLE_S = 1.0


async def first(wire: Wire, url: str, ground: Ground) -> None:
    """One whole run; tells when it began: before the executor was imported and made."""
    began = time.monotonic()
    executor = ground.executor(wire, url)
    try:
        ground.check(await executor.execute(ground.assignment()))
    finally:
        if wire.claude:
            await executor.close()
    printed({"began": began})


async def memory(wire: Wire, url: str, ground: Ground, agents: int) -> None:
    """Tells megabytes an agent while that many wait for an answer.

    Of Claude Code what its processes hold; of the API what this one holds more than with the same
    executor after a first run.
    """
    executor = ground.executor(wire, url)
    await _waiting(executor, ground, 1)
    before = _own_mb()
    working = await _waiting(executor, ground, agents, stays=True)
    held = sum(map(pss_mb, children())) if wire.claude else _own_mb() - before
    printed({"mb": held / agents, "processes": len(children())})
    for one in working:
        one.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    if wire.claude:
        await executor.close()


async def _waiting(
    executor: Working, ground: Ground, agents: int, *, stays: bool = False
) -> list[asyncio.Task[None]]:
    working = [asyncio.create_task(_worked(executor, ground, number)) for number in range(agents)]
    # The provider's process says when all requests are out.
    await asyncio.to_thread(_told, agents)
    await asyncio.sleep(_SETTLE_S)
    assert not any(one.done() for one in working), working
    if not stays:
        for one in working:
            one.cancel()
        await asyncio.gather(*working, return_exceptions=True)
    return working


async def _worked(executor: Working, ground: Ground, number: int) -> None:
    await executor.execute(ground.assignment(number))


def _told(agents: int) -> None:
    print(f"waiting {agents}", flush=True)
    sys.stdin.readline()


def _own_mb() -> float:
    gc.collect()
    return pss_mb(os.getpid())


def pss_mb(pid: int) -> float:
    """Its proportional share of memory, in MB of a million bytes; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    kib = next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return kib * 1024 / 1e6


def children(pid: int | None = None) -> list[int]:
    """All processes below one, this one by default."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            below.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [pid or os.getpid()]
    while todo:
        for child in below.get(todo.pop(), ()):
            found.append(child)
            todo.append(child)
    return found


def main() -> None:
    """Measures what the arguments say."""
    what, name, url, root, *more = sys.argv[1:]
    ground, wire = Ground(root=Path(root)), WIRE[name]
    if what == "first":
        asyncio.run(first(wire, url, ground))
    else:
        asyncio.run(memory(wire, url, ground, int(more[0])))


if __name__ == "__main__":
    main()
