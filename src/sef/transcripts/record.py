"""What a record says beside its usage, whichever version of the client wrote it.

Records are internal to the client and change between its versions, so everything in them may be
missing or of another type.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from sef.transcripts.lenient import as_dict, as_text, digest
from sef.transcripts.lines import Record

_KINDS: Final = """
    agent-color agent-name agent-setting ai-title api-request api-request-blob api-request-resumed
    api-request-shape artifact-autoreact-ledger artifact-comment-monitor assistant atis-latch
    attachment attribution-snapshot bridge-session content-replacement continued-in cost-state
    custom-title data-flow-incomplete data-flow-records derived-from dev-mods ended-by-model
    file-history-delta file-history-snapshot fork-context-ref frame-link history-suppression
    host-row hybrid-organization isolation-latch last-prompt memory-mode mode observer-ref
    permission-mode pr-link progress queue-operation relocated repl-mode result resume-head-vouch
    session-owner summary system tag tools-used user worktree-state"""
KNOWN_KINDS: Final = frozenset(_KINDS.split())
_LATEST: Final = 2200


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """A model's wish to use a tool."""

    id: str
    name: str
    path: str
    """Of the file it is about; empty where it is about none."""
    extent: str
    """Which part of the file is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What came of a wish to use a tool."""

    id: str
    failed: bool
    refused: bool
    """The user did not let it happen."""
    text: str
    """What came back."""

    @property
    def digest(self) -> bytes:
        """The same for the same text."""
        return digest(self.text)


def moment(record: Record) -> float | None:
    """When it was written, in seconds since 1970; None where that is not told."""
    said = record.get("timestamp")
    try:
        if isinstance(said, str):
            when = datetime.fromisoformat(said)
            when = when if when.tzinfo else when.replace(tzinfo=timezone(timedelta()))
            return when.timestamp() if 1970 < when.year < _LATEST else None
        if isinstance(said, int | float) and not isinstance(said, bool) and 10**11 < said < 10**13:
            return said / 1000
    except (ValueError, OverflowError):
        return None
    return None


def tool_uses(record: Record) -> Iterator[ToolUse]:
    """The tools that an assistant's record wants to use."""
    for block in _blocks(record):
        if block.get("type") != "tool_use":
            continue
        given = as_dict(block.get("input"))
        path = given.get("file_path") or given.get("notebook_path") or ""
        extent = f"{given.get('offset', '')}:{given.get('limit', '')}"
        yield ToolUse(
            id=as_text(block.get("id"))[:120],
            name=as_text(block.get("name"))[:120],
            path=as_text(path)[:4096],
            extent=extent[:60],
        )


def tool_results(record: Record) -> Iterator[ToolResult]:
    """The results that a user's record hands to the model."""
    for block in _blocks(record):
        if block.get("type") != "tool_result":
            continue
        said = _spoken(block.get("content"))
        refused = block.get("is_error") is True and said.startswith("The user doesn't want")
        yield ToolResult(
            id=as_text(block.get("tool_use_id"))[:120],
            failed=block.get("is_error") is True and not refused,
            refused=refused,
            text=said,
        )


def spoken(record: Record) -> str:
    """The words of a user's record, without results of tools and pictures."""
    return _spoken(as_dict(record.get("message")).get("content"))


def has_results(record: Record) -> bool:
    """True where a user's record was written by tools, not by a person."""
    return any(block.get("type") == "tool_result" for block in _blocks(record))


def agent_of(record: Record) -> tuple[str, str] | None:
    """The id of the tool use that an agent came of, and the agent's id."""
    said = record.get("toolUseResult")
    agent = said.get("agentId") if isinstance(said, dict) else None
    if not isinstance(agent, str) or not agent:
        return None
    return next(((result.id, agent[:120]) for result in tool_results(record)), None)


def _spoken(content: object) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = (block.get("text") for block in content if isinstance(block, dict))
    return "\n".join(text for text in texts if isinstance(text, str))


def _blocks(record: Record) -> Iterator[Record]:
    content = as_dict(record.get("message")).get("content")
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict):
            yield block
