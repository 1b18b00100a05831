"""The server: lists the tools, calls them, and ends with everything that it began."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage
from mcp_types import (
    INVALID_PARAMS,
    PARSE_ERROR,
    CallToolRequestParams,
    CallToolResult,
    ErrorData,
    JSONRPCError,
    ListRootsRequest,
    ListRootsResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    jsonrpc_message_adapter,
)
from pydantic import BaseModel, ValidationError

from sef.errors import SefError, UsageError
from sef.mcp.call import Call
from sef.mcp.faults import explained, in_words, misfit
from sef.mcp.jail import Jail
from sef.mcp.results import wire
from sef.mcp.runs import Runs
from sef.mcp.tools import TOOLS, Tool
from sef.mcp.wire import LONGEST, TOO_LONG, Wire, held
from sef.text import one_line

_MOST_CALLS: Final = 32
_ROOTS_S: Final = 5.0
_GRACE_S: Final = 1.0  # for the last words, once the client has hung up
# Every session of a client with the plugin pays for these words.
_INSTRUCTIONS: Final = (
    "Drafts tasks cheaply, verifies them, commits on sef/<run>; sef_verify judges any change."
)
_Context = ServerRequestContext[Any]
_In = MemoryObjectSendStream[SessionMessage | Exception]
_Out = MemoryObjectReceiveStream[SessionMessage]


async def serve(start: Path, stop: asyncio.Event) -> None:
    """Serves one client on standard input and output, until it hangs up or `stop` is set.

    `start` is the folder whose repository is worked in. Runs that still work are called off, and
    have tidied up when this returns. Raises UsageError where standard input or output is closed.
    """
    logging.getLogger("mcp").setLevel(logging.ERROR)
    with held() as (reading, writing):
        async with Runs() as runs:
            await _served(Wire(reading, writing, stop.set), _Calls(Jail(start), runs), stop)


async def _served(line: Wire, calls: _Calls, stop: asyncio.Event) -> None:
    incoming, received = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    sent, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
    server: Server[Any] = Server(
        "sef",
        version=metadata.version("sef-framework"),
        title="sef",
        instructions=_INSTRUCTIONS,
        on_list_tools=calls.tools,
        on_call_tool=calls.call,
    )
    serving = asyncio.create_task(
        server.run(received, sent, server.create_initialization_options())
    )
    writing = asyncio.create_task(_write(line, outgoing))
    reading = asyncio.create_task(_read(line, incoming))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((serving, reading, stopping), return_when=asyncio.FIRST_COMPLETED)
        calls.end()  # before a client that hung up loses its patience
        incoming.close()
        await asyncio.wait((serving,), timeout=_GRACE_S)
        await asyncio.wait((writing,), timeout=_GRACE_S)
    finally:
        for one in (reading, stopping, serving, writing):
            one.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(reading, stopping, writing, return_exceptions=True)
    if serving.done() and not serving.cancelled():
        serving.result()


async def _read(line: Wire, incoming: _In) -> None:
    """Hands on what the client says; returns when it hangs up."""
    while (said := await line.receive()) is not None:
        if said == TOO_LONG:
            await line.send(_refused(f"a message has more than {LONGEST >> 20} MiB"))
            continue
        try:
            message = jsonrpc_message_adapter.validate_json(said, by_name=False)
        except ValueError:
            await line.send(_refused("this is no JSON-RPC message"))
            continue
        try:
            await incoming.send(SessionMessage(message))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            return


def _refused(why: str) -> bytes:
    error = JSONRPCError(jsonrpc="2.0", id=None, error=ErrorData(code=PARSE_ERROR, message=why))
    return error.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"


async def _write(line: Wire, outgoing: _Out) -> None:
    """Writes what the server says, until it says no more or nobody reads."""
    async with outgoing:
        async for one in outgoing:
            text = one.message.model_dump_json(by_alias=True, exclude_unset=True)
            if not await line.send(text.encode() + b"\n"):
                return


class _Calls:
    """What clients ask of the server."""

    def __init__(self, jail: Jail, runs: Runs) -> None:
        self._jail = jail
        self._runs = runs
        self._open = 0

    def end(self) -> None:
        """Calls off what is open."""
        self._runs.call_off()

    async def tools(self, _: _Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        """Every tool."""
        return ListToolsResult(tools=[tool.described for tool in TOOLS.values()])

    async def call(self, context: _Context, params: CallToolRequestParams) -> CallToolResult:
        """Calls a tool. What goes wrong is its result; only an unknown tool is a protocol error."""
        tool = TOOLS.get(params.name)
        if tool is None:
            named = one_line(params.name, 80)
            message = f"there is no tool {named!r}; there are {', '.join(TOOLS)}"
            raise MCPError(code=INVALID_PARAMS, message=message)
        try:
            result, words = await self._called(tool, params.arguments or {}, context)
        except Exception as raised:
            said = in_words(explained(raised))
            return CallToolResult(content=[TextContent(type="text", text=said)], is_error=True)
        text = words.encode(errors="backslashreplace").decode()
        return CallToolResult(
            content=[TextContent(type="text", text=text)], structured_content=wire(result)
        )

    async def _called(
        self, tool: Tool, given: dict[str, Any], context: _Context
    ) -> tuple[BaseModel, str]:
        if self._open >= _MOST_CALLS:
            raise UsageError(
                f"{self._open} calls are open already", hint="Wait for one of them to end."
            )
        try:
            asked = tool.takes.model_validate(given)
        except ValidationError as wrong:
            raise misfit(tool.name, wrong) from None
        call = Call(
            jail=self._jail,
            runs=self._runs,
            progress=lambda so_far, words: _progress(context, so_far, words),
            opened=lambda: _roots(context),
        )
        self._open += 1
        try:
            return await self._runs.call(_worked(tool, asked, call))
        finally:
            self._open -= 1


async def _worked(tool: Tool, asked: BaseModel, call: Call) -> tuple[BaseModel, str]:
    return await tool.work(asked, call)


async def _progress(context: _Context, so_far: float, words: str) -> None:
    with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        await context.session.report_progress(so_far, None, one_line(words, 400))


async def _roots(context: _Context) -> Sequence[str]:
    """The folders that the client's person opened; none where the client does not say."""
    session = context.session
    offered = session.client_capabilities
    if offered is None or offered.roots is None or not session.can_send_request:
        return ()
    try:
        said = await session.send_request(ListRootsRequest(), ListRootsResult, _ROOTS_S)
    except (MCPError, ValidationError, SefError):
        return ()
    return [str(root.uri) for root in said.roots]
