"""A home and a project to install into, what is in them, and ends that come too early."""

from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sef.errors import UsageError
from sef.installation.hooks import Hook
from sef.installation.order import Action, Order, Told, obey
from sef.installation.places import Scope

HOOKS = (
    Hook(
        event="PreToolUse",
        matcher="Agent",
        timeout_s=5,
        installed=("{python}", "-I", "hook.py", "--scope", "{scope}"),
        plugin=("${CLAUDE_PLUGIN_ROOT}/bin/hook", "--scope", "plugin"),
    ),
    Hook(
        event="SessionEnd",
        timeout_s=10,
        installed=("{python}", "-I", "hook.py", "--scope", "{scope}"),
        plugin=("${CLAUDE_PLUGIN_ROOT}/bin/hook", "--scope", "plugin"),
    ),
)
"""Hooks to try settings with; sef has none of its own yet."""
BOTH = (Scope.USER, Scope.PROJECT)
Tree = dict[str, tuple[int, bytes | str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A home and a git project below one folder."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def user(self) -> Path:
        return self.home / ".claude"

    @property
    def own(self) -> Path:
        return self.project / ".claude"

    def make(self) -> Ground:
        self.home.mkdir(parents=True)
        (self.project / ".git").mkdir(parents=True)
        return self

    def obey(
        self,
        action: Action,
        *scopes: Scope,
        force: bool = False,
        dry_run: bool = False,
        claude_md: bool = False,
        statusline: bool = False,
        hooks: Sequence[Hook] = (),
    ) -> tuple[Told, ...]:
        order = Order(
            action=action,
            scopes=scopes or BOTH,
            force=force,
            dry_run=dry_run,
            claude_md=claude_md,
            statusline=statusline,
        )
        return obey(order, variables={"HOME": str(self.home)}, start=self.project, hooks=hooks)

    def install(self, *scopes: Scope, **options: object) -> tuple[Told, ...]:
        return self.obey(Action.INSTALL, *scopes, **options)  # type: ignore[arg-type]

    def uninstall(self, *scopes: Scope, **options: object) -> tuple[Told, ...]:
        return self.obey(Action.UNINSTALL, *scopes, **options)  # type: ignore[arg-type]

    def status(self) -> tuple[Told, ...]:
        return self.obey(Action.STATUS)

    def tree(self) -> Tree:
        return tree(self.root)


@contextmanager
def scratch() -> Iterator[str]:
    """A folder that goes again; in memory where there is such, as there are many."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield name


def tree(root: Path) -> Tree:
    """Everything below a folder: modes, contents, targets of links."""
    found: Tree = {}
    for path in sorted(root.rglob("*")):
        mode = path.lstat().st_mode
        name = str(path.relative_to(root))
        if stat.S_ISLNK(mode):
            found[name] = (mode, str(path.readlink()))
        else:
            found[name] = (mode, path.read_bytes() if stat.S_ISREG(mode) else None)
    return found


_CHANGING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.chmod"}


def ended_at(step: int, root: Path, action: Callable[[], object], *, kill: bool) -> str:
    """Does something in a child process that is killed, or refused once, at its n-th change.

    Changes are what Python says it asks of the system below `root`. `whole` where there were
    fewer, `ended` where the child was killed or gave up, `survived` where it came to its end.
    """
    child = os.fork()
    if child == 0:
        ending = _Ending(step, root, kill=kill)
        try:
            sys.addaudithook(ending)
            action()
            os._exit(5 if ending.fired else 0)
        except (OSError, UsageError):
            os._exit(3)
        except BaseException:
            os._exit(4)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {0: "whole", 3: "ended", 5: "survived", 9: "ended"}[code]


class _Ending:
    def __init__(self, step: int, root: Path, *, kill: bool) -> None:
        self._left, self._root, self._kill = step, str(root), kill

    @property
    def fired(self) -> bool:
        return self._left <= 0

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT
        if not writing and event not in _CHANGING:
            return
        named = arguments[0]
        if isinstance(named, (str, os.PathLike)) and not str(named).startswith(self._root):
            return
        self._left -= 1
        if self._left == 0 and self._kill:
            os._exit(9)
        if self._left == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(named))
