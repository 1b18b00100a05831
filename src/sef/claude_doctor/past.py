"""What earlier sessions left: bookings, trees of executors, lines in the log of hooks."""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sef.claude_doctor.snapshot import Bookings, Tree
from sef.hooks.records import is_name, parsed
from sef.owner import Owner

DAYS: Final = 14
_TAIL: Final = 8 * 2**20
"""Bytes of a journal that are read, from its end."""
_LOG_TAIL: Final = 2**18
_LAST: Final = 3
_MOST_TREES: Final = 1_000


def bookings(folders: tuple[str, ...], now: float) -> Bookings:
    """What the sessions of the last days were billed for: the newest row of a session holds."""
    newest: dict[str, Mapping[str, Any]] = {}
    for folder in folders:
        for row in _rows(Path(folder) / "journal.jsonl"):
            at = row.get("at")
            young = isinstance(at, int | float) and now - at < DAYS * 86_400
            if row.get("event") == "booked" and young and is_name(row.get("session")):
                newest[str(row["session"])] = row
    odd: Counter[str] = Counter()
    for row in newest.values():
        said = row.get("not_as_requested")
        odd.update({str(one)[:250] for one in said} if isinstance(said, list) else ())
    requests = sum(sum(_requests(row.get("models"))) for row in newest.values())
    billed = [row for row in newest.values() if sum(_requests(row.get("models")))]
    return Bookings(sessions=len(billed), requests=requests, odd=dict(odd.most_common(20)))


def _requests(models: object) -> Iterator[int]:
    for sums in models.values() if isinstance(models, dict) else ():
        count = sums.get("requests") if isinstance(sums, dict) else None
        yield count if type(count) is int and 0 <= count < 10**9 else 0


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    for line in tail(path, _TAIL).splitlines():
        row = parsed(line)
        if row is not None:
            yield row


def tail(path: Path, limit: int) -> bytes:
    """The end of a regular file, whole lines alone; nothing where there is none or it is a link."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError):
        return b""
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            return b""
        start = max(0, found.st_size - limit)
        os.lseek(file, start, os.SEEK_SET)
        said = b""
        while len(said) < limit and (part := os.read(file, limit - len(said))):
            said += part
        return said.partition(b"\n")[2] if start else said
    finally:
        os.close(file)


def log_lines(path: Path, now: float) -> tuple[tuple[str, ...], int]:
    """The last lines of the last day, and how many lines that day has."""
    since = datetime.fromtimestamp(now, UTC) - timedelta(days=1)
    first = since.strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = tail(path, _LOG_TAIL).decode("utf-8", "replace").splitlines()
    young = [line for line in lines if line[:4].isdigit() and line[: len(first)] >= first]
    return tuple(young[-_LAST:]), len(young)


def trees(root: Path, state: str) -> tuple[Tree, ...]:
    """The trees of executors that are there, and whether somebody still works in them."""
    folder = root / ".claude" / "worktrees"
    if folder.parent.is_symlink() or folder.is_symlink() or not folder.is_dir():
        return ()
    with os.scandir(folder) as there:
        names = [one.name for _, one in zip(range(_MOST_TREES), there, strict=False)]
    return tuple(_tree(name, state) for name in sorted(names) if name.startswith("agent-"))


def _tree(name: str, state: str) -> Tree:
    agent = name.removeprefix("agent-")
    path = Path(state) / "agents" / f"{agent}.json"
    record = parsed(tail(path, _LOG_TAIL)) if is_name(agent) else None
    if record is None:
        return Tree(name=name, state="unrecorded")
    pid, began = record.get("pid"), record.get("began")
    if type(pid) is not int or pid <= 0 or not isinstance(began, str):
        return Tree(name=name, state="unrecorded")
    lives = pid < 2**31 and Owner(pid=pid, began=began).is_alive()
    return Tree(name=name, state="alive" if lives else "dead")


def now() -> float:
    """Seconds since 1970."""
    return time.time()
