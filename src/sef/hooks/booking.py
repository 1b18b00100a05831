"""What a session has used, folded from its transcripts as they grow.

Each request counts once, by its message's id, whatever the number of lines and files that hold it;
its last line holds. What was read is remembered, so that an event reads only what was added.
"""

from __future__ import annotations

import os

from sef.hooks.records import append, is_name, load, opened, parsed, save, state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

MOST_AT_ONCE = 64 * 2**20
"""Bytes of transcripts that one event reads; the next goes on from there."""
FIELDS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
_LONGEST_PROMPT = 2**20
_MODELS = 2
"""Places in a row before the counts: the model that was asked for, and the one that answered."""


def begin(state: str, session: object) -> None:
    """From now on the session is booked: it hands out work."""
    if not is_name(session):
        return
    if load(state, f"sessions/{session}") is None:
        save(state, f"sessions/{session}", {"files": {}, "requests": {}})
    save(state, f"open/{session}", {})


def provisional(event: Mapping[str, Any], common: str | None) -> None:
    """Books what a session has used so far, where it hands out work."""
    state, session = state_folder(common), event.get("session_id")
    if not is_name(session):
        return
    known = load(state, f"sessions/{session}")
    if known is None:
        return
    known["transcript"] = str(event.get("transcript_path") or "")
    read(known)
    save(state, f"sessions/{session}", known)
    append(state, {"event": "booked", "session": session, "final": False, **summed(known)})


def read(known: dict[str, Any]) -> bool:
    """Takes in what was added to the transcripts; False where some is left."""
    left = MOST_AT_ONCE
    for path in _files(known["transcript"]):
        began = int(known["files"].get(path, 0))
        try:
            with opened(path) as file:
                file.seek(began)
                said = file.read(left + 1)
        except OSError:
            continue
        whole = said[: said.rfind(b"\n") + 1]  # the last line may be half written
        for line in whole.splitlines():
            if b'"usage"' in line or b'"cost-state"' in line:
                _take(known, line, os.path.basename(path))
        known["files"][path] = began + len(whole)
        left -= len(said)
        if left <= 0:
            return False
    return True


def requests_in(transcript: str) -> dict[str, list[Any]]:
    """The requests of one transcript by their messages' ids: model asked for, model that answered,
    the counts of `FIELDS`, and the executor."""
    known: dict[str, Any] = {"requests": {}}
    try:
        with opened(transcript) as file:
            said = file.read(MOST_AT_ONCE)
    except OSError:
        return {}
    for line in said.splitlines():
        if b'"usage"' in line:
            _take(known, line, os.path.basename(transcript))
    found: dict[str, list[Any]] = known["requests"]
    return found


def first_words(transcript: str | os.PathLike[str]) -> str:
    """The prompt that an executor began with; empty where its transcript does not tell."""
    with opened(transcript) as file:
        record = parsed(file.readline(_LONGEST_PROMPT)) or {}
    message = record.get("message")
    said = message.get("content") if isinstance(message, dict) else ""
    return said if isinstance(said, str) else ""


def _files(transcript: str) -> Iterator[str]:
    """The main transcript and those of its executors; only where they are what they are called."""
    if not transcript.endswith(".jsonl") or not os.path.isabs(transcript):
        return
    yield transcript
    for folder, folders, names in os.walk(transcript.removesuffix(".jsonl") + "/subagents"):
        folders.sort()
        found = (one for one in sorted(names) if one.startswith("agent-"))
        yield from (os.path.join(folder, one) for one in found if one.endswith(".jsonl"))


def _take(known: dict[str, Any], line: bytes, file: str) -> None:
    record = parsed(line)
    if record is None:
        return
    if record.get("type") == "cost-state":
        total = record.get("totalCostUSD")
        for holder in record.values():
            total = holder.get("totalCostUSD", total) if isinstance(holder, dict) else total
        known["client_usd"] = total if isinstance(total, int | float) else None
        return
    message = record.get("message")
    if record.get("type") != "assistant" or not isinstance(message, dict):
        return
    usage = message.get("usage")
    if not isinstance(usage, dict):
        return
    answered = str(message.get("model") or "")[:120]
    if not answered or answered == "<synthetic>":
        return
    key = message.get("id") or record.get("requestId") or record.get("uuid")
    asked = record.get("requestedModel") or message.get("requestedModel") or answered
    agent = file.removeprefix("agent-").removesuffix(".jsonl") if file[:6] == "agent-" else ""
    if isinstance(key, str) and key:
        row = [str(asked)[:120], answered, *_counts(usage), agent]
        known["requests"][key[:120]] = row


def _counts(usage: Mapping[str, Any]) -> list[int]:
    split = usage.get("cache_creation")
    hour = _count(split.get("ephemeral_1h_input_tokens")) if isinstance(split, dict) else 0
    written = _count(usage.get("cache_creation_input_tokens"))
    return [
        _count(usage.get("input_tokens")),
        _count(usage.get("cache_read_input_tokens")),
        max(0, written - hour),
        hour,
        _count(usage.get("output_tokens")),
    ]


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value < 10**12 else 0


def summed(known: Mapping[str, Any], elsewhere: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Requests and tokens by the model that is billed, less requests booked `elsewhere`."""
    models: dict[str, dict[str, int]] = {}
    odd = []
    for key, row in known["requests"].items():
        if key in elsewhere:
            continue
        sums = models.setdefault(row[0], dict.fromkeys(("requests", *FIELDS), 0))
        sums["requests"] += 1
        for name, count in zip(FIELDS, row[_MODELS:], strict=False):
            sums[name] += count
        if not same_model(row[0], row[1]):
            odd.append(f"{row[1]} for {row[0]}")
    return {"models": models, "not_as_requested": sorted(set(odd))[:10]}


def same_model(asked: str, answered: str) -> bool:
    """True where the one that answered is the one asked for, or a dated version of it."""
    rest = answered.removeprefix(asked)
    return rest == "" or (rest != answered and rest[1:].isdecimal() and rest[0] == "-")
