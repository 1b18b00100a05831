"""What one check runs with, and the proof of what it ran."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sef.environment.bubblewrap import Held, View
from sef.environment.leftovers import remove
from sef.environment.listener import Listener
from sef.environment.proof import OWN_TREE, Proof, undecided
from sef.environment.witness import Expectation, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """An interpreter, the variables of its processes, and the proof of what they ran."""

    python: Path
    """Interpreter to run."""
    variables: Mapping[str, str]
    """The whole environment of the child process."""
    folder: Path | None = None
    """The shadow; None in the user's tree."""
    mechanism: str = "own tree"
    """How the fork's code comes first: `shadow`, `re-install`, `setup`, or `own tree`."""
    expected: Expectation | None = None
    """What the witnesses must have told; None in the user's tree."""
    view: View | Held | None = None
    """What the command sees of the machine; None: everything."""
    listener: Listener | None = None
    """Hears the witnesses; None in the user's tree."""
    protected: Mapping[str, bytes] | None = None
    """Files that must be the same after the run, and what they held before it."""

    def listen(self) -> None:
        """Begins to hear the witnesses; what was told before is not heard."""
        if self.listener is not None:
            self.listener.start()

    def wrap(
        self, argv: Sequence[str], writable: Sequence[Path] = (), *, network: bool = False
    ) -> tuple[str, ...]:
        """The command line that runs `argv` so that it reaches no more than it should.

        `writable` is what it may write to besides the fork and the environment's own folder.
        Raises FileNotFoundError or PermissionError when there is no such program, as starting it
        would.
        """
        if self.view is None:
            return tuple(argv)
        program = shutil.which(argv[0], path=self.variables.get("PATH"))
        if program is None:
            # Another program starts in its place, which would only print that.
            problem = PermissionError if Path(argv[0]).is_file() else FileNotFoundError
            raise problem(argv[0])
        return self.view.wrap((program, *argv[1:]), writable, network=network)

    def prove(self, pid: int | None = None) -> Proof:
        """Whose code has run, told by its witnesses, after the command has ended.

        `pid` is the process that was started, which must be among the witnesses; None requires
        no particular one (the command was a shell or another launcher).
        """
        if self.listener is None or self.expected is None:
            return Proof(proved=True, level=OWN_TREE, reason="it ran in your own tree")
        for path, held in (self.protected or {}).items():
            if _read(path) != held:
                return undecided(f"the run changed what watches it: {path}", offender=path)
        if pid is not None and isinstance(self.view, View):
            pid = self.view.pid()
            if pid is None:
                return undecided("the command never began")
        return judge(self.listener.heard(), self.expected, pid)

    def close(self) -> None:
        """Removes the shadow. The user's environment stays as it is."""
        if self.listener is not None:
            self.listener.close()
        if self.folder is not None:
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


def _read(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None
