"""Environments in which the checks of projects in other languages judge a fork.

foreign = ForeignEnvironments(tree=tree, scratch=scratch, variables=variables)
with await foreign.of_fork("npm", checkout) as environment:   # raises Unproved
    argv = environment.wrap(("npm", "test"))
    finished = await run_program(argv, cwd=checkout.path, env=environment.variables)
    proof = environment.prove()

npm     mounted: the fork stands at the path of the user's tree, node_modules read-only
        copied: without bubblewrap, node_modules as hard links, its links re-made
cargo   own target: nothing built before is used, and the compiler says what it read
go      by content: caches are shared, and go says which folders it reads
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sef.environment import foreign_cargo, foreign_go
from sef.environment.bubblewrap import bubblewrap
from sef.environment.foreign_copy import Copying, stray
from sef.environment.foreign_mount import MOUNTED, Mount
from sef.environment.foreign_packages import MODULES, Packages, installs
from sef.environment.foreign_paths import (
    both_names,
    naming,
    real,
    redirected,
    refuse,
    refuse_nested,
    within,
)
from sef.environment.leftovers import make_temporary, remove, temporary_of
from sef.environment.proof import Proof, Unproved, undecided
from sef.model import Checkout

FOREIGN: Final = ("npm", "cargo", "go")
"""Runners that an environment can be made for."""
COPIED: Final = "copied"
_SCRIPTS = (
    *(".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx", ".json", ".sh"),
    *(".vue", ".svelte", ".npmrc", ".yarnrc.yml"),
)
_RELATIVE = "use paths relative to the file or to the working directory, not absolute ones"
_INSTALL_FIRST = "install in your tree, and leave that out of the command that tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignEnvironment:
    """The variables of a command that judges a fork, what stands before it, and its proof."""

    variables: Mapping[str, str]
    """The whole environment of the child process."""
    mechanism: str
    """`mounted`, `copied`, `own target` or `by content`; the level where it is proved."""
    folder: Path
    """What was made for it outside the fork."""
    wrapping: Callable[[Sequence[str]], tuple[str, ...]]
    witness: Callable[[], Proof]
    clearing: Callable[[], None] = lambda: None

    def wrap(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command as it must be run, in the fork's folder.

        Raises Unproved for one that would install packages,
        FileNotFoundError or PermissionError when there is no such program, as starting it would.
        """
        if shutil.which(argv[0], path=self.variables.get("PATH")) is None:
            raise (PermissionError if Path(argv[0]).is_file() else FileNotFoundError)(argv[0])
        command = " ".join(argv)
        if self.mechanism in (MOUNTED, COPIED) and installs(command):
            raise refuse(f"{command} would install packages", command, _INSTALL_FIRST)
        return self.wrapping(argv)

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


