"""A request in a few bytes, and out of them again.

A row is 76 packed bytes under eight bytes of a hash, so that the requests of gigabytes of
transcripts fit into memory: about 200 bytes each with Python's own.
"""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from sef.prices import Tokens
from sef.transcripts.lenient import digest
from sef.transcripts.session import Request
from sef.transcripts.usage import Mode, Used

_USED: Final = struct.Struct("<5I3HIB")
_REST: Final = struct.Struct("<IIHIIHHHIIBQI")
_NANO: Final = 10**9
_INTERRUPTED, _BATCH, _FAST, _US_ONLY = 1, 2, 4, 8


class Row(NamedTuple):
    """One distinct request."""

    tokens: Tokens
    web_fetches: int
    code_runs: int
    day: date | None
    """UTC; None where the transcripts do not tell it."""
    model: str
    session: int
    task: int
    """Index into the ledger's tasks; -1 is none."""
    agent: int
    """Index into the ledger's agents; -1: the session itself made the request."""
    tools: int
    failed: int
    repeated: int
    repeated_length: int
    before: int
    """Tokens read by the request before it, where that went to another model; else 0."""
    interrupted: bool
    batch: bool
    fast: bool
    us_only: bool
    client_cost: Decimal | None


class Place(NamedTuple):
    """Where a packed row belongs, and whose it is."""

    model: int
    session: int
    task: int
    """-1 is none."""
    ticket: int
    """Hash of the provider's id of the request; 0 is none."""
    progress: tuple[int, int]
    """Of two tellings of a request the one with more of this is the later one."""


def ticket(request: Request) -> int:
    """Four bytes of a hash of the provider's id of the request; 0 where it is not told."""
    return int.from_bytes(digest(request.ticket)[:4], "big") if request.ticket else 0


def packed(request: Request, model: int, session: int, task: int, agent: int) -> bytes:
    """The row of a request; `model`, `session`, `task` and `agent` are numbers, -1 is none."""
    cost = request.client_cost
    return _used(request.used, request.mode) + _REST.pack(
        _day(request.moment),
        session,
        model,
        task + 1,
        agent + 1,
        _small(request.tools),
        _small(request.failed),
        _small(request.repeated),
        _large(request.repeated_length),
        _large(request.before),
        _INTERRUPTED * request.interrupted,
        0 if cost is None else int(cost * _NANO) + 1,
        ticket(request),
    )


def repacked(row: bytes, request: Request) -> bytes:
    """The row with what a later telling of the request says that it used, and in which mode."""
    return _used(request.used, request.mode) + row[_USED.size :]


def place(row: bytes) -> Place:
    """Where a row belongs, without unpacking all of it."""
    used, rest = _USED.unpack_from(row), _REST.unpack_from(row, _USED.size)
    return Place(
        model=rest[2],
        session=rest[1],
        task=rest[3] - 1,
        ticket=rest[12],
        progress=(sum(used[:5]), used[4]),
    )


def unpacked(row: bytes, names: tuple[str, ...]) -> Row:
    """The row; `names` are those of the models."""
    fresh, read, short, hour, output, searches, fetches, runs, longest, mode = _USED.unpack_from(
        row
    )
    (
        day, session, model, task, agent, tools, failed, repeated, length, before, flags, cost, _,
    ) = _REST.unpack_from(row, _USED.size)  # fmt: skip
    return Row(
        tokens=Tokens(
            input=fresh,
            cache_read=read,
            cache_write_5m=short,
            cache_write_1h=hour,
            output=output,
            web_searches=searches,
            longest=longest,
        ),
        web_fetches=fetches,
        code_runs=runs,
        day=date.fromordinal(day) if day else None,
        model=names[model],
        session=session,
        task=task - 1,
        agent=agent - 1,
        tools=tools,
        failed=failed,
        repeated=repeated,
        repeated_length=length,
        before=before,
        interrupted=bool(flags & _INTERRUPTED),
        batch=bool(mode & _BATCH),
        fast=bool(mode & _FAST),
        us_only=bool(mode & _US_ONLY),
        client_cost=Decimal(cost - 1) / _NANO if cost else None,
    )


def _day(moment: float | None) -> int:
    return 0 if moment is None else datetime.fromtimestamp(moment, UTC).date().toordinal()


def _small(number: int) -> int:
    return min(number, 0xFFFF)


def _large(number: int) -> int:
    return min(number, 0xFFFFFFFF)


def _used(used: Used, mode: Mode) -> bytes:
    return _USED.pack(
        used.input,
        used.cache_read,
        used.cache_write_5m,
        used.cache_write_1h,
        used.output,
        _small(used.web_searches),
        _small(used.web_fetches),
        _small(used.code_runs),
        used.longest,
        _BATCH * mode.batch + _FAST * mode.fast + _US_ONLY * mode.us_only,
    )
