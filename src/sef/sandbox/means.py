"""Which sandbox works here: each is tried, and one that lets anything through does not count."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from sef.sandbox import landlock
from sef.sandbox.areas import Access, Areas
from sef.sandbox.bubblewrap import options
from sef.sandbox.level import Level
from sef.sandbox.places import own_interpreter
from sef.sandbox.restricted import restricted

_PROBE_S: Final = 20.0
_ATTEMPT: Final = """
import json, os, socket, sys
work, outside, secret, port = sys.argv[1:]
def tried(attempt):
    try:
        attempt()
    except OSError:
        return False
    return True
print(json.dumps({
    "pid": os.getpid(),
    "works": tried(lambda: open(work + "/file", "w").close()),
    "writes": tried(lambda: open(outside, "w").close()),
    "empties": tried(lambda: os.truncate(outside, 0)),
    "reads": tried(lambda: open(secret).read()),
    "connects": tried(lambda: socket.create_connection(("127.0.0.1", int(port)), 2).close()),
}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """A sandbox that works here."""

    level: Level
    program: str = ""
    """Path of bubblewrap."""
    first_pid: int | None = None
    """The number of a command among its own processes; None: it has the machine's."""


def probe() -> Level | None:
    """The strongest level that works here, tried once a process; None: none does."""
    means = found()
    return means.level if means is not None else None


@cache
def found() -> Means | None:
    """The same with what is needed to use it."""
    if sys.platform != "linux":
        return None
    return _bubblewrap(shutil.which("bwrap")) or _landlock()


def _bubblewrap(program: str | None) -> Means | None:
    if program is None:
        return None

    def wrap(areas: Areas, argv: Sequence[str]) -> tuple[str, ...]:
        return (program, *options(areas, network=False), "--", *argv)

    said = _attempt(wrap)
    if said is None or not isinstance(said.get("pid"), int):
        return None
    return Means(level=Level.BUBBLEWRAP, program=program, first_pid=int(str(said["pid"])))


def _landlock() -> Means | None:
    if landlock.abi() < 1:
        return None
    said = _attempt(lambda areas, argv: restricted(areas, argv, network=False))
    return None if said is None else Means(level=Level.LANDLOCK)


def _attempt(wrap: Callable[[Areas, Sequence[str]], tuple[str, ...]]) -> dict[str, object] | None:
    """What a command could do that was wrapped; None where it could not run or did too much."""
    with tempfile.TemporaryDirectory(prefix="sef-probe-") as made, socket.socket() as server:
        folder = Path(os.path.realpath(made))
        server.bind(("127.0.0.1", 0))
        server.listen()
        work, outside, secret = folder / "work", folder / "outside", folder / "hidden" / "secret"
        work.mkdir()
        secret.parent.mkdir()
        for file in (outside, secret):
            file.touch()
        areas = Areas().having(Access.READ, [folder, *own_interpreter()])
        areas = areas.having(Access.HIDDEN, [secret.parent]).having(Access.WRITE, [work])
        port = str(server.getsockname()[1])
        argv = (
            sys.executable,
            "-I",
            "-S",
            "-c",
            _ATTEMPT,
            *map(str, (work, outside, secret)),
            port,
        )
        try:
            done = subprocess.run(
                wrap(areas, argv), capture_output=True, timeout=_PROBE_S, check=False, cwd="/"
            )
            said = json.loads(done.stdout)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return None
    held = not any(said[what] for what in ("writes", "empties", "reads", "connects"))
    return said if done.returncode == 0 and said["works"] and held else None
