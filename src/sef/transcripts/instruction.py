"""Which records are a person's instructions: the client writes much in the user's name."""

from __future__ import annotations

import re
from typing import Final

from sef.transcripts.lines import Record
from sef.transcripts.record import has_results, spoken

_INTERRUPTED: Final = "[Request interrupted by user"
_MARKS: Final = ("isMeta", "isCompactSummary", "isSidechain", "isVisibleInTranscriptOnly")
_NOT_HUMAN: Final = (
    "<local-command-", "<bash-", "<task-notification", "<system-reminder", "<user-memory-input",
    "<teammate-message", "[Request interrupted", "[This turn ended before",
    "[Tool call did not complete", "[Agent call interrupted",
    "Caveat: The messages below were generated",
    "This session is being continued from a previous conversation",
)  # fmt: skip
_COMMAND: Final = re.compile(r"<command-name>\s*/?([^<]{1,80}?)\s*</command-name>")
_ARGUMENTS: Final = re.compile(r"<command-args>(.{0,20000}?)</command-args>", re.DOTALL)
_LONGEST: Final = 20_000


def instruction(record: Record) -> str | None:
    """The words of a user's record that begins a task; None where it does not.

    At most 20,000 characters and one. A slash command is its arguments, or its name.
    """
    if any(record.get(mark) is True for mark in _MARKS) or has_results(record):
        return None
    message = record.get("message")
    if not isinstance(message, dict) or not message.get("content"):
        return None
    text = spoken(record).strip()
    if text.startswith(_NOT_HUMAN):
        return None
    if command := _COMMAND.search(text[:_LONGEST]):
        given = _ARGUMENTS.search(text[: 2 * _LONGEST])
        return (given[1].strip() if given else "") or command[1]
    return text[: _LONGEST + 1]


def is_interruption(record: Record) -> bool:
    """True where the user stopped what was under way, or did not let a tool be used."""
    return spoken(record).lstrip().startswith(_INTERRUPTED)
