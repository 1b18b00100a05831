"""Trees of executors lie inside the user's tree: two lines in git's own list of what it does not
show keep them out of `git status`, of test runners and of `git add`, while there are any.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LINES: Final = b"# sef: goes when the last executor has ended\n/.claude/worktrees/agent-*/\n"
"""Put before the user's own, which go first where they say otherwise."""
_PATIENCE_S: Final = 5.0


def hide(common: Path, state: str) -> None:
    """Adds the lines, once. Called after the record of the executor was written."""
    with _alone(state):
        said = _read(common)
        if LINES not in said:
            _write(common, LINES + said)


def show(common: Path, state: str) -> None:
    """Takes the lines out where no executor is left; every other byte stays."""
    with _alone(state):
        left = list((Path(state) / "agents").glob("*.json"))
        said = _read(common)
        if not left and LINES in said:
            _write(common, said.replace(LINES, b"", 1))


def _file(common: Path) -> Path:
    return (common / "info/exclude").resolve()  # it may be a link to somewhere


def _read(common: Path) -> bytes:
    try:
        return _file(common).read_bytes()
    except FileNotFoundError:
        return b""


def _write(common: Path, said: bytes) -> None:
    """Whole, or not at all; an empty file goes, as git does without it."""
    file = _file(common)
    if not said:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(exist_ok=True)
    new = file.with_name(f"{file.name}.{os.getpid()}.sef")
    new.write_bytes(said)
    if file.exists():
        new.chmod(file.stat().st_mode & 0o7777)
    new.replace(file)


@contextmanager
def _alone(state: str) -> Iterator[None]:
    """Held for a moment only; it goes with the process that holds it. Raises TimeoutError."""
    Path(state).mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(Path(state) / "exclude.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _hold(file)
        yield
    finally:
        os.close(file)


def _hold(file: int) -> None:
    ends = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > ends:
                raise TimeoutError("somebody holds exclude.lock and does not let go") from None
            time.sleep(0.01)
