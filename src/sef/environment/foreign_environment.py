"""What a command of another language's project is run with in a fork, and its proof."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from sef.environment.foreign_mount import MOUNTED
from sef.environment.foreign_packages import installs
from sef.environment.foreign_paths import refuse
from sef.environment.leftovers import remove
from sef.environment.proof import Proof

COPIED: Final = "copied"
INSTALL_FIRST: Final = "install in your tree, and leave that out of the command that tests"


class Wrapping(Protocol):
    """Makes a command line of a command."""

    def __call__(
        self, argv: Sequence[str], writable: Sequence[Path] = (), *, network: bool = False
    ) -> tuple[str, ...]:
        """The command line that runs `argv`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignEnvironment:
    """The variables of a command that judges a fork, what stands before it, and its proof."""

    variables: Mapping[str, str]
    """The whole environment of the child process."""
    mechanism: str
    """`mounted`, `copied`, `own target` or `by content`; the level where it is proved."""
    folder: Path
    """What was made for it outside the fork."""
    wrapping: Wrapping
    """How the command, what it may write to besides, and `network=` become a command line."""
    witness: Callable[[], Proof]
    clearing: Callable[[], None] = lambda: None

    def wrap(
        self, argv: Sequence[str], writable: Sequence[Path] = (), *, network: bool = False
    ) -> tuple[str, ...]:
        """The command as it must be run, in the fork's folder.

        `writable` is what it may write to besides the fork and the environment's own folder.

        Raises Unproved for one that would install packages,
        FileNotFoundError or PermissionError when there is no such program, as starting it would.
        """
        if shutil.which(argv[0], path=self.variables.get("PATH")) is None:
            raise (PermissionError if Path(argv[0]).is_file() else FileNotFoundError)(argv[0])
        command = " ".join(argv)
        if self.mechanism in (MOUNTED, COPIED) and installs(command):
            raise refuse(f"{command} would install packages", command, INSTALL_FIRST)
        return self.wrapping(argv, writable, network=network)

    @property
    def python(self) -> Path:
        """Stands where an interpreter would: there is none, and no program lies beside it."""
        return self.folder / "none" / "python"

    def prove(self, _pid: int | None = None) -> Proof:
        """Whose code the command ran, told after it has ended, whichever process it was."""
        return self.witness()

    def close(self) -> None:
        """Removes what was made. The user's tree stays as it is."""
        self.clearing()
        remove(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def unheld(
    argv: Sequence[str], writable: Sequence[Path] = (), *, network: bool = False
) -> tuple[str, ...]:
    """The command itself, where there is no sandbox."""
    del writable, network
    return tuple(argv)
