"""The project's own set-up command, run in a fork, and the interpreter that it made there."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sef.environment import shadow
from sef.environment.bubblewrap import Held, View
from sef.environment.confinement import Confinement
from sef.environment.ground import Ground
from sef.environment.leftovers import make_temporary, remove
from sef.environment.probe import Facts, NoInterpreter, probe
from sef.environment.proof import Unproved, undecided
from sef.environment.reinstall import run_setup
from sef.environment.settings import Settings
from sef.environment.views import setup_view


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Sets up one fork. What it runs is held as the checks are."""

    ground: Ground
    settings: Settings
    held: Confinement
    new_folder: Callable[[], Path]

    async def run(self, command: str) -> str | None:
        """Runs the command; None when it ended well, else why not.

        It may use the network where sef.toml lets commands that begin like this one.
        """
        network = self.held.permits(tuple(shlex.split(command)))
        async with self._view() as (view, folder):
            given = shadow.plain_variables(self.held.given(), self.ground.facts)
            failure = await run_setup(
                command,
                fork=Path(self.ground.fork),
                variables={**given, **self.held.places(folder)},
                wrap=partial(view.wrap, network=network) if view else tuple,
            )
        if failure is None or network or self.held.off:
            return failure
        how = f'network = ["{command}"] under [sandbox] in sef.toml gives it one'
        return f"{failure} (it had no network; {how})"

    async def probed(self, python: Path, wanting: str) -> Facts:
        """What the fork's own interpreter says. Raises Unproved where it does not run."""
        async with self._view() as (view, folder):
            try:
                return await probe(
                    python,
                    tree=Path(self.ground.fork),
                    names=self.ground.names,
                    wanting=wanting,
                    variables={**self.held.given(), **self.held.places(folder)},
                    wrap=tuple if view is None or self.held.off else view.wrap,
                )
            except NoInterpreter as problem:
                raise Unproved(undecided(problem.args[0], offender=str(python))) from problem

    @asynccontextmanager
    async def _view(self) -> AsyncIterator[tuple[View | Held | None, Path]]:
        folder = self.new_folder()
        try:
            make_temporary(folder)
            yield await asyncio.to_thread(self._viewed, folder), folder
        finally:
            await asyncio.to_thread(remove, folder)

    def _viewed(self, folder: Path) -> View | Held | None:
        return setup_view(self.ground, self.settings, folder, self.held.sandbox())
