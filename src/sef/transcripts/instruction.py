"""Which records are a person's instructions: the client writes much in the user's name."""

from __future__ import annotations

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
_LONGEST: Final = 20_000
_LONGEST_NAME: Final = 80


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
    command = _between(text[:_LONGEST], "command-name").removeprefix("/")
    if 0 < len(command) <= _LONGEST_NAME and "<" not in command:
        return _between(text[: 2 * _LONGEST], "command-args")[:_LONGEST] or command
    return text[: _LONGEST + 1]


def is_interruption(record: Record) -> bool:
    """True where the user stopped what was under way, or did not let a tool be used."""
    return spoken(record).lstrip().startswith(_INTERRUPTED)


def _between(text: str, tag: str) -> str:
    """What stands in the first such tag; empty where there is none, or it has no end."""
    rest = text.partition(f"<{tag}>")[2]
    inner, end, _ = rest.partition(f"</{tag}>")
    return inner.strip() if end else ""
