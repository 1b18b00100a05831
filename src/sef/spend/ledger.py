"""Every distinct request once, whichever and how many files tell of it.

A row is 71 packed bytes under eight bytes of a hash, so that the requests of gigabytes of
transcripts fit into memory: about 200 bytes each with Python's own.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from sef.model import Kind, Tier
from sef.prices import Tokens
from sef.text import one_line
from sef.transcripts.session import Agent, Request, Session, Task
from sef.transcripts.usage import Used

_ROW: Final = struct.Struct("<5I3HIIHIIIHHHIIBQ")
_TOKENS: Final = struct.Struct("<5I3HI")
_SESSION: Final = 11
"""Where in a row the session is."""
_NANO: Final = 10**9
_SHOWN: Final = 100
_DAY_S: Final = 86_400.0
_INTERRUPTED, _BATCH, _FAST, _US_ONLY = 1, 2, 4, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedTask:
    """An instruction with at least one request that no other file told of before."""

    session: int
    tier: Tier | None
    """None where there was no instruction to judge by."""
    kind: Kind | None
    interruptions: int
    text: str
    """Empty unless texts are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedAgent:
    """A hand-over of work to an agent."""

    model: str
    """Of the request that handed over; empty where that is unknown."""
    context: int
    """Tokens that request had read."""
    later: int
    """Requests of the parent afterwards."""
    report: int
    """Characters that came back."""


@dataclass(slots=True, kw_only=True)
class BookedSession:
    """A session, as far as it was not told by another file before."""

    project: str
    exact: bool
    client_total: Decimal | None
    shared: bool = False
    """True where a request of it is also told by another session: resumed or forked work."""


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


class Ledger:
    """Takes sessions one after the other, and keeps their distinct requests."""

    def __init__(
        self,
        classify: Callable[[Task], tuple[Tier, Kind] | None],
        *,
        since: float | None = None,
        keep_text: bool = False,
    ) -> None:
        """`since`, in seconds since 1970, leaves out what is older, and what has no date."""
        self._classify = classify
        self._since = since
        self._keep_text = keep_text
        self._rows: dict[int, bytes] = {}
        self._models: dict[str, int] = {}
        self.sessions: list[BookedSession] = []
        self.tasks: list[BookedTask] = []
        self.agents: list[BookedAgent] = []
        self.copies = 0
        """Requests that a second file told of."""
        self.left_out = 0
        """Requests without a date, left out because only some days were asked for."""

    def book(self, session: Session) -> None:
        """Takes the requests of a session that no other told of before."""
        number = len(self.sessions)
        booked = BookedSession(
            project=session.project, exact=session.exact, client_total=session.client_total
        )
        self.sessions.append(booked)
        tasks: dict[int, int] = {}
        agents: dict[int, int] = {}
        new = []
        for request in session.requests:
            if self._is_out(request):
                continue
            if request.key in self._rows:
                self._told_again(request, number, tasks)
            else:
                new.append(request)
        for request in new:
            task = self._task(request.task, number, tasks)
            agent = self._agent(request.agent, agents)
            self._rows[request.key] = self._packed(request, number, task, agent)

    def rows(self) -> Iterator[Row]:
        """All distinct requests, in the order in which they were read."""
        names = tuple(self._models)
        for packed in self._rows.values():
            yield _unpacked(packed, names)

    def _is_out(self, request: Request) -> bool:
        if self._since is None:
            return False
        if request.moment is None:
            self.left_out += 1
            return True
        return request.moment < self._since

    def _told_again(self, request: Request, number: int, tasks: dict[int, int]) -> None:
        """Another file has the same request; the one with more tokens was written later.

        Its task is the one that was booked there: what is new of it belongs to that, too.
        """
        self.copies += 1
        packed = self._rows[request.key]
        first = _ROW.unpack(packed)
        if first[_SESSION] != number:
            self.sessions[first[_SESSION]].shared = self.sessions[number].shared = True
        if request.task is not None and request.agent is None and first[_SESSION + 1]:
            tasks.setdefault(id(request.task), first[_SESSION + 1] - 1)
        if request.used.tokens > sum(first[:5]):
            self._rows[request.key] = _tokens(request.used) + packed[_TOKENS.size :]

    def _task(self, task: Task | None, session: int, known: dict[int, int]) -> int:
        if task is None:
            return -1
        if id(task) not in known:
            known[id(task)] = len(self.tasks)
            found = self._classify(task)
            self.tasks.append(
                BookedTask(
                    session=session,
                    tier=found[0] if found else None,
                    kind=found[1] if found else None,
                    interruptions=task.interruptions,
                    text=one_line(task.text, _SHOWN) if self._keep_text else "",
                )
            )
        return known[id(task)]

    def _agent(self, agent: Agent | None, known: dict[int, int]) -> int:
        if agent is None:
            return -1
        if id(agent) not in known:
            known[id(agent)] = len(self.agents)
            parent = agent.parent
            self.agents.append(
                BookedAgent(
                    model=parent.model if parent else "",
                    context=parent.used.prompt if parent else 0,
                    later=agent.later,
                    report=agent.report,
                )
            )
        return known[id(agent)]

    def _packed(self, request: Request, session: int, task: int, agent: int) -> bytes:
        mode = request.mode
        flags = _INTERRUPTED * request.interrupted + _BATCH * mode.batch
        flags += _FAST * mode.fast + _US_ONLY * mode.us_only
        cost = request.client_cost
        return (
            _tokens(request.used)
            + _ROW.pack(
                *(0,) * 9,
                _day(request.moment),
                self._model(request.model),
                session,
                task + 1,
                agent + 1,
                _small(request.tools),
                _small(request.failed),
                _small(request.repeated),
                _large(request.repeated_length),
                _large(request.before),
                flags,
                0 if cost is None else int(cost * _NANO) + 1,
            )[_TOKENS.size :]
        )

    def _model(self, name: str) -> int:
        # A hostile file could name a million models; they share one name then.
        if name not in self._models and len(self._models) >= 0xFFFF:
            name = "others"
            self._models.setdefault(name, 0xFFFF)
        return self._models.setdefault(name, len(self._models))


def _tokens(used: Used) -> bytes:
    return _TOKENS.pack(
        used.input,
        used.cache_read,
        used.cache_write_5m,
        used.cache_write_1h,
        used.output,
        _small(used.web_searches),
        _small(used.web_fetches),
        _small(used.code_runs),
        used.longest,
    )


def _unpacked(packed: bytes, names: tuple[str, ...]) -> Row:
    (
        fresh, read, short, hour, output, searches, fetches, runs, longest, day, model, session,
        task, agent, tools, failed, repeated, length, before, flags, cost,
    ) = _ROW.unpack(packed)  # fmt: skip
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
        batch=bool(flags & _BATCH),
        fast=bool(flags & _FAST),
        us_only=bool(flags & _US_ONLY),
        client_cost=Decimal(cost - 1) / _NANO if cost else None,
    )


def _day(moment: float | None) -> int:
    return 0 if moment is None else datetime.fromtimestamp(moment, UTC).date().toordinal()


def _small(number: int) -> int:
    return min(number, 0xFFFF)


def _large(number: int) -> int:
    return min(number, 0xFFFFFFFF)
