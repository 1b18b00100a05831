"""The sandbox of one user's tree, and what a command in it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sef.environment.leftovers import temporary_of
from sef.environment.proof import Unproved, undecided
from sef.sandbox import Level, NoSandbox, Sandbox, SandboxSettings, confine, variables


class Confinement:
    """Finds the sandbox when it is first needed, and remembers it."""

    def __init__(
        self, settings: SandboxSettings, *, tree: Path, scratch: Path, given: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._tree, self._scratch = tree, scratch
        self._given = dict(given)
        self._sandbox: Sandbox | None = None

    def sandbox(self) -> Sandbox:
        """Asks the machine the first time. Raises Unproved where one is required and none works."""
        if self._sandbox is None:
            tree, scratch, given = self._tree, self._scratch, self._given
            try:
                self._sandbox = confine(self._settings, tree=tree, scratch=scratch, variables=given)
            except NoSandbox as problem:
                reason = str(problem.args[0])
                raise Unproved(undecided(reason, mend=problem.hint)) from problem
        return self._sandbox

    @property
    def off(self) -> bool:
        """True where the user accepted to have none. Raises Unproved as `sandbox` does."""
        return self.sandbox().level is Level.OFF

    def given(self) -> dict[str, str]:
        """The caller's variables, of which a held command is given those that are allowed."""
        return self._given if self.off else variables(self._given, self._settings.variables)

    def places(self, folder: Path) -> dict[str, str]:
        """Where a held command keeps what is its own; with Landlock its home, too."""
        if self.off:
            return {}
        places = {"TMPDIR": str(temporary_of(folder)), "XDG_CACHE_HOME": str(folder / "cache")}
        if self.sandbox().level is Level.LANDLOCK:
            (folder / "home").mkdir(exist_ok=True)
            places["HOME"] = str(folder / "home")
        return places

    def permits(self, argv: Sequence[str]) -> bool:
        """True where sef.toml lets commands that begin like this one use the network."""
        return self.sandbox().permits(argv)
