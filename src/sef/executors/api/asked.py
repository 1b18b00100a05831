"""A model that books each request, and judges each answer before anything is done with it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

from pydantic_ai.exceptions import AgentRunError, UnexpectedModelBehavior
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings as Asked
from pydantic_ai_harness.compaction import estimate_context_tokens
from typing_extensions import override

from sef.errors import DraftFailure
from sef.executors.api.faults import failure, transient
from sef.executors.api.meter import Meter
from sef.executors.api.seams import Asking
from sef.executors.api.tools import unknown
from sef.executors.settings import LONGEST_ANSWER, ModelSettings
from sef.protocols import Assignment
from sef.text import one_line


class AskedModel(WrapperModel):
    """Sends requests through the line, books them, and ends the attempt at refusals."""

    def __init__(
        self,
        wrapped: Model,
        given: ModelSettings,
        *,
        meter: Meter,
        asking: Asking,
        assignment: Assignment,
        streams: bool,
    ) -> None:
        super().__init__(wrapped)
        self._given = given
        self._meter = meter
        self._asking = asking
        self._assignment = assignment
        self._streams = streams

    @override
    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: Asked | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """One answer. Raises DraftFailure at limits, refusals and answers that were cut."""

        async def send() -> ModelResponse:
            return await self._once(messages, model_settings, model_request_parameters)

        tokens = estimate_context_tokens(messages)
        try:
            response = await self._asking(send, assignment=self._assignment, tokens=tokens)
        except AgentRunError as error:
            raise failure(error, self._given) from error
        _insist(response)
        offered = {*model_request_parameters.tool_defs}
        for call in response.tool_calls:
            if call.tool_name not in offered:
                await self._assignment.report(unknown(call))
        return response

    async def _once(
        self,
        messages: list[ModelMessage],
        settings: Asked | None,
        parameters: ModelRequestParameters,
    ) -> ModelResponse:
        self._meter.admit()
        began = time.monotonic()
        opened: list[StreamedResponse] = []
        try:
            response = await self._answer(messages, settings, parameters, opened)
        except asyncio.CancelledError as error:
            # Who called it off is not to be told of limits any more.
            with suppress(DraftFailure):
                await self._lost(error, "called off", began, opened)
            raise
        except Exception as error:
            fault = transient(error)
            reason = fault.reason if fault else _reason(error)
            await self._lost(error, reason, began, opened)
            raise
        seconds = time.monotonic() - began
        await self._meter.answered(_named(response.model_name), response.usage, seconds)
        return response

    async def _answer(
        self,
        messages: list[ModelMessage],
        settings: Asked | None,
        parameters: ModelRequestParameters,
        opened: list[StreamedResponse],
    ) -> ModelResponse:
        if not self._streams:
            return await self.wrapped.request(messages, settings, parameters)
        async with self.wrapped.request_stream(messages, settings, parameters) as stream:
            opened.append(stream)
            size = 0
            async for event in stream:
                size += _size(event)
                _insist_on_length(size)
            response = stream.get()
        if response.finish_reason is None:
            # It may have ended in order in the middle of a tool's input.
            raise UnexpectedModelBehavior("the stream ended without a reason to stop")
        return response

    async def _lost(
        self, error: BaseException, reason: str, began: float, opened: list[StreamedResponse]
    ) -> None:
        seconds = time.monotonic() - began
        if not opened:
            return await self._meter.failed(error, reason, seconds)
        stream = opened[0]
        return await self._meter.failed(
            error, reason, seconds, _named(stream.model_name), stream.usage
        )


def _named(model: str | None) -> str | None:
    return one_line(model or "", 100) or None


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, DraftFailure) else "the request failed"


def _size(one: ModelResponseStreamEvent | object) -> int:
    """Characters of a part of an answer, or of the event of a stream that brings one."""
    match one:
        case PartStartEvent(part=inner) | PartDeltaEvent(delta=inner):
            return _size(inner)
        case TextPart(content=said) | ThinkingPart(content=said):
            return len(said)
        case TextPartDelta(content_delta=said) | ThinkingPartDelta(content_delta=said):
            return len(said or "")
        case ToolCallPart(args=given) | ToolCallPartDelta(args_delta=given):
            return len(given if isinstance(given, str) else repr(given or ""))
        case _:
            return 0


def _insist_on_length(size: int) -> None:
    if size > LONGEST_ANSWER:
        raise DraftFailure(f"the answer is longer than {LONGEST_ANSWER:,} characters")


def _insist(response: ModelResponse) -> None:
    """Raises DraftFailure where the model would not go on, or was not let, or did not stop."""
    _insist_on_length(sum(map(_size, response.parts)))
    if response.finish_reason == "content_filter":
        details: dict[str, Any] = response.provider_details or {}
        words = str(details.get("refusal") or _text(response))
        raise DraftFailure(f"the model refused the task{_after(words)}")
    if response.finish_reason == "length":
        raise DraftFailure(
            f"the answer was cut at its longest output{_after(_text(response))}",
            hint="Give the task to a model with longer outputs, or make it smaller.",
        )


def _text(response: ModelResponse) -> str:
    return " ".join(one.content for one in response.parts if isinstance(one, TextPart))


def _after(words: str) -> str:
    shown = one_line(words, 200)
    return f": {shown}" if shown else ""
