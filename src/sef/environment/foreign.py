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
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from sef.environment import foreign_cargo, foreign_go
from sef.environment.bubblewrap import Held, bubblewrap
from sef.environment.confinement import Confinement
from sef.environment.foreign_copy import Copying, linked_outside, stray
from sef.environment.foreign_environment import (
    COPIED,
    INSTALL_FIRST,
    ForeignEnvironment,
    Wrapping,
    unheld,
)
from sef.environment.foreign_mount import MOUNTED, Mount
from sef.environment.foreign_packages import MODULES, Packages
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
from sef.sandbox import SandboxSettings

FOREIGN: Final = ("npm", "cargo", "go")
"""Runners that an environment can be made for."""
_SCRIPTS = (
    *(".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx", ".json", ".sh"),
    *(".vue", ".svelte", ".npmrc", ".yarnrc.yml"),
)
_RELATIVE = "use paths relative to the file or to the working directory, not absolute ones"


class ForeignEnvironments:
    """Makes environments for one user's tree; mounts where that works and is wanted."""

    def __init__(
        self,
        *,
        tree: Path,
        scratch: Path,
        variables: Mapping[str, str],
        mounting: bool = True,
        sandbox: SandboxSettings | None = None,
    ) -> None:
        self._trees = both_names(Path.cwd() / tree)
        self._tree = real(tree)
        self._scratch = real(scratch)
        self._variables = dict(variables)
        self._held = Confinement(
            sandbox or SandboxSettings(), tree=self._tree, scratch=self._scratch, given=variables
        )
        self._mounting = mounting

    async def of_fork(self, runner: str, checkout: Checkout) -> ForeignEnvironment:
        """An environment in which the runner judges the fork.

        Raises Unproved when it would not be known what the runner judges.
        """
        if runner not in FOREIGN:
            raise refuse(f"nothing would tell which code {runner} runs", runner)
        await asyncio.to_thread(self._held.sandbox)
        refuse_nested(checkout.path, self._tree)
        folder = await asyncio.to_thread(self._new_folder)
        try:
            if runner == "cargo":
                return await asyncio.to_thread(self._cargo, checkout, folder)
            if runner == "go":
                return await self._go(checkout, folder)  # go itself is asked, which is held, too
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
        given = redirected(self._held.given(), self._trees, real(checkout.path))
        return {**given, **self._held.places(folder), "TMPDIR": str(temporary_of(folder))}

    def _wrapping(self, checkout: Checkout, folder: Path, packages: Sequence[str] = ()) -> Wrapping:
        return unheld if self._held.off else self._holding(checkout, folder, packages).wrap

    def _holding(self, checkout: Checkout, folder: Path, packages: Sequence[str] = ()) -> Held:
        """`packages` are the folders whose node_modules may link to packages elsewhere."""
        writable = (str(real(checkout.path)), str(folder), str(temporary_of(folder)))
        shown = linked_outside(self._tree, [self._tree / name / MODULES for name in packages])
        return Held(sandbox=self._held.sandbox(), writable=writable, shown=shown)

    def _cargo(self, checkout: Checkout, folder: Path) -> ForeignEnvironment:
        given = self._given(checkout, folder)
        variables = foreign_cargo.prepare(self._tree, self._trees, checkout, folder, given)
        return ForeignEnvironment(
            variables=variables,
            mechanism=foreign_cargo.OWN_TARGET,
            folder=folder,
            wrapping=self._wrapping(checkout, folder),
            witness=lambda: foreign_cargo.proof(checkout, self._trees, folder),
        )

    async def _go(self, checkout: Checkout, folder: Path) -> ForeignEnvironment:
        given = self._given(checkout, folder)
        if not self._held.off:
            given |= await asyncio.to_thread(foreign_go.own_cache, self._variables, folder)
        wrapping = self._wrapping(checkout, folder)
        variables, proof = await foreign_go.prepare(
            self._tree, self._trees, checkout, given, wrapping
        )
        return ForeignEnvironment(
            variables=variables,
            mechanism=foreign_go.BY_CONTENT,
            folder=folder,
            wrapping=wrapping,
            witness=lambda: proof,
        )

    async def _node(self, checkout: Checkout, folder: Path) -> ForeignEnvironment:
        program = await asyncio.to_thread(self._mounter) if self._mounting else None
        packages = Packages(tree=self._tree, checkout=checkout)
        if (objection := await asyncio.to_thread(packages.objection)) is not None:
            raise Unproved(objection)
        if command := packages.installing():
            raise refuse(f"the tests would install packages: {command}", command, INSTALL_FIRST)
        made = self._copied if program is None else self._mounted
        return await asyncio.to_thread(made, packages, folder, program or "")

    def _mounter(self) -> str | None:
        """bubblewrap, where the sandbox is not another one."""
        return bubblewrap() if self._held.off else self._held.sandbox().program or None

    def _mounted(self, packages: Packages, folder: Path, program: str) -> ForeignEnvironment:
        self._refuse_own_programs()
        mount = Mount(
            program=program,
            tree=self._tree,
            fork=real(packages.checkout.path),
            folder=folder,
            modules=packages.folders,
            held=None
            if self._held.off
            else self._holding(packages.checkout, folder, packages.folders),
        )
        return ForeignEnvironment(
            variables={**self._held.given(), **_node_caches(folder)},
            mechanism=MOUNTED,
            folder=folder,
            wrapping=partial(mount.wrap, mount.view()),
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
        # A file with two names could be written to by a held command, too.
        linking = self._held.off
        copying = Copying(tree=str(self._tree), fork=str(fork), linking=linking)
        try:
            _copy(copying, packages.folders)
        except BaseException:
            copying.clear()
            raise
        return ForeignEnvironment(
            variables={**self._given(checkout, folder), **_node_caches(folder)},
            mechanism=COPIED,
            folder=folder,
            wrapping=self._wrapping(checkout, folder, packages.folders),
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
