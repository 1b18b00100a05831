"""One attempt: the loop of pydantic-ai over a definition, a fork and a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic_ai import Agent, ModelRetry, StructuredDict, TextOutput, ToolOutput
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import AgentRunError, UserError
from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings as Asked
from pydantic_ai.usage import UsageLimits
from pydantic_ai.workspaces import WorkspaceError
from pydantic_ai_harness.compaction import (
    ClearToolResults,
    SlidingWindowCompaction,
    TieredCompaction,
)

from sef.agents import Definition
from sef.errors import DraftFailure
from sef.executors.api.asked import AskedModel
from sef.executors.api.jail import Fork
from sef.executors.api.meter import Meter
from sef.executors.api.seams import Asking, Jail
from sef.executors.api.serving import served
from sef.executors.api.tools import RETRIES, Watched, capabilities
from sef.executors.settings import ModelSettings
from sef.handback import SCHEMA, HandBack, answer, handed_back, handed_back_in, request
from sef.model import Proposal
from sef.protocols import Assignment
from sef.text import one_line

HAND_BACK: Final = "hand_back"
_CLEARED: Final = "[dropped to save room: ask again if it is needed]"
_KEPT_PAIRS: Final = 4
_ASK_AGAIN: Final = (
    "That is not the hand-back. Call hand_back with result, read, changed, checks and doubts, or "
    "end with these five under the headings that you were told."
)


async def held(
    settings: ModelSettings,
    definition: Definition,
    assignment: Assignment,
    *,
    jail: Jail,
    variables: Mapping[str, str],
    asking: Asking,
) -> Proposal:
    """The proposal at the end of the conversation.

    Raises DraftFailure or Transient, with the price of what was asked until then.
    """
    meter = Meter(settings, assignment.report)
    try:
        async with served(settings, assignment.effort) as serving:
            model = AskedModel(
                serving.model,
                settings,
                meter=meter,
                asking=asking,
                assignment=assignment,
                streams=serving.streams,
            )
            fork = Fork(assignment.checkout.path, jail=jail, variables=variables)
            agent = _agent(settings, definition, assignment, model, serving.settings)
            back = await _end(agent, assignment, fork)
    except DraftFailure as failure:
        failure.usage = failure.usage or meter.usage
        raise
    except (WorkspaceError, OSError) as error:
        words = f"a tool broke down: {one_line(str(error), 300)}"
        raise DraftFailure(words, usage=meter.usage) from error
    except (AgentRunError, UserError) as error:
        # Those of requests were told apart before: what is left is that it did not end.
        words = f"no hand-back: {one_line(str(error), 300)}"
        raise DraftFailure(words, usage=meter.usage) from error
    return Proposal(answer=answer(back, await fork.working_dir()), usage=meter.usage)


def _agent(
    settings: ModelSettings,
    definition: Definition,
    assignment: Assignment,
    model: Model,
    said: Asked,
) -> Agent[None, Any]:
    agent: Agent[None, Any] = Agent(
        model,
        name=definition.name,
        instructions=definition.prompt,
        model_settings=said,
        # A tool beside text, so that no tool is forced: some models answer that with an error.
        output_type=[ToolOutput(_Form, name=HAND_BACK, max_retries=1), TextOutput(_read)],
        retries={"tools": RETRIES, "output": 1},
        capabilities=[
            *capabilities(definition.tools),
            Watched(assignment.report),
            _compaction(settings.compact_at),
        ],
    )
    agent.output_validator(_checked)
    return agent


async def _end(agent: Agent[None, Any], assignment: Assignment, fork: Fork) -> HandBack:
    prompt = request(assignment.task.text, assignment.findings, assignment.task.paths)
    # pydantic-ai's own limit of 50 requests is not ours: the meter has them.
    limits = UsageLimits(request_limit=None)
    done = await agent.run(prompt, workspace=fork, usage_limits=limits)
    back: HandBack = done.output
    return back


_Form: Final = StructuredDict(
    dict(SCHEMA), name=HAND_BACK, description="Hands back your work, once, at the end."
)


def _read(text: str) -> HandBack:
    back = handed_back_in(text)
    if back is None:
        raise ModelRetry(_ASK_AGAIN)
    return back


def _checked(output: object) -> HandBack:
    back = output if isinstance(output, HandBack) else handed_back(output)
    if back is None:
        raise ModelRetry(_ASK_AGAIN)
    return back


def _compaction(above: int) -> AbstractCapability[Any]:
    """Drops old results of tools, then their inputs, then old turns; the task is kept.

    Prompts are counted by what the provider billed for the last one, and the text since.
    """
    return TieredCompaction(
        tiers=[
            ClearToolResults(max_tokens=1, keep_pairs=_KEPT_PAIRS, placeholder=_CLEARED),
            ClearToolResults(max_tokens=1, keep_pairs=1, placeholder=_CLEARED),
            SlidingWindowCompaction(max_tokens=1, keep_messages=20, keep_tokens=above // 3),
        ],
        target_tokens=above,
        tokenizer=_counted,
    )


def _counted(text: str) -> int:
    """Tokens of a text, rather too many: code has about three characters a token."""
    return len(text) // 3 + 1
