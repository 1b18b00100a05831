"""One call's conversation with a client: every message is heard, every step is reported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from claude_agent_sdk import (
    AssistantMessage,
    RateLimitEvent,
    ResultMessage,
    StreamEvent,
    SystemMessage,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from sef.errors import DraftFailure, Transient
from sef.executors.claude.account import CONNECTION, Account
from sef.executors.claude.ends import crossed, unanswered
from sef.executors.claude.seat import Seat
from sef.executors.claude.uses import Uses
from sef.executors.settings import LONGEST_ANSWER, Limits
from sef.protocols import Assignment
from sef.steps import ModelStep, Step, together

_INTERRUPT_S: Final = 0.06
"""How long a client may take to say what an interrupted request cost."""
_LONGEST_SAID: Final = 20_000
_PIECES: Final = ("text", "thinking", "partial_json")
"""What the deltas of a stream hold."""


class Conversation:
    """Asks a client once, and hears it out."""

    def __init__(
        self,
        seat: Seat,
        account: Account,
        assignment: Assignment,
        limits: Limits,
        began: Callable[[], None],
    ) -> None:
        """`began` is called when the first answer begins."""
        self.said = ""
        """The model's last text."""
        self._began: Callable[[], None] | None = began
        self._seat = seat
        self._account = account
        self._report = assignment.report
        self._limits = limits
        self._uses = Uses()
        self._size = 0

    async def run(self, text: str) -> ResultMessage:
        """The client's result. Raises Transient where it ends without one, DraftFailure where a
        limit is crossed, and whatever the reporting raises."""
        await self._seat.ask(text)
        result = await self._heard(self._seat.messages())
        if result is None:
            self._account.lost = "the client ended"
            await self._cut()
            raise Transient(self._seat.complaint("the client ended without a result"))
        return result

    async def call_off(self) -> None:
        """Interrupts the client, and reports what was open; within a tenth of a second."""
        self._account.lost = "called off"
        with suppress(TimeoutError, Exception):
            # It is called off whatever the client still says.
            async with asyncio.timeout(_INTERRUPT_S):
                await self._seat.interrupt()
                await self._heard(self._seat.messages())
        self._seat.kill()
        await self._cut()

    async def _cut(self) -> None:
        for step in self._account.cut():
            with suppress(DraftFailure):
                # A limit that is crossed now ends nothing any more.
                await self._report(step)

    async def _heard(self, messages: AsyncIterator[Any]) -> ResultMessage | None:
        try:
            async for message in messages:
                for step in self._steps(message):
                    await self._told(step)
                if isinstance(message, ResultMessage):
                    return message
        except DraftFailure:
            raise
        except Exception as error:
            # The SDK's errors have no common root below Exception that says "the client is gone".
            raise Transient(self._seat.complaint("the client failed", str(error))) from error
        return None

    async def _told(self, step: Step) -> None:
        await self._report(step)
        if isinstance(step, ModelStep):
            over = crossed(self._limits, together(one.usage for one in self._account.steps))
            if over:
                raise DraftFailure(over)

    def _steps(self, message: object) -> Iterator[Step]:
        account = self._account
        match message:
            case StreamEvent(event=event):
                self._begin()
                self._measure(event)
                yield from account.streamed(event)
            case AssistantMessage():
                self._begin()
                yield from self._from_model(message)
            case UserMessage():
                yield from account.answered()
                yield from self._from_tools(message)
            case SystemMessage():
                yield from self._from_client(message)
            case RateLimitEvent(rate_limit_info=told):
                account.quota(told.utilization)
            case ResultMessage():
                if account.lost == CONNECTION:  # nobody has called it off
                    account.lost = unanswered(message.result)
                yield from account.ended(
                    message.api_error_status, message.model_usage, failed=message.is_error
                )

    def _measure(self, event: Mapping[str, Any]) -> None:
        """Raises DraftFailure where an answer does not stop."""
        if event.get("type") == "message_start":
            self._size = 0
        delta = event.get("delta")
        if isinstance(delta, dict):
            pieces = (delta.get(name) for name in _PIECES)
            self._size += sum(len(one) for one in pieces if isinstance(one, str))
        if self._size > LONGEST_ANSWER:
            raise DraftFailure(f"the answer is longer than {LONGEST_ANSWER:,} characters")

    def _begin(self) -> None:
        if self._began is not None:
            began, self._began = self._began, None
            began()

    def _from_client(self, message: SystemMessage) -> Iterator[Step]:
        data = message.data
        if message.subtype == "init" and not self._seat.works_at(data.get("cwd")):
            raise Transient("the client works in another folder than it was moved to")
        if message.subtype == "status" and data.get("status") == "requesting":
            yield from self._account.requesting()
        elif message.subtype == "api_retry":
            yield from self._account.retried(data.get("error_status"))

    def _from_model(self, message: AssistantMessage) -> Iterator[Step]:
        yield from self._account.message(
            {
                "id": message.message_id,
                "model": message.model,
                "usage": message.usage,
                "stop_reason": message.stop_reason,
            }
        )
        for block in message.content:
            if isinstance(block, TextBlock):
                self.said = block.text[-_LONGEST_SAID:]
            elif isinstance(block, ToolUseBlock):
                self._uses.asked(block.id, block.name, block.input)

    def _from_tools(self, message: UserMessage) -> Iterator[Step]:
        for block in message.content if isinstance(message.content, list) else ():
            if isinstance(block, ToolResultBlock):
                step = self._uses.gave(
                    block.tool_use_id, block.content, failed=bool(block.is_error)
                )
                if step is not None:
                    yield step
