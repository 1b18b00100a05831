"""Transcripts written for tests: a few records in a folder of their own."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sef.routers import ROUTERS
from sef.spend.kinds import classify
from sef.spend.ledger import Ledger
from sef.transcripts.places import find_sessions
from sef.transcripts.reader import SessionReader
from sef.transcripts.session import Session, Tally

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
Record = dict[str, Any]
_NUMBERS = itertools.count(1)


def usage(fresh: int = 0, read: int = 0, short: int = 0, hour: int = 0, out: int = 0) -> Record:
    """As the client of 2026 writes it."""
    return {
        "input_tokens": fresh,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": short + hour,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": hour},
        "output_tokens": out,
        "service_tier": "standard",
    }


def answered(
    said: Record | None = None, *, name: str = "", model: str = OPUS, at: str = "10:00:00",
    tools: Iterable[Record] = (), **more: object,
) -> Record:  # fmt: skip
    """A record of a model's message."""
    name = name or f"msg_{next(_NUMBERS)}"
    message = {
        "id": name, "role": "assistant", "model": model, "content": list(tools),
        "usage": usage(fresh=1) if said is None else said,
    }  # fmt: skip
    return {
        "type": "assistant", "timestamp": f"2026-11-20T{at}.000Z", "cwd": "/home/ada/shop",
        "requestId": f"req_{name}", "message": message, **more,
    }  # fmt: skip


def asked(text: object, at: str = "10:00:00", **more: object) -> Record:
    """A record in the user's name."""
    return {
        "type": "user", "timestamp": f"2026-11-20T{at}.000Z", "cwd": "/home/ada/shop",
        "message": {"role": "user", "content": text}, **more,
    }  # fmt: skip


def tool(name: str, use: str, **given: object) -> Record:
    """A wish to use a tool."""
    return {"type": "tool_use", "id": use, "name": name, "input": given}


def result(use: str, text: str = "", *, error: bool = False, **more: object) -> Record:
    """A record of what a tool gave back."""
    block = {"type": "tool_result", "tool_use_id": use, "content": text}
    return asked([block | ({"is_error": True} if error else {})], **more)


def put(path: Path, records: Iterable[Record | str]) -> Path:
    """Writes records; what is text already is written as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (one if isinstance(one, str) else json.dumps(one) for one in records)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def session(
    root: Path, *records: Record | str, name: str = "s1", folder: str = "-home-ada-shop"
) -> Path:
    """Writes a session's own file."""
    return put(root / "projects" / folder / f"{name}.jsonl", records)


def read(root: Path, tally: Tally | None = None) -> list[Session]:
    """All sessions of a folder."""
    found = find_sessions((root,))
    return [SessionReader(one, tally or Tally(), lambda _: None).read() for one in found.sessions]


def booked(root: Path, since: float | None = None) -> Ledger:
    """The ledger of all sessions of a folder."""
    router = ROUTERS["rules"]()
    ledger = Ledger(lambda task: classify(task, router), since=since, keep_text=True)
    for one in read(root):
        ledger.book(one)
    return ledger
