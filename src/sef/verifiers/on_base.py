"""Checks on the base of a draft, each paid once for its tree."""

from __future__ import annotations

from sef.checks import Check, CheckRun, CheckRunner
from sef.reach import Bases, Key
from sef.workspace import Workspace


class OnBase:
    """Runs checks on commits that drafts are held against."""

    def __init__(self, runner: CheckRunner, workspace: Workspace, bases: Bases) -> None:
        self._runner = runner
        self._workspace = workspace
        self._bases = bases

    async def of(self, check: Check, commit: str) -> CheckRun | None:
        """The check on that commit; None: it has no check of that name.

        Raises what running a check raises.
        """

        async def run() -> CheckRun | None:
            async with self._workspace.fork(commit) as fork:
                known = await self._runner.detect(fork.checkout)
                if not any(one.name == check.name for one in known):
                    return None
                return await self._runner.run(check, fork.checkout)

        return await self._bases.of(await self._key(check, commit), run)

    async def known(self, check: Check, commit: str) -> CheckRun | None:
        """The same where it was run before; nothing is run."""
        return self._bases.known(await self._key(check, commit))

    async def _key(self, check: Check, commit: str) -> Key:
        return Key(tree=await self._workspace.tree_of(commit), check=check)
