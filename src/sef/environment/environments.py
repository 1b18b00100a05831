"""The environments in which the project's checks run: the user's own, and a shadow for a fork."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sef.environment import detect, installed, scripts, shadow
from sef.environment.hints import Hints, hints
from sef.environment.interpreters import choose
from sef.environment.probe import Facts, NoInterpreter
from sef.environment.proof import OWN_TREE, Proof, Unproved, undecided
from sef.environment.redirect import Redirection
from sef.environment.witness import Expectation, judge
from sef.model import Checkout

_SETTINGS = ("pyproject.toml", "setup.cfg", "setup.py")
_BY_HAND = "check this change by hand in your own tree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """An interpreter, the variables of its processes, and the proof of what they ran."""

    python: Path
    """Interpreter to run."""
    variables: Mapping[str, str]
    """The whole environment of the child process."""
    folder: Path | None = None
    """The shadow; None in the user's tree."""
    expected: Expectation | None = None
    """What the trace must show; None in the user's tree."""

    def prove(self, pid: int | None = None) -> Proof:
        """Whose code has run, read from the trace after the command has ended.

        `pid` is the process the command was started as, which must be among the witnesses; None
        requires no particular one (the command was a shell or another launcher).
        """
        if self.folder is None or self.expected is None:
            return Proof(proved=True, level=OWN_TREE, reason="it ran in your own tree")
        try:
            trace = _trace(self.folder).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as problem:
            return undecided(f"the trace of the run cannot be read: {problem}")
        return judge(trace, self.expected, pid)

    def close(self) -> None:
        """Removes the shadow. The user's environment stays as it is."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Environments:
    """Makes environments for one user's tree. The interpreter is asked once and remembered.

    Hiding the user's tree from the processes of a fork would begin in `_shadowed`: there every
    folder that must stay visible is known.
    """

    def __init__(
        self,
        *,
        tree: Path,
        scratch: Path,
        python: Path | None = None,
        variables: Mapping[str, str],
        wanting: str = "pytest",
    ) -> None:
        self._tree = Path.cwd() / tree
        self._scratch = Path(os.path.realpath(scratch))
        self._python = python
        self._variables = dict(variables)
        self._wanting = wanting
        self._asking = asyncio.Lock()
        self._facts: Facts | None = None
        self._programs: tuple[scripts.Program, ...] | None = None

    async def interpreter(self) -> Path:
        """The user's interpreter. Raises UsageError when there is none that runs."""
        return Path((await self._ask()).executable)

    async def of_user(self) -> Environment:
        """The user's environment as by hand, except that nothing is left behind in the tree.

        Raises UsageError when there is no interpreter that runs.
        """
        facts = await self._ask()
        own = {"VIRTUAL_ENV": facts.prefix} if facts.venv else {}
        path = self._variables.get("PATH", os.defpath)
        if facts.venv or facts.programs not in path.split(os.pathsep):
            own["PATH"] = shadow.path_of(Path(facts.programs), path, facts)
        caches = shadow.caches(self._scratch / "own-tree")
        return Environment(
            python=Path(facts.executable),
            variables={**self._variables, **caches, "PYTHONDONTWRITEBYTECODE": "1", **own},
        )

    async def of_fork(self, checkout: Checkout) -> Environment:
        """A shadow environment in which imports of the project lead to the fork.

        Raises Unproved when what would run could not be known.
        """
        if inputs := detect.build_inputs(checkout.changed):
            raise _unproved(f"{inputs[0]} decides how the project is built", inputs[0])
        if not detect.is_python(checkout.files):
            reason = "this is no Python project: nothing would tell which code a check ran"
            raise Unproved(undecided(reason, mend=_BY_HAND))
        try:
            facts = await self._ask()
        except NoInterpreter as problem:
            reason = problem.args[0]
            raise Unproved(undecided(reason, offender="python", mend=problem.hint)) from problem
        return await asyncio.to_thread(self._shadowed, checkout, facts)

    async def _ask(self) -> Facts:
        async with self._asking:
            if self._facts is None:
                self._facts = await choose(
                    named=self._python,
                    tree=self._tree,
                    names=_hints(self._tree).names,
                    variables=self._variables,
                    own=Path(sys.executable),
                    wanting=self._wanting,
                )
                self._programs = await asyncio.to_thread(scripts.scan, self._facts)
            return self._facts

    def _trees(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((str(self._tree), os.path.realpath(self._tree))))

    def _shadowed(self, checkout: Checkout, facts: Facts) -> Environment:
        trees = self._trees()
        hinted = _hints(checkout.path)
        there = installed.installed(facts, hinted, trees)
        layout = detect.layout(checkout.files, checkout.base_files, hinted, there)
        names = (*layout.own, *layout.gone)
        copies = shadow.copies(names, installed.foreign_folders(facts, trees))
        copies += installed.copied_files(facts)
        untracked = self._untracked(checkout, facts, layout, copies)
        fork = Path(os.path.realpath(checkout.path))
        shadow.forget_bytecode(fork, checkout.files)
        folder = self._new_folder()
        redirection = Redirection(
            trace=str(_trace(folder)),
            fork=str(fork),
            trees=trees,
            kept=(*installed.kept_folders(facts, trees), str(self._scratch)),
            copies=tuple(copies),
            programs=installed.programs_of(facts),
            sites=facts.sites,
            roots=tuple(os.path.normpath(fork / root) for root in layout.roots),
            own={name: str(fork / path) for name, path in layout.own.items()},
            gone=layout.gone,
            untracked=shadow.keep_versions(folder, untracked),
        )
        metadata = shadow.metadata(self._tree, facts)
        python = shadow.build(folder, facts, self._programs or (), redirection, metadata)
        expected = Expectation(fork=str(fork), shadow=str(folder), own=frozenset(layout.own))
        variables = shadow.variables(self._variables, folder, facts, redirection.roots)
        return Environment(python=python, variables=variables, folder=folder, expected=expected)

    def _untracked(
        self, checkout: Checkout, facts: Facts, layout: detect.Layout, copies: list[str]
    ) -> dict[str, str]:
        """The project's modules that git does not track. Raises Unproved for compiled ones."""
        if facts.rebuilders:
            raise _unproved("the project is rebuilt when it is imported", facts.rebuilders[0])
        compiled, untracked = shadow.unlisted(self._tree, layout, checkout.base_files)
        compiled += [*installed.compiled_files(facts), *shadow.compiled_in(copies)]
        if compiled:
            raise _unproved(f"{compiled[0]} is compiled from the project", compiled[0])
        return untracked

    def _new_folder(self) -> Path:
        self._scratch.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="shadow-", dir=self._scratch))


def _trace(folder: Path) -> Path:
    return folder / "trace"


def _hints(tree: Path) -> Hints:
    """What the project's files say; a file that cannot be read says nothing."""
    texts = {}
    for name in _SETTINGS:
        try:
            texts[name] = (tree / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return hints(texts)


def _unproved(reason: str, offender: str) -> Unproved:
    mend = "the fork would need an installation of its own, which is not made; " + _BY_HAND
    return Unproved(undecided(reason, offender=offender, mend=mend))
