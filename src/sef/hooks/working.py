"""Executors that are at work: those with a record of their start, and a Claude Code that runs."""

from __future__ import annotations

import os

from sef.hooks.records import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_MOST = 200


def working(folder: str, now: float) -> Iterator[dict[str, Any]]:
    """Executors that have started and not ended, whose Claude Code still runs."""
    for name in names(os.path.join(folder, "agents"), ".json"):
        record = load(folder, f"agents/{name.removesuffix('.json')}")
        if record is None or not lives(record):
            continue
        at = record.get("at")
        yield {
            "executor": str(record.get("executor")),
            "session": str(record.get("session")),
            "tree": str(record.get("tree") or ""),
            "seconds": round(now - at) if isinstance(at, int | float) and 0 < at <= now else None,
        }


def lives(record: Mapping[str, Any]) -> bool:
    """True while the process of its Claude Code runs; a later one of that number is another."""
    pid = record.get("pid")
    if type(pid) is not int or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        pass
    except (ProcessLookupError, OverflowError):
        return False
    stat = _stat(pid).rpartition(b")")[2].split()
    began = stat[19].decode() if len(stat) > 19 else ""
    return began == record.get("began") and stat[:1] != [b"Z"]


def _stat(pid: int) -> bytes:
    """What the kernel says of a process; nothing where there is no such file."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read(4_096)
    except OSError:
        return b""


def names(folder: str, end: str) -> list[str]:
    """Files of a folder that end so, at most 200."""
    try:
        with os.scandir(folder) as found:
            each = (one.name for one in found if one.name.endswith(end))
            return [name for name, _ in zip(each, range(_MOST), strict=False)]
    except OSError:
        return []
