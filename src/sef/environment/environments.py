"""The environments in which the project's checks run: the user's own, and a shadow for a fork."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from sef.environment import detect, installed, scripts, shadow
from sef.environment.bubblewrap import Held, View
from sef.environment.confinement import Confinement
from sef.environment.environment import Environment
from sef.environment.ground import Ground, own_ground, project_hints, survey_ground
from sef.environment.interpreters import choose, own_interpreter
from sef.environment.leftovers import PREFIX, make_temporary, mark, remove
from sef.environment.listener import Listener
from sef.environment.probe import Facts, NoInterpreter
from sef.environment.proof import Unproved, undecided
from sef.environment.redirect import Redirection
from sef.environment.reinstall import Installation, install, requirements_differ
from sef.environment.settings import Settings
from sef.environment.setup import Setup
from sef.environment.views import files_view, view_of
from sef.environment.witness import Expectation
from sef.model import Checkout

_BY_HAND = "check this change by hand in your own tree"
_SET_UP = 'name the command that installs a fork, such as `setup = "uv sync"`, under '
_SET_UP += "[environment] in sef.toml"


class Environments:
    """Makes environments for one user's tree. The interpreter is asked once and remembered."""

    def __init__(
        self,
        *,
        tree: Path,
        scratch: Path,
        python: Path | None = None,
        variables: Mapping[str, str],
        wanting: str = "pytest",
        settings: Settings | None = None,
    ) -> None:
        self._tree = Path.cwd() / tree
        self._scratch = Path(os.path.realpath(scratch))
        self._python = python
        self._variables = dict(variables)
        self._wanting = wanting
        self._settings = settings or Settings()
        self._held = Confinement(
            self._settings.sandbox, tree=self._tree, scratch=self._scratch, given=variables
        )
        self._asking = asyncio.Lock()
        self._facts: Facts | None = None
        self._programs: tuple[scripts.Program, ...] = ()

    async def interpreter(self) -> Path:
        """The user's interpreter. Raises UsageError when there is none that runs."""
        return Path((await self._ask()).executable)

    async def version(self) -> tuple[int, ...]:
        """That of the user's interpreter. Raises UsageError when there is none that runs."""
        return (await self._ask()).version

    async def of_user(self) -> Environment:
        """The user's environment as by hand, except that nothing is left behind in the tree.

        Raises UsageError when there is no interpreter that runs.
        """
        facts = await self._ask()
        caches = shadow.caches(self._scratch / "own-tree")
        return Environment(
            python=Path(facts.executable),
            variables={**self._variables, **caches, **self._activated(facts)},
        )

    def _activated(self, facts: Facts) -> dict[str, str]:
        own = {"PYTHONDONTWRITEBYTECODE": "1"}
        own |= {"VIRTUAL_ENV": facts.prefix} if facts.venv else {}
        path = self._variables.get("PATH", os.defpath)
        if facts.venv or facts.programs not in path.split(os.pathsep):
            own["PATH"] = shadow.path_of(Path(facts.programs), path, facts)
        return own

    async def of_files(self, checkout: Checkout) -> Environment:
        """The user's environment for a tool that only reads the fork's files, held in the sandbox.

        Raises Unproved where a sandbox is required and none works, and UsageError when there is no
        interpreter that runs.
        """
        sandbox = await asyncio.to_thread(self._held.sandbox)
        if self._held.off:
            return await self.of_user()
        facts, folder = await self._ask(), self._new_folder()
        make_temporary(folder)
        own = {**shadow.caches(folder), **self._activated(facts)}
        return Environment(
            python=Path(facts.executable),
            variables={**self._held.given(), **self._held.places(folder), **own},
            folder=folder,
            mechanism="by path",
            view=files_view(checkout, facts, folder, sandbox),
        )

    def permits(self, argv: Sequence[str]) -> bool:
        """True where sef.toml lets commands that begin like this one use the network.

        Raises Unproved where a sandbox is required and none works.
        """
        return self._held.permits(argv)

    async def of_fork(self, checkout: Checkout) -> Environment:
        """A shadow environment in which imports of the project lead to the fork.

        Where build files changed, or parts are compiled, the fork is installed into it. Raises
        Unproved when what would run could not be known.
        """
        if not detect.is_python(checkout.files):
            reason = "this is no Python project: nothing would tell which code a check ran"
            raise Unproved(undecided(reason, mend=_BY_HAND))
        await asyncio.to_thread(self._held.sandbox)
        try:
            facts = await self._ask()
        except NoInterpreter as problem:
            reason = problem.args[0]
            raise Unproved(undecided(reason, offender="python", mend=problem.hint)) from problem
        ground = await asyncio.to_thread(survey_ground, checkout, facts, self._trees())
        if ground.need.packages is not None:
            why = "decides which packages are needed"
            return await self._after_setup(ground, why, ground.need.packages)
        if ground.need.install is None:
            return await asyncio.to_thread(self._shadowed, ground, self._programs)
        return await self._installed(ground, ground.need.install)

    async def _ask(self) -> Facts:
        async with self._asking:
            if self._facts is None:
                self._facts = await choose(
                    named=self._python,
                    tree=self._tree,
                    names=project_hints(self._tree).names,
                    variables=self._variables,
                    own=Path(sys.executable),
                    wanting=self._wanting,
                )
                self._programs = await asyncio.to_thread(scripts.scan, self._facts)
            return self._facts

    def _trees(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((str(self._tree), os.path.realpath(self._tree))))

    async def _installed(self, ground: Ground, offender: str) -> Environment:
        """A shadow with the fork installed in it, else one in front of what `setup` made."""
        with ExitStack() as undo:
            environment = await asyncio.to_thread(self._shadowed, ground, self._programs)
            undo.callback(environment.close)
            failure = await self._install(ground, environment)
            if failure is None:
                undo.pop_all()
                return environment
        why = f"needs the fork to be installed, which failed: {failure}"
        return await self._after_setup(ground, why, offender)

    async def _install(self, ground: Ground, environment: Environment) -> str | None:
        """Installs the fork, then begins to listen; None when that went well, else why not."""
        into = self._installation(ground, environment)
        failure = await install(into)
        if failure is None and ground.need.dynamic:
            differ = await asyncio.to_thread(requirements_differ, into, ground.names)
            failure = "it requires other packages than yours" if differ else None
        if failure is None:
            environment.listen()
        return failure

    def _installation(self, ground: Ground, environment: Environment) -> Installation:
        assert environment.folder is not None  # noqa: S101 -- it is a fork's
        return Installation(
            fork=ground.tree if self._settings.mode == "mount" else ground.fork,
            cwd=Path(ground.fork),
            folder=environment.folder,
            python=environment.python,
            facts=ground.facts,
            variables=environment.variables,
            wrap=environment.wrap,
            network=self._held.off,
        )

    async def _after_setup(self, ground: Ground, why: str, offender: str) -> Environment:
        """A shadow in front of the environment that the project's own command makes in the fork."""
        command = self._settings.setup
        if command is None:
            raise Unproved(undecided(f"{offender} {why}", offender=offender, mend=_SET_UP))
        setup = self._of_setup(ground)
        failure = await setup.run(command)
        python = own_interpreter(Path(ground.fork))
        if failure is None and python is None:
            failure = "it made no .venv in the fork"
        if failure is not None or python is None:
            reason = f"setup = {command!r} failed in the fork: {failure}"
            raise Unproved(undecided(reason, offender=offender, mend=_SET_UP))
        facts = await setup.probed(python, self._wanting)
        programs = await asyncio.to_thread(scripts.scan, facts)
        return await asyncio.to_thread(self._shadowed, own_ground(ground, facts), programs)

    def _of_setup(self, ground: Ground) -> Setup:
        return Setup(
            ground=ground, settings=self._settings, held=self._held, new_folder=self._new_folder
        )

    def _shadowed(self, ground: Ground, programs: tuple[scripts.Program, ...]) -> Environment:
        shadow.forget_bytecode(Path(ground.fork), ground.checkout.files)
        folder = self._new_folder()
        with ExitStack() as undo:
            undo.callback(remove, folder)
            environment = self._built(ground, programs, folder)
            if ground.need.install is None:
                environment.listen()
            undo.pop_all()
            return environment

    def _built(
        self, ground: Ground, programs: tuple[scripts.Program, ...], folder: Path
    ) -> Environment:
        facts, listener = ground.facts, Listener(folder)
        protected = shadow.protected(folder, facts)
        sandbox = self._held.sandbox()
        view = view_of(ground, self._settings, folder, protected, sandbox)
        redirection = self._redirection(ground, folder, listener, view)
        metadata = shadow.metadata(self._tree, facts)
        python = shadow.build(folder, facts, programs, redirection, metadata)
        return Environment(
            python=python,
            variables=self._of_shadow(ground, folder, redirection),
            folder=folder,
            mechanism=_mechanism(ground),
            expected=self._expected(ground, folder, redirection, view),
            view=view,
            listener=listener,
            protected={path: Path(path).read_bytes() for path in protected},
        )

    def _of_shadow(self, ground: Ground, folder: Path, redirection: Redirection) -> dict[str, str]:
        made = shadow.variables(self._held.given(), folder, ground.facts, redirection.roots)
        return {**made, **self._held.places(folder)}

    def _redirection(
        self, ground: Ground, folder: Path, listener: Listener, view: View | Held | None
    ) -> Redirection:
        mounted = isinstance(view, View) and view.hides and self._settings.mode == "mount"
        fork = ground.tree if mounted else ground.fork
        layout = ground.layout
        return Redirection(
            trace=str(listener.path),
            fork=fork,
            trees=() if mounted else ground.trees,
            kept=(*ground.kept, str(self._scratch)),
            copies=ground.copies,
            programs=() if mounted or ground.own_packages else installed.programs_of(ground.facts),
            sites=ground.facts.sites,
            roots=tuple(os.path.normpath(f"{fork}/{root}") for root in layout.roots),
            own={name: f"{fork}/{path}" for name, path in layout.own.items()},
            gone=layout.gone,
            untracked=shadow.keep_versions(folder, ground.untracked),
            protected=shadow.protected(folder, ground.facts),
            mounted=mounted,
        )

    def _expected(
        self, ground: Ground, folder: Path, redirection: Redirection, view: View | Held | None
    ) -> Expectation:
        there = Path(ground.fork).stat()
        return Expectation(
            fork=redirection.fork,
            shadow=str(folder),
            own=frozenset(ground.layout.own),
            hidden=isinstance(view, View) and view.hides,
            apart=isinstance(view, View) and view.apart,
            mounted=f"{there.st_dev}:{there.st_ino}" if redirection.mounted else "",
            linked=self._settings.linked,
        )

    def _new_folder(self) -> Path:
        self._scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._scratch))
        mark(folder)
        return folder


def _mechanism(ground: Ground) -> str:
    if ground.own_packages:
        return "setup"
    return "shadow" if ground.need.install is None else "re-install"
