"""The harness's tools that a definition allows, and no other."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from pydantic_ai import RunContext
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import ModelRetry
from pydantic_ai.messages import ToolCallPart
from pydantic_ai.tools import ToolDefinition
from pydantic_ai_harness.filesystem import FileSystem
from pydantic_ai_harness.shell import Shell
from pydantic_core import ValidationError
from typing_extensions import override

from sef.agents import ALL_TOOLS, TOOLS
from sef.steps import Reporting, ToolStep
from sef.text import one_line

FILE_TOOLS: Final = {
    "Read": ("read_file", "list_directory"),
    "Grep": ("grep",),
    "Glob": ("list_files", "find_files"),
    "Write": ("write_file", "create_directory"),
    "Edit": ("edit_file",),
}
"""The harness's file tools for each name of Claude Code's."""
SHELL_TOOL: Final = "run_command"
"""For Bash. The harness's background commands are left out: the sandbox ends with its command."""
WRITES: Final = frozenset({"write_file", "create_directory", "edit_file", SHELL_TOOL})
_MOST_CHARACTERS: Final = 30_000
_COMMAND_S: Final = 120.0
RETRIES: Final = 5
"""How often in a row one tool may tell the model that it asked for something impossible."""
_ABSENT: Final = "Path not found: "
"""What the harness says, as a result, of a file that is not there."""
_NOTHING: Final = ("(no output)", "No matches found", "(empty file)", "(empty directory)")


@cache
def capabilities(allowed: tuple[str, ...]) -> tuple[AbstractCapability[Any], ...]:
    """The harness's capabilities with the tools of a definition's list, least privilege.

    They are made once for each list: they hold nothing of a run, and making them takes 50 ms.
    """
    names = TOOLS if allowed == ALL_TOOLS else allowed
    found: list[AbstractCapability[Any]] = []
    if files := [tool for name in names for tool in FILE_TOOLS.get(name, ())]:
        found.append(
            FileSystem(
                tools=files,
                # git's own are kept from being written; the harness's list would also lock
                # what a task may be about, such as a module named secrets.
                read_only_patterns=("**/.git",),
                max_read_chars=_MOST_CHARACTERS,
                max_list_results=500,
                max_search_results=200,
                max_find_results=500,
                content_hashes=False,
                max_retries=RETRIES,
            )
        )
    if "Bash" in names:
        found.append(
            Shell(
                tools=(SHELL_TOOL,),
                # The sandbox says what a command may do; a list of names would only be in the way.
                denied_commands=(),
                default_timeout=_COMMAND_S,
                max_output_chars=_MOST_CHARACTERS,
            )
        )
    return tuple(found)


def asked(name: str, given: object) -> str:
    """The digest of a tool's name and arguments; the order of the arguments does not count."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = {"": given}
    words = json.dumps([name, given], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(words.encode(errors="replace")).hexdigest()[:32]


@dataclass
class Watched(AbstractCapability[Any]):
    """Reports each use of a tool, and has one run at a time.

    One at a time, because a path that was checked must not be swapped for a link by a command that
    runs beside.
    """

    report: Reporting

    @override
    async def prepare_tools(
        self, ctx: RunContext[Any], tool_defs: list[ToolDefinition]
    ) -> list[ToolDefinition]:
        return [replace(one, sequential=True) for one in tool_defs]

    @override
    async def on_tool_validate_error(
        self,
        ctx: RunContext[Any],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: str | dict[str, Any],
        error: ValidationError | ModelRetry,
    ) -> dict[str, Any]:
        await self.report(_step(call, failed=True))
        raise error

    @override
    async def wrap_tool_execute(
        self,
        ctx: RunContext[Any],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: dict[str, Any],
        handler: Any,
    ) -> Any:
        try:
            result = await handler(args)
        except Exception:
            await self.report(_step(call, failed=True))
            raise
        absent = str(result).startswith(_ABSENT)
        await self.report(_step(call, failed=absent, empty=not absent and _empty(result)))
        return result


def unknown(call: ToolCallPart) -> ToolStep:
    """The step of a call of a tool that was not offered."""
    return _step(call, failed=True)


def _step(call: ToolCallPart, *, failed: bool = False, empty: bool = False) -> ToolStep:
    name = one_line(call.tool_name, 100)
    digest = asked(call.tool_name, call.args)
    return ToolStep(name=name, asked=digest, writes=name in WRITES, failed=failed, empty=empty)


def _empty(result: object) -> bool:
    said = str(result).strip()
    return not said or said.startswith(_NOTHING) or said.endswith("(empty file)")
