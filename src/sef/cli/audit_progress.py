"""How far the reading of transcripts has come, on standard error."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Final, Self

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from sef.sinks.console import terminal

_STEP: Final = 4 << 20  # bytes
_EVERY_S: Final = 5.0


class Reading:
    """A bar on a terminal; elsewhere a line every five seconds."""

    def __init__(self, size: int) -> None:
        """`size` is all there is to read, in bytes."""
        self._size = max(size, 1)
        self._done = 0
        self._told = 0
        self._at = time.monotonic()
        self._console = terminal(stderr=True)
        self._bar = Progress(
            TextColumn("reading transcripts"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._row = self._bar.add_task("", total=self._size)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def advance(self, size: int) -> None:
        """Takes note of that many bytes more."""
        self._done += size
        if self._done - self._told < _STEP:
            return
        self._told = self._done
        self._bar.update(self._row, completed=self._done)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._at > _EVERY_S:
            self._at = now
            said = f"read {self._done // 10**6:,} of {self._size // 10**6:,} MB"
            self._console.print(said)
