"""An eye on what a command takes of the machine: processes without end, the last of the memory.

The limits of the kernel count all processes of a user, or one process alone; this counts those of
one command. Linux only: elsewhere nothing is watched.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sef.process import Watch

PROCESSES: Final = 4096
"""Processes and threads of one command beyond which it is taken for one that never stops."""
_EVERY_S: Final = 0.25
_LAST: Final = 0.05
"""Share of the machine's memory; where less is left, who took most of the rest must end."""
_PAGE: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a process and all its descendants take."""

    processes: int = 0
    """With their threads."""
    memory: int = 0
    """Bytes that are in memory and come from no file; shared ones count for each that has them."""


def watching(processes: int) -> Watch | None:
    """Tells of a program, by its number, when it has more processes than so many, or when it takes
    most of a memory that has come to its end; None where that cannot be seen."""
    if not sys.platform.startswith("linux"):
        return None

    async def watch(pid: int) -> str:
        while True:
            await asyncio.sleep(_EVERY_S)
            if why := await asyncio.to_thread(_beyond, pid, processes):
                return why

    return watch


def _beyond(pid: int, processes: int) -> str:
    taken = taken_by(pid)
    if taken.processes > processes:
        return f"it had more than {processes} processes at once"
    total, left = _memory()
    if left < _LAST * total and 2 * taken.memory > total - left:
        return f"it took {taken.memory >> 20} MiB of memory, and the machine had no more"
    return ""


def taken_by(pid: int) -> Taken:
    """What a process and its descendants take; nothing where it is gone."""
    children, threads, memory = _processes()
    todo, family = [pid], {pid}
    while todo:
        new = [child for child in children.get(todo.pop(), ()) if child not in family]
        family.update(new)
        todo += new
    return Taken(
        processes=sum(threads.get(one, 0) for one in family),
        memory=sum(memory.get(one, 0) for one in family),
    )


def _processes() -> tuple[Mapping[int, list[int]], Mapping[int, int], Mapping[int, int]]:
    """Children, number of threads, and memory by process."""
    children: dict[int, list[int]] = defaultdict(list)
    threads: dict[int, int] = {}
    memory: dict[int, int] = {}
    for name in filter(str.isdigit, (path.name for path in Path("/proc").iterdir())):
        with suppress(OSError, ValueError, IndexError):  # it has ended
            pid = int(name)
            said = Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()
            pages = Path(f"/proc/{name}/statm").read_bytes().split()
            children[int(said[1])].append(pid)
            threads[pid] = int(said[17])
            memory[pid] = max(0, int(pages[1]) - int(pages[2])) * _PAGE
    return children, threads, memory


def _memory() -> tuple[int, int]:
    """Bytes that the machine has, and that are left of them; as if all were, where it is silent."""
    said: dict[str, int] = {}
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(":")
            said[name] = int(rest.split()[0]) * 1024
    total = said.get("MemTotal", 1)
    return total, said.get("MemAvailable", total)
