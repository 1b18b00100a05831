"""bubblewrap: another view of the machine's files for one command.

The command and all its children see the view; nothing outside it changes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PROBE_S = 10.0
# A command that runs as root could otherwise unmount the view, or look into a process outside it.
_GUARDED = ("--die-with-parent", "--cap-drop", "CAP_SYS_ADMIN", "--cap-drop", "CAP_SYS_PTRACE")
_MACHINE = ("--dev-bind", "/", "/")
_NO_NETWORK = "--unshare-net"
# The shell opens the file that bubblewrap writes the command's pid to, and becomes bubblewrap.
_WITH_PID = ("/bin/sh", "-c", 'exec "$@" 3>"$0"')


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a command sees of the machine."""

    program: str
    """Path of bubblewrap."""
    mounts: tuple[str, ...]
    """Its options, in the order in which they are applied."""
    pid_file: Path
    """Where it writes which process the command became; the command itself cannot read it."""
    network: bool = True

    def wrap(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command line that runs `argv` with this view."""
        network = () if self.network else (_NO_NETWORK,)
        last = ("--ro-bind", "/dev/null", str(self.pid_file))
        options = ("--info-fd", "3", *_GUARDED, *network, *_MACHINE, *self.mounts, *last)
        return (*_WITH_PID, str(self.pid_file), self.program, *options, "--", *argv)

    def pid(self) -> int | None:
        """The process that the command became, None where it never began."""
        try:
            return int(json.loads(self.pid_file.read_text(encoding="ascii"))["child-pid"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


@cache
def bubblewrap(*, network: bool = True) -> str | None:
    """The path of bubblewrap where it works, asked once a process; None where it does not."""
    found = shutil.which("bwrap")
    if found is None:
        return None
    isolated = () if network else (_NO_NETWORK,)
    argv = (found, *_GUARDED, *isolated, *_MACHINE, "--tmpfs", "/mnt", "--", "true")
    try:
        done = subprocess.run(argv, capture_output=True, timeout=_PROBE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found if done.returncode == 0 else None


def hidden(tree: str, shown: Iterable[str]) -> tuple[str, ...]:
    """Mounts that empty `tree` except for what is `shown` of it, read-only."""
    return ("--tmpfs", tree, *read_only(shown), "--remount-ro", tree)


def read_only(paths: Iterable[str]) -> tuple[str, ...]:
    """Mounts that keep the paths from being written to; those that do not exist are left out."""
    there = [path for path in outermost(paths) if Path(path).exists()]
    return tuple(word for path in there for word in ("--ro-bind", path, path))


def away(paths: Iterable[str]) -> tuple[str, ...]:
    """Mounts that make folders empty and files unreadable."""
    options: list[str] = []
    for path in paths:
        folder = Path(path).is_dir()
        options += ["--tmpfs", path] if folder else ["--ro-bind", "/dev/null", path]
    return tuple(options)


def outermost(paths: Iterable[str]) -> list[str]:
    """The paths that lie in no other of them, sorted."""
    kept: list[str] = []
    for path in sorted(set(paths)):
        if not (kept and (path + "/").startswith(kept[-1].rstrip("/") + "/")):
            kept.append(path)
    return kept
