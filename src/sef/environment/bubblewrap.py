"""bubblewrap: another view of the machine's files for one command.

The command and all its children see the view; nothing outside it changes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sef.sandbox import Areas, Sandbox
from sef.sandbox.bubblewrap import options

_PROBE_S = 10.0
# A command that runs as root could otherwise unmount the view, or look into a process outside it.
_GUARDED = ("--die-with-parent", "--cap-drop", "CAP_SYS_ADMIN", "--cap-drop", "CAP_SYS_PTRACE")
_MACHINE = ("--dev-bind", "/", "/")
# The shell opens the file that bubblewrap writes the command's pid to, and becomes bubblewrap.
_WITH_PID = ("/bin/sh", "-c", 'exec "$@" 3>"$0"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A sandbox, and what one fork's commands need of the machine in it."""

    sandbox: Sandbox
    writable: tuple[str, ...]
    shown: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    git_at: Mapping[str, str] = field(default_factory=dict)
    """Where a git folder is seen that is mounted elsewhere."""

    def areas(self, writable: Sequence[Path]) -> Areas:
        """What may be read and written where."""
        wanted = (*self.writable, *map(str, writable))
        return self.sandbox.reaching(writable=wanted, shown=self.shown, hidden=self.hidden)

    def wrap(
        self, argv: Sequence[str], writable: Sequence[Path] = (), *, network: bool = False
    ) -> tuple[str, ...]:
        """The command line that runs `argv` where nothing is mounted besides."""
        asked = tuple(map(Path, (*self.writable, *map(str, writable))))
        shown = tuple(map(Path, self.shown))
        return self.sandbox.wrap(argv, writable=asked, shown=shown, network=network)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a command sees of the machine, by one call of bubblewrap."""

    program: str
    """Path of bubblewrap."""
    mounts: tuple[str, ...]
    """Its options, in the order in which they are applied."""
    pid_file: Path
    """Where it writes which process the command became; the command itself cannot read it."""
    held: Held | None = None
    """What the command may reach at all; None: the whole machine, as whoever started it."""
    hides: bool = True
    """True where the user's tree cannot be reached."""

    def wrap(
        self, argv: Sequence[str], writable: Sequence[Path] = (), *, network: bool = False
    ) -> tuple[str, ...]:
        """The command line that runs `argv` with this view.

        `writable` and `network` are what a held command may use besides.
        """
        last = ("--ro-bind", "/dev/null", str(self.pid_file))
        around = self._around(writable, network)
        words = ("--info-fd", "3", *around, *self.mounts, *self._masks(), *last)
        return (*_WITH_PID, str(self.pid_file), self.program, *words, "--", *argv)

    def _around(self, writable: Sequence[Path], network: bool) -> tuple[str, ...]:
        if self.held is not None:
            return options(self.held.areas(writable), network=network)
        return (*_GUARDED, *_MACHINE)

    def _masks(self) -> tuple[str, ...]:
        return self.held.sandbox.masks(self.held.git_at) if self.held is not None else ()

    @property
    def apart(self) -> bool:
        """True where the command's processes have numbers of their own."""
        return self.held is not None

    def pid(self) -> int | None:
        """The process that the command became, by its own number; None where it never began."""
        try:
            began = int(json.loads(self.pid_file.read_text(encoding="ascii"))["child-pid"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return self.held.sandbox.first_pid if self.held is not None else began


@cache
def bubblewrap() -> str | None:
    """The path of bubblewrap where it works, asked once a process; None where it does not."""
    found = shutil.which("bwrap")
    if found is None:
        return None
    argv = (found, *_GUARDED, *_MACHINE, "--tmpfs", "/mnt", "--", "true")
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
    """Mounts that make folders empty and files unreadable; what does not exist is left out."""
    words: list[str] = []
    for path in filter(os.path.lexists, paths):
        folder = Path(path).is_dir()
        words += ["--tmpfs", path] if folder else ["--ro-bind", "/dev/null", path]
    return tuple(words)


def outermost(paths: Iterable[str]) -> list[str]:
    """The paths that lie in no other of them, sorted."""
    kept: list[str] = []
    for path in sorted(set(paths)):
        if not (kept and (path + "/").startswith(kept[-1].rstrip("/") + "/")):
            kept.append(path)
    return kept
