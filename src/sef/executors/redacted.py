"""An executor around an executor: no secret goes in with what is handed over, or comes out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sef.errors import DraftFailure
from sef.model import Proposal
from sef.protocols import Assignment, Executor
from sef.redaction import Redaction
from sef.steps import ModelStep, Step


@dataclass(frozen=True, slots=True)
class Redacted:
    """Takes secrets out of the findings, the answer, and what is said of a failure."""

    executor: Executor
    redaction: Redaction

    async def execute(self, assignment: Assignment) -> Proposal:
        """The proposal without secrets. Raises what the executor raises, without them too."""
        hide = self.redaction.of

        async def report(step: Step) -> None:
            if isinstance(step, ModelStep):
                step = replace(step, failed=hide(step.failed))
            await assignment.report(step)

        asked = replace(assignment, findings=tuple(map(hide, assignment.findings)), report=report)
        try:
            proposal = await self.executor.execute(asked)
        except DraftFailure as failure:
            failure.args = tuple(hide(one) if isinstance(one, str) else one for one in failure.args)
            failure.hint = hide(failure.hint) if failure.hint else None
            # What caused it quotes the provider in words that nothing was taken out of.
            raise failure from None
        answer = proposal.answer
        matches = tuple(replace(one, text=hide(one.text)) for one in answer.matches)
        return replace(proposal, answer=replace(answer, text=hide(answer.text), matches=matches))
