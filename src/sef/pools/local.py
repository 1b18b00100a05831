"""The pool of this machine: each stage in this process, in a fork of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sef.errors import DraftFailure
from sef.fork import Fork
from sef.model import Checkout, Draft, Patch, Proposal, Tier
from sef.protocols import Answering, Assignment, Call, Executor
from sef.reasons import reason_of
from sef.steps import Reporting, unheard
from sef.workspace import Workspace


class LocalPool:
    """Runs a call's executor in a fork and takes the patch from git.

    A tier 0 call on the snapshot itself runs in the user's own tree, as by hand.
    """

    def __init__(self, workspace: Workspace, executors: Mapping[str, Executor]) -> None:
        self._workspace = workspace
        self._executors = executors
        self._turns: dict[str, asyncio.Lock] = {}
        self._drafts: dict[str, Draft] = {}
        self._at_work: dict[str, Fork] = {}

    async def draft(self, call: Call, answered: Answering, report: Reporting = unheard) -> Draft:
        """The draft of the call, made once a key: asked again, or by two at once, it is the same.

        Raises DraftFailure, with what was written until then, whatever the executor raises.
        """
        async with self._turns.setdefault(call.key, asyncio.Lock()):
            if call.key not in self._drafts:
                self._drafts[call.key] = await self._draft(call, answered, report)
            return self._drafts[call.key]

    async def _draft(self, call: Call, answered: Answering, report: Reporting) -> Draft:
        if call.stage.tier is Tier.NONE and call.base == self._workspace.base:
            return await self._read(call)
        async with self._workspace.fork(call.base, name=call.key) as fork:
            self._at_work[call.key] = fork
            try:
                proposal = await self._propose(call, fork.checkout, report)
            except Exception as error:  # foreign code; what it wrote may help who comes next
                raise await self._failure(error, fork) from error
            finally:
                del self._at_work[call.key]
            await answered(proposal)
            return await self._taken(call, proposal, fork)

    async def _failure(self, error: Exception, fork: Fork) -> DraftFailure:
        partial = await self._workspace.capture(fork)
        kept = None if partial.empty else partial
        if isinstance(error, DraftFailure):
            error.partial = kept
            return error
        return DraftFailure(reason_of(error), partial=kept)

    async def glance(self, call: Call) -> Patch | None:
        """What the call has written until now; None where it is not at work in a fork."""
        fork = self._at_work.get(call.key)
        return await self._workspace.glance(fork) if fork else None

    async def recover(self, call: Call, proposal: Proposal) -> Draft | None:
        """The work that was captured, or lies in the fork that the call left; None: it is gone."""
        async with self._workspace.left_fork(call.base, name=call.key) as fork:
            patch = await self._workspace.kept(call.base, call.key)
            if patch is not None:
                return Draft(answer=proposal.answer, patch=patch, usage=proposal.usage)
            return await self._taken(call, proposal, fork) if fork else None

    async def _taken(self, call: Call, proposal: Proposal, fork: Fork) -> Draft:
        patch = await self._workspace.capture(fork, keep=call.key)
        return Draft(answer=proposal.answer, patch=patch, usage=proposal.usage)

    async def _read(self, call: Call) -> Draft:
        proposal = await self._propose(call, self._workspace.user_checkout(), unheard)
        patch = Patch(base=call.base, commit=call.base)
        return Draft(answer=proposal.answer, patch=patch, usage=proposal.usage)

    async def _propose(self, call: Call, checkout: Checkout, report: Reporting) -> Proposal:
        assignment = Assignment(
            task=call.task,
            route=call.route,
            checkout=checkout,
            effort=call.stage.effort,
            tier=call.stage.tier,
            findings=call.findings,
            rank=call.rank,
            call=call.key,
            report=report,
        )
        async with asyncio.timeout(call.stage.deadline_s):
            return await self._executors[call.stage.executor].execute(assignment)
