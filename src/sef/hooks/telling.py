"""What the orchestrator reads of a delegation: three lines in place of the executor's story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sef.model import Evidence
from sef.text import one_line, plain

_LONGEST: Final = 400
_MOST_PATHS: Final = 12


def accepted(paths: Sequence[str], evidence: Iterable[Evidence], report: str = "") -> str:
    """Of work that was accepted; `report` is the answer of one who was to read."""
    what = f"Merged into the user's files: {_paths(paths)}." if paths else "It changed nothing."
    lines = (
        f"SEF ACCEPTED. {what}",
        f"Evidence: {_evidence(evidence)}",
        "It is done: do not do it again. Index, HEAD and branches are as they were.",
    )
    return "\n".join(lines) + (f"\n\n{plain(report)}" if report else "")


def rejected(reason: str, evidence: Iterable[Evidence] = (), kept: str = "") -> str:
    """Of work that was not accepted, with the place where its patch is kept, if it is."""
    rest = f"Its patch is kept in {kept}." if kept else "Nothing is left of it."
    return "\n".join(
        (
            f"SEF REJECTED: {one_line(reason, _LONGEST)}",
            f"Evidence: {_evidence(evidence)}",
            f"The user's files are as they were. {rest} Do this task yourself; do not delegate it.",
        )
    )


def unsettled(reason: str) -> str:
    """Of work on which there is no verdict, because making one broke."""
    return "\n".join(
        (
            f"SEF REJECTED: it could not be settled: {one_line(reason, _LONGEST)}",
            "Evidence: none",
            "Nothing was accepted. Look at the user's files before you do this task yourself; do"
            " not delegate it.",
        )
    )


def replaced(response: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The answer to PostToolUse that puts the text in place of the executor's.

    Claude Code takes an object of the response's own shape, and nothing else.
    """
    gone = ("worktreePath", "worktreeBranch")
    kept = {name: one for name, one in response.items() if name not in gone}
    told = {**kept, "content": [{"type": "text", "text": text}]}
    return {"hookSpecificOutput": {"hookEventName": "PostToolUse", "updatedToolOutput": told}}


def _paths(paths: Sequence[str]) -> str:
    more = len(paths) - _MOST_PATHS
    named = ", ".join(one_line(one, 120) for one in paths[:_MOST_PATHS])
    return f"{named} and {more} more" if more > 0 else named


def _evidence(evidence: Iterable[Evidence]) -> str:
    signs = {True: "holds", False: "fails", None: "open"}
    order = {False: 0, True: 1, None: 2}
    # That no model was asked is so of every verdict here.
    settling = (one for one in evidence if one.verifier != "judge")
    found = sorted(settling, key=lambda one: order[one.passed])
    told = "; ".join(f"{one.verifier} {signs[one.passed]}: {one.detail}" for one in found)
    return one_line(told, _LONGEST) if told else "none"
