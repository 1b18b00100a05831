"""The fork mounted over the user's path: what the command sees there is the fork and no other.

bubblewrap gives the command a view of the files of its own. In it the fork stands at the path
of the user's tree, with the user's node_modules at their places, which cannot be written to.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sef.environment.bubblewrap import Held, View
from sef.environment.foreign_copy import CACHES, Copying
from sef.environment.foreign_packages import MODULES
from sef.environment.foreign_paths import text
from sef.environment.proof import Proof, undecided

MOUNTED = "mounted"
# What stands at the path is written down by the process that then becomes the command.
_WITNESS = 'stat -L -c %d:%i . >"$0" || exit 97; exec "$@"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A fork in the place of the user's tree. All paths are without symbolic links."""

    program: str
    tree: Path
    fork: Path
    folder: Path
    """For what the mount needs besides; removed by its owner."""
    modules: Sequence[str]
    """Folders with a node_modules of the user's, relative to the tree."""
    held: Held | None = None
    """What the command may reach besides; None: the whole machine."""

    def view(self) -> View:
        """What the command shall see. Makes the places to mount on."""
        mounts = ["--bind", str(self.fork), str(self.tree), *self._git()]
        for folder in self.modules:
            mounts += self._modules(folder)
        mounts += [*self._hidden(), "--chdir", str(self.tree)]
        common, elsewhere = f"{self.tree}/.git", f"{self.folder}/git"
        moved = {common: elsewhere} if Path(elsewhere).is_dir() else {}
        return View(
            program=self.program,
            mounts=tuple(mounts),
            pid_file=self.folder / "pid",
            held=None if self.held is None else replace(self.held, git_at=moved),
        )

    def wrap(
        self,
        view: View,
        argv: Sequence[str],
        writable: Sequence[Path] = (),
        *,
        network: bool = False,
    ) -> tuple[str, ...]:
        """The command line that runs `argv` there, after telling what it found."""
        witness = ("/bin/sh", "-c", _WITNESS, str(self._witness))
        return view.wrap((*witness, *map(self._moved, argv)), writable, network=network)

    @property
    def _witness(self) -> Path:
        return self.folder / "mounted"

    def _modules(self, folder: str) -> list[str]:
        source, place = self.tree / folder / MODULES, self.tree / folder / MODULES
        (self.fork / folder / MODULES).mkdir(exist_ok=True)
        wanted = [name for name in CACHES if (source / name).is_dir() or self._vite(source, name)]
        if not all((source / name).is_dir() for name in wanted):
            source = self._with_places(source, folder, wanted)
        words = ["--ro-bind", str(source), str(place)]
        for name in wanted:
            words += ["--tmpfs", str(place / name)]
        return words

    def _hidden(self) -> list[str]:
        """The likeness shares files with the user's tree: it is seen only where it is bound."""
        return ["--tmpfs", str(self._likeness)] if self._likeness.is_dir() else []

    @property
    def _likeness(self) -> Path:
        return self.folder / "likeness"

    def _vite(self, source: Path, name: str) -> bool:
        """vite fails where it cannot write; the others do without."""
        return name.startswith(".vite") and (source / "vite").exists()

    def _with_places(self, source: Path, folder: str, wanted: Sequence[str]) -> Path:
        """A likeness of the folder that has the places to mount on; read-only like the other."""
        likeness = self._likeness / folder / MODULES
        Copying(tree=str(self.tree), fork=str(self.tree)).copy(source, likeness)
        for name in wanted:
            (likeness / name).mkdir()
        return likeness

    def _git(self) -> list[str]:
        """Where git's folder lies in the tree, the fork's own record of it must lead elsewhere."""
        record = self.fork / ".git"
        common = self.tree / ".git"
        if not record.is_file() or record.is_symlink() or not common.is_dir():
            return []
        said = record.read_text(encoding="utf-8", errors="surrogateescape").strip()
        own = Path(os.path.realpath(said.removeprefix("gitdir: ")))
        if not own.is_relative_to(common):
            return []
        elsewhere, mended = self.folder / "git", self.folder / "gitfile"
        elsewhere.mkdir()
        mended.write_text(f"gitdir: {elsewhere / own.relative_to(common)}\n", encoding="utf-8")
        binds = ((common, elsewhere), (mended, self.tree / ".git"))
        return [word for at, place in binds for word in ("--ro-bind", str(at), str(place))]

    def _moved(self, word: str) -> str:
        """A word of the command that names the fork's folder, naming the mounted one."""
        path = Path(word)
        if path.is_absolute() and path.is_relative_to(self.fork):
            return str(self.tree / path.relative_to(self.fork))
        return word

    def proof(self) -> Proof:
        """Proved when the command found the fork's own folder at the user's path."""
        at = self.fork.stat()
        said = text(self._witness).strip()
        if not said:
            return undecided("the fork was not mounted: the command was never started")
        if said != f"{at.st_dev}:{at.st_ino}":
            return undecided("something else than the fork was mounted", offender=str(self.tree))
        reason = "the fork stood at the path of your own tree, which could not be reached"
        return Proof(proved=True, level=MOUNTED, reason=reason)

    def clear(self) -> None:
        """Removes the empty places that were mounted on."""
        for folder in self.modules:
            place = self.fork / folder / MODULES
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()
