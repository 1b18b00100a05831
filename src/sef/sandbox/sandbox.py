"""A sandbox for one user's tree: the command line that runs a command jailed."""

# ruff: noqa: PTH110, PTH112, PTH113
# Paths are texts here, of which a command has a hundred: pathlib takes milliseconds for them.
from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sef.sandbox.allowed import permitted
from sef.sandbox.areas import Access, Areas
from sef.sandbox.bubblewrap import options
from sef.sandbox.level import Level, no_sandbox
from sef.sandbox.means import found
from sef.sandbox.places import git_folders, homes_of, machine, showing
from sef.sandbox.restricted import restricted
from sef.sandbox.settings import SandboxSettings

_SECRET: Final = re.compile(r"(?i)extraheader|://[^/\s]*@|passw|token|secret|credential|helper")
_ENVIRONMENTS: Final = (".venv", "venv", "env")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """Jails commands: in bubblewrap, with Landlock, or, where that was asked for, not at all."""

    level: Level
    program: str = ""
    """Path of bubblewrap."""
    first_pid: int | None = None
    """The number that a command has among its own processes; None: it has the machine's."""
    areas: Areas = field(default_factory=Areas)
    homes: tuple[str, ...] = ()
    settings: SandboxSettings = field(default_factory=SandboxSettings)
    git: tuple[str, ...] = ()
    """The git folders of the user's tree; they can be read."""
    plain_config: Path | None = None
    """What is shown in place of git's configuration where that holds a secret."""

    def wrap(
        self,
        argv: Sequence[str],
        *,
        writable: Sequence[Path],
        shown: Sequence[Path] = (),
        network: bool = False,
    ) -> tuple[str, ...]:
        """The command line that runs `argv` with nothing but `writable` to write to.

        A fork's `.git` file stays as it is. `network` is not asked again: see `permits`.
        """
        if self.level is Level.OFF:
            return tuple(argv)
        areas = self.reaching(writable=writable, shown=shown)
        if self.level is Level.LANDLOCK:
            return restricted(areas, argv, network=network)
        jail = (*options(areas, network=network), *self.masks(), "--new-session")
        return (self.program, *jail, "--", *argv)

    def reaching(
        self,
        *,
        writable: Iterable[str | os.PathLike[str]] = (),
        shown: Iterable[str | os.PathLike[str]] = (),
        hidden: Iterable[str | os.PathLike[str]] = (),
    ) -> Areas:
        """The machine as a command sees it that may write to `writable`."""
        areas = self.areas.having(Access.HIDDEN, hidden)
        areas = showing(areas, [os.fspath(path) for path in shown], self.homes)
        forks = [os.fspath(path) for path in writable if os.path.exists(path)]
        kept = [f"{path}/.git" for path in forks if os.path.isfile(f"{path}/.git")]
        return areas.having(Access.WRITE, forks).having(Access.READ, kept)

    def masks(self, places: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """Mounts that hide sef's records and secrets in git's folders; they come last.

        `places` says where a git folder is seen that is mounted elsewhere.
        """
        words: list[str] = []
        for folder in self.git:
            at = (places or {}).get(folder, folder)
            if os.path.isdir(f"{folder}/sef"):
                words += ["--tmpfs", f"{at}/sef"]
            if self.plain_config is not None and os.path.isfile(f"{folder}/config"):
                words += ["--ro-bind", str(self.plain_config), f"{at}/config"]
        return tuple(words)

    def permits(self, argv: Sequence[str]) -> bool:
        """True where sef.toml lets commands that begin like this one use the network."""
        return permitted(argv, self.settings.network)


def confine(
    settings: SandboxSettings,
    *,
    tree: Path | None = None,
    scratch: Path | None = None,
    variables: Mapping[str, str],
    hidden: Sequence[Path] = (),
) -> Sandbox:
    """The sandbox for forks of `tree`, with the strongest level that works here.

    The user's tree is hidden, except for git's folder and its virtual environments, and so are
    `scratch`, where all forks are, and `hidden`. Raises NoSandbox where one is required and none
    works.
    """
    if settings.mode == "off":
        return Sandbox(level=Level.OFF, settings=settings)
    means = found()
    if means is None:
        raise no_sandbox()
    homes = homes_of(variables)
    git = git_folders(tree) if tree else ()
    areas = machine(variables, settings.shown)
    areas = areas.having(Access.HIDDEN, [each for each in (tree, scratch, *hidden) if each])
    areas = areas.having(Access.READ, [*git, *(_environments(tree) if tree else ())])
    config = _without_secrets(git, scratch)
    if means.level is Level.LANDLOCK:  # which has no mounts that could come last
        secret = ("sef", "config") if config is not None else ("sef",)
        hide = [f"{folder}/{name}" for folder in git for name in secret]
        areas = areas.having(Access.HIDDEN, hide)
    return Sandbox(
        level=means.level,
        program=means.program,
        first_pid=means.first_pid,
        areas=areas,
        homes=homes,
        settings=settings,
        git=git,
        plain_config=config,
    )


def _environments(tree: Path) -> list[Path]:
    return [tree / name for name in _ENVIRONMENTS if (tree / name / "pyvenv.cfg").is_file()]


def _without_secrets(git: Sequence[str], scratch: Path | None) -> Path | None:
    """A copy of git's configuration without what looks like a secret; None: it has none."""
    try:
        text = Path(git[-1], "config").read_text(encoding="utf-8", errors="replace") if git else ""
    except OSError:
        return None
    if not _SECRET.search(text):
        return None
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
    number, path = tempfile.mkstemp(prefix="git-config-", dir=scratch)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.writelines(line for line in text.splitlines(True) if not _SECRET.search(line))
    return Path(path)
