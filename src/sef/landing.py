"""Landing: how an accepted draft becomes a commit of the run."""

from __future__ import annotations

from decimal import Decimal

from sef.commit import commit_message
from sef.errors import GitError
from sef.events import Accepted, Committed, Exhausted, Squashed
from sef.judging import Judge
from sef.model import Route, Task, Verdict
from sef.workspace import Workspace


class Landing:
    """Merges accepted drafts onto the tip, one at a time."""

    def __init__(self, workspace: Workspace, judge: Judge) -> None:
        self._workspace = workspace
        self._verdicts = judge

    async def land(
        self,
        task: Task,
        route: Route,
        accepted: Accepted,
        paid: Decimal | None,
        checks: tuple[str, ...],
    ) -> Committed | Squashed | Exhausted:
        """Merges the draft onto the tip, checks what the merge made new, commits.

        `paid` is the task's price so far in US dollars, None where it is unknown. Landing twice
        commits once: a task that is on the branch already is reported as it is.
        """
        try:
            return await self._land(task, route, accepted, paid, checks)
        except GitError as error:
            reason = f"its accepted work could not be committed: {error}"
            return Exhausted(task=task.id, epoch=accepted.epoch, reason=reason)

    async def _land(
        self,
        task: Task,
        route: Route,
        accepted: Accepted,
        paid: Decimal | None,
        checks: tuple[str, ...],
    ) -> Committed | Squashed:
        epoch = accepted.epoch
        if there := (await self._workspace.landed_tasks()).get(task.id):
            return Committed(task=task.id, epoch=epoch, commit=there)
        merged = await self._workspace.merge(accepted.draft.patch)
        if merged is None:
            reason = "it conflicts with what was committed meanwhile"
            return Squashed(task=task.id, epoch=epoch, reason=reason)
        doubt = await self._doubt(task, route, accepted, merged, checks)
        if doubt:
            return Squashed(task=task.id, epoch=epoch, reason=doubt)
        message = commit_message(self._workspace.run, task, accepted, paid)
        commit = await self._workspace.land(merged, message)
        return Committed(task=task.id, epoch=epoch, commit=commit)

    async def _doubt(
        self, task: Task, route: Route, accepted: Accepted, merged: str, checks: tuple[str, ...]
    ) -> str | None:
        """Why the merged tree may not become the tip; None when it may."""
        if accepted.draft.patch.base == self._workspace.tip:
            return None  # the merged tree is the draft's own
        verdict = await self._judge(task, route, accepted, merged, checks)
        if verdict.accepted:
            return None
        if verdict.undecided and "trust" in accepted.verifiers:
            alone = accepted.draft.patch.commit
            before = await self._judge(task, route, accepted, alone, checks)
            if before.undecided:
                # No check could speak for the trusted draft either; then none has to for its merge.
                return None
        return f"merged with what was committed meanwhile: {verdict.reason}"

    async def _judge(
        self, task: Task, route: Route, accepted: Accepted, commit: str, checks: tuple[str, ...]
    ) -> Verdict:
        return await self._verdicts.judge(
            task,
            route,
            accepted.draft,
            commit=commit,
            base=self._workspace.tip,
            verifiers=checks,
        )
