"""Which process works on a run, and whether it still does."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A process, told apart from a later one with the same pid."""

    pid: int
    began: str
    """When the kernel started it, in its own count; empty where the kernel does not say."""

    def is_alive(self) -> bool:
        """True while the process runs."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return _began(self.pid) == self.began


NOBODY = Owner(pid=2**31 - 1, began="")
"""No system has a process of that number."""


def this_process() -> Owner:
    """The running process."""
    return owner_of(os.getpid())


def owner_of(pid: int) -> Owner:
    """The process that has that pid now."""
    return Owner(pid=pid, began=_began(pid))


def _began(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The name in brackets may hold spaces and brackets.
    fields = stat.rsplit(")", 1)[1].split()
    return "ended" if fields[0] == "Z" else fields[19]
