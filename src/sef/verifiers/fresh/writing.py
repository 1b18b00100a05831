"""Having fresh tests written: once a task and base, booked before and after."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from sef.advice import Advice
from sef.errors import JournalError
from sef.git import Git
from sef.model import Patch, Proposal
from sef.protocols import Call, Case, Clock, Desk, Pool
from sef.reasons import CALLED_OFF, reason_of, spent
from sef.steps import Step, Steps
from sef.verifiers.fresh.asking import Writer, call, chosen, question
from sef.verifiers.fresh.files import taken
from sef.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a writer left, as far as it is accepted."""

    files: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    ignored: tuple[str, ...] = ()
    """Paths of its patch that are not used."""
    writer: str = ""
    failed: str = ""
    """Why there is nothing; empty where the writer came to its end."""


class Writing:
    """Asks for tests; the same question is asked once, also by two drafts at the same time."""

    def __init__(
        self,
        *,
        pool: Pool,
        workspace: Workspace,
        git: Git,
        clock: Clock,
        writers: Sequence[Writer],
    ) -> None:
        self._pool = pool
        self._workspace = workspace
        self._git = git
        self._clock = clock
        self._writers = writers
        self._written: dict[str, Written] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def written(self, case: Case, desk: Desk) -> Written:
        """The tests for a case's task. Raises JournalError where the call cannot be booked."""
        key = question(case)
        async with self._turns.setdefault(key, asyncio.Lock()):
            if key not in self._written:
                written = await self._new(case, desk, key)
                if written.failed:
                    return written  # the next draft may ask again
                self._written[key] = written
            return self._written[key]

    async def _new(self, case: Case, desk: Desk, key: str) -> Written:
        writer = chosen(self._writers, case.drafter)
        known = desk.known(key)
        patch = known.patch if known else None
        if patch is None or not await self._workspace.has(patch.commit):
            told = await self._asked(call(case, writer, self._workspace.run), desk, key)
            if told.failed or told.patch is None:
                return Written(writer=writer.name, failed=told.failed or "it left nothing")
            patch = told.patch
        files, ignored = await self._taken(patch, case.base)
        return Written(files=MappingProxyType(files), ignored=ignored, writer=writer.name)

    async def _taken(self, patch: Patch, base: str) -> tuple[dict[str, bytes], tuple[str, ...]]:
        if patch.base != base:
            return {}, ()
        return await taken(self._git, patch)

    async def _asked(self, asking: Call, desk: Desk, key: str) -> Advice:
        """The writer's work, told before it is used; also what a failure cost is told."""
        await desk.asks("fresh", asking.stage.executor, key, asking.key)
        started, steps = self._clock.now(), Steps()

        async def report(step: Step) -> None:
            steps.take(step)

        def lost(error: Exception, why: str) -> Advice:
            seconds = self._clock.now() - started
            usage = spent(error, asking.stage.tier, seconds, steps.usage)
            return Advice(text="", usage=usage, failed=why)

        try:
            draft = await self._pool.draft(asking, _unheard, report)
        except asyncio.CancelledError:
            await desk.told(key, lost(Exception(), CALLED_OFF))
            raise
        except JournalError:
            raise
        except Exception as error:  # foreign code: there are no tests then
            advice = lost(error, reason_of(error))
        else:
            # What it says of its tests is not kept: the journal lies where a draft might read.
            advice = Advice(text="", usage=draft.usage, patch=draft.patch)
        await desk.told(key, advice)
        # Whoever drafts next might look for tests among the references.
        kept = f"refs/sef/{self._workspace.run}/{asking.key}"
        await self._git.run("update-ref", "-d", kept)
        return advice


async def _unheard(_: Proposal) -> None:
    """The answer is told with the work."""
