"""The fork as the tools of pydantic-ai-harness see it: files below it, commands in the sandbox."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic_ai.workspaces import CommandResult, FileEntry, LocalWorkspaceBackend
from typing_extensions import override

from sef.executors.api.seams import Jail

LONGEST_COMMAND_S: Final = 600.0
"""Seconds after which a command is killed, whatever the model asked for."""


class Fork(LocalWorkspaceBackend):
    """A fork: no file outside it is reached, none of git's is written, commands are jailed.

    The harness checks paths too, before each operation. This is behind it, in the same thread
    step as the operation, and holds for whatever a tool asks.
    """

    def __init__(self, path: Path, *, jail: Jail, variables: Mapping[str, str]) -> None:
        super().__init__(path)
        self._fork = Path(os.path.realpath(path))
        self._jail = jail
        self._variables = dict(variables)

    @override
    async def read_bytes(self, path: str) -> bytes:
        await self._insist(path)
        return await super().read_bytes(path)

    @override
    async def write_bytes(self, path: str, data: bytes) -> None:
        await self._insist(path, writes=True)
        await super().write_bytes(path, data)

    @override
    async def stat(self, path: str) -> FileEntry:
        await self._insist(path)
        return await super().stat(path)

    @override
    async def list_dir(self, path: str) -> Sequence[FileEntry]:
        await self._insist(path)
        return await super().list_dir(path)

    @override
    async def make_dir(self, path: str) -> None:
        await self._insist(path, writes=True)
        await super().make_dir(path)

    @override
    async def remove(self, path: str) -> None:
        await self._insist(str(Path(path).parent), writes=True)
        await self._insist(path, writes=True)
        await super().remove(path)

    @override
    async def exists(self, path: str) -> bool:
        await self._insist(path)
        return await super().exists(path)

    @override
    async def run(
        self,
        command: str | Sequence[str],
        *,
        shell: bool = False,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> CommandResult:
        if isinstance(command, str) is not shell:
            raise TypeError("a command line needs shell=True, a list of words must not have it")
        argv = ("/bin/sh", "-c", command) if isinstance(command, str) else tuple(command)
        return await super().run(
            self._jail.wrap(argv, writable=(self._fork,), network=self._jail.permits(argv)),
            env={**self._variables, **(env or {}), "PWD": str(self._fork)},
            timeout=min(timeout or LONGEST_COMMAND_S, LONGEST_COMMAND_S),
        )

    async def _insist(self, path: str, *, writes: bool = False) -> None:
        await asyncio.to_thread(self._check, path, writes)

    def _check(self, path: str, writes: bool) -> None:
        """Raises PermissionError where a path leads out of the fork, or is git's and is written."""
        for place in (Path(os.path.normpath(path)), Path(os.path.realpath(path))):
            if not place.is_relative_to(self._fork):
                raise PermissionError("the path leads out of the working folder")
            inner = place.relative_to(self._fork).parts
            if writes and any(part.lower() == ".git" for part in inner):
                raise PermissionError("git's own files are not written to")