class ForeignEnvironments:
    """Makes environments for one user's tree; mounts where that works and is wanted."""

    def __init__(
        self,
        *,
        tree: Path,
        scratch: Path,
        variables: Mapping[str, str],
        mounting: bool = True,
        network: bool = True,
    ) -> None:
        self._trees = both_names(Path.cwd() / tree)
        self._tree = real(tree)
        self._scratch = real(scratch)
        self._variables = dict(variables)
        self._mounting = mounting
        self._network = network

    async def of_fork(self, runner: str, checkout: Checkout) -> ForeignEnvironment:
        """An environment in which the runner judges the fork.

        Raises Unproved when it would not be known what the runner judges.
        """
        if runner not in FOREIGN:
            raise refuse(f"nothing would tell which code {runner} runs", runner)
        if not self._network:
            why = f"{runner} cannot be run in a network of its own"
            raise refuse(why, runner, "take network = false out of sef.toml")
        refuse_nested(checkout.path, self._tree)
        folder = await asyncio.to_thread(self._new_folder)
        try:
            if runner == "cargo":
                return await asyncio.to_thread(self._cargo, checkout, folder)
            if runner == "go":
                return await self._go(checkout, folder)
            return await self._node(checkout, folder)
        except BaseException:
            await asyncio.to_thread(remove, folder)
            raise

    def _new_folder(self) -> Path:
        self._scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="foreign-", dir=self._scratch))
        make_temporary(folder)
        return folder

    def _given(self, checkout: Checkout, folder: Path) -> dict[str, str]:
        given = redirected(self._variables, self._trees, real(checkout.path))
        return {**given, "TMPDIR": str(temporary_of(folder))}

    def _cargo(self, checkout: Checkout, folder: Path) -> ForeignEnvironment:
        given = self._given(checkout, folder)
        variables = foreign_cargo.prepare(self._tree, self._trees, checkout, folder, given)
        return ForeignEnvironment(
            variables=variables,
            mechanism=foreign_cargo.OWN_TARGET,
            folder=folder,
            wrapping=tuple,
            witness=lambda: foreign_cargo.proof(checkout, self._trees, folder),
        )

    async def _go(self, checkout: Checkout, folder: Path) -> ForeignEnvironment:
        given = self._given(checkout, folder)
        variables, proof = await foreign_go.prepare(self._tree, self._trees, checkout, given)
        return ForeignEnvironment(
            variables=variables,
            mechanism=foreign_go.BY_CONTENT,
            folder=folder,
            wrapping=tuple,
            witness=lambda: proof,
        )

    async def _node(self, checkout: Checkout, folder: Path) -> ForeignEnvironment:
        program = await asyncio.to_thread(bubblewrap) if self._mounting else None
        packages = Packages(tree=self._tree, checkout=checkout)
        if (objection := await asyncio.to_thread(packages.objection)) is not None:
            raise Unproved(objection)
        if command := packages.installing():
            raise refuse(f"the tests would install packages: {command}", command, _INSTALL_FIRST)
        made = self._copied if program is None else self._mounted
        return await asyncio.to_thread(made, packages, folder, program or "")

    def _mounted(self, packages: Packages, folder: Path, program: str) -> ForeignEnvironment:
        self._refuse_own_programs()
        mount = Mount(
            program=program,
            tree=self._tree,
            fork=real(packages.checkout.path),
            folder=folder,
            modules=packages.folders,
        )
        view = mount.view()
        return ForeignEnvironment(
            variables={**self._variables, **_node_caches(folder)},
            mechanism=MOUNTED,
            folder=folder,
            wrapping=lambda argv: mount.wrap(view, argv),
            witness=mount.proof,
            clearing=mount.clear,
        )

    def _refuse_own_programs(self) -> None:
        """What is mounted over the user's tree hides the programs that lie in it, too."""
        found = shutil.which("node", path=self._variables.get("PATH", os.defpath)) or ""
        at = Path(os.path.realpath(found))
        if found and within(at, self._tree) and MODULES not in at.parts:
            reason = f"node itself lies in your own tree: {at}"
            raise refuse(reason, str(at), "install node outside the repository")

    def _copied(self, packages: Packages, folder: Path, _program: str) -> ForeignEnvironment:
        checkout, fork = packages.checkout, real(packages.checkout.path)
        self._refuse_leading_back(checkout, fork)
        copying = Copying(tree=str(self._tree), fork=str(fork))
        try:
            _copy(copying, packages.folders)
        except BaseException:
            copying.clear()
            raise
        return ForeignEnvironment(
            variables={**self._given(checkout, folder), **_node_caches(folder)},
            mechanism=COPIED,
            folder=folder,
            wrapping=tuple,
            witness=lambda: _copied_proof(copying),
            clearing=copying.clear,
        )

    def _refuse_leading_back(self, checkout: Checkout, fork: Path) -> None:
        if found := naming(checkout, self._trees, _SCRIPTS):
            raise refuse(f"{found} names your own tree by an absolute path", found, _RELATIVE)
        if found := stray(fork, str(self._tree), self._variables.get("HOME")):
            raise refuse(f"{found} leads to your own tree, and node looks there", found)


def _node_caches(folder: Path) -> dict[str, str]:
    """Caches elsewhere, and no daemon that serves the path of the user's tree."""
    return {
        "TMPDIR": str(temporary_of(folder)),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "npm_config_cache": str(folder / "npm"),
        "npm_config_update_notifier": "false",
        "WATCHMAN_SOCK": str(folder / "no-watchman"),
        "NX_DAEMON": "false",
        "TURBO_DAEMON": "false",
    }


def _copy(copying: Copying, folders: Sequence[str]) -> None:
    for name in folders:
        copying.copy(Path(copying.tree, name, MODULES), Path(copying.fork, name, MODULES))
    if link := copying.leading_back():
        path = str(Path(link).relative_to(copying.fork))
        raise refuse(f"{path} leads back to your own tree", path, "make it a relative link")


def _copied_proof(copying: Copying) -> Proof:
    if path := copying.edited():
        return undecided(f"the run changed a file of your own tree: {path}", offender=path)
    if link := copying.leading_back():
        return undecided(f"the run made a link to your own tree: {link}", offender=link)
    reason = f"{len(copying.links)} links in node_modules stay in the fork or lead elsewhere"
    reason += "; an absolute path made at run time would not be noticed"
    return Proof(proved=True, level=COPIED, reason=reason)
