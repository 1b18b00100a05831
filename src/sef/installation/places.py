"""Where Claude Code looks for agents, skills and settings: the user's folder and the project's."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from sef.errors import UsageError

STATE: Final = "sef"
"""The folder below `.claude` that holds what sef knows of it."""
MANIFEST: Final = "installed.json"


class Scope(StrEnum):
    """For whom something is installed."""

    USER = "user"
    PROJECT = "project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One folder that Claude Code reads."""

    scope: Scope
    folder: Path
    """`~/.claude`, or `.claude` in the project."""
    settings: Path
    """Where hooks go: they name a program of this machine, so a project's are its local ones."""
    others: tuple[Path, ...]
    """More settings files that Claude Code reads here, and sef leaves alone."""
    memory: Path
    """Its CLAUDE.md."""
    above: tuple[Path, ...] = ()
    """Settings files whose status line is shown in place of one from here."""
    below: tuple[Path, ...] = ()
    """Settings files of the same person whose status line is shown where there is none here."""

    @property
    def state(self) -> Path:
        """What sef knows of it."""
        return self.folder / STATE

    @property
    def manifest(self) -> Path:
        """What sef put there."""
        return self.state / MANIFEST

    @property
    def is_elsewhere(self) -> bool:
        """True where `.claude` is a link or no folder, and nothing of sef's is behind it."""
        strange = self.folder.is_symlink() or self.folder.is_file()
        return strange and not self.manifest.exists()

    @property
    def growing(self) -> tuple[Path, Path]:
        """Folders that become `.claude` or its `sef` by one renaming, or were these."""
        name = self.folder.name
        return self.folder.with_name(f"{name}.sef-moving"), self.folder / f"{STATE}.moving"


def user_place(variables: Mapping[str, str]) -> Place:
    """`CLAUDE_CONFIG_DIR`, else `~/.claude`. Raises UsageError where there is no home."""
    named, home = variables.get("CLAUDE_CONFIG_DIR"), variables.get("HOME")
    if not named and not home:
        raise UsageError("HOME is not set", hint="Set it, or CLAUDE_CONFIG_DIR.")
    folder = Path(named).absolute() if named else Path(str(home)).absolute() / ".claude"
    return Place(
        scope=Scope.USER,
        folder=folder,
        settings=folder / "settings.json",
        others=(),
        memory=folder / "CLAUDE.md",
    )


def project_place(start: Path) -> Place:
    """The project's folder: in the root of the repository that `start` is in, else in `start`."""
    start = start.absolute()
    root = next((one for one in (start, *start.parents) if (one / ".git").exists()), start)
    folder = root / ".claude"
    return Place(
        scope=Scope.PROJECT,
        folder=folder,
        settings=folder / "settings.local.json",
        others=(folder / "settings.json",),
        memory=root / "CLAUDE.md",
    )


def places(
    scopes: tuple[Scope, ...], variables: Mapping[str, str], start: Path
) -> tuple[Place, ...]:
    """The places for these scopes, the user's first.

    Raises UsageError where the project's folder is the user's, so that one would be both.
    """
    user = user_place(variables)
    found = {Scope.USER: user}
    project = project_place(start)
    if os.path.realpath(project.folder) != os.path.realpath(user.folder):
        found[Scope.USER] = replace(user, above=(project.settings, *project.others))
        found[Scope.PROJECT] = replace(project, below=(user.settings,))
    elif scopes == (Scope.PROJECT,):
        raise UsageError(
            f"{project.folder} is the user's own folder",
            hint="Go to a project, or install for the user: sef claude install --user",
        )
    return tuple(found[one] for one in Scope if one in scopes and one in found)


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """No other installer is at work here meanwhile. Raises UsageError where one is."""
    above = place.folder.parent
    if not above.is_dir():
        raise UsageError(f"{above} is not there", hint="Make that folder first.")
    handle = os.open(above, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # A file system without locks has none to hold.
        with suppress(OSError):
            _lock(handle, place)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, place: Place) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        said = f"another sef is installing at {place.folder}"
        raise UsageError(said, hint="Wait for its end.") from error
