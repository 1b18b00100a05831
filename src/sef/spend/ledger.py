"""Every distinct request once, whichever and how many files tell of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sef.model import Kind, Tier
from sef.spend.rows import Place, Row, packed, place, repacked, ticket, unpacked
from sef.text import one_line
from sef.transcripts.lenient import digest
from sef.transcripts.session import Agent, Interruption, Request, Session, Task

_SHOWN: Final = 100
_MODELS: Final = 0xFFFF
"""A hostile file could name a million models; those beyond share one name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedTask:
    """An instruction with at least one request that no other file told of before."""

    session: int
    tier: Tier | None
    """None where there was no instruction to judge by."""
    kind: Kind | None
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
        self._stops: set[bytes] = set()
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
            key = self._key(request)
            if key in self._rows:
                self._told_again(key, request, number, tasks)
            else:
                new.append(request)
        for request in new:
            task = self._task(request.task, number, tasks)
            agent = self._agent(request.agent, agents)
            row = packed(request, self._model(request.model), number, task, agent)
            self._rows[self._key(request)] = row
        self._stops |= {one.key for one in session.interruptions if self._is_in(one)}

    @property
    def interruptions(self) -> int:
        """Times that the user stopped the work; the same one counts once, whoever tells of it."""
        return len(self._stops)

    def rows(self) -> Iterator[Row]:
        """All distinct requests, in the order in which they were read."""
        names = tuple(self._models)
        for row in self._rows.values():
            yield unpacked(row, names)

    def _key(self, request: Request) -> int:
        """Where its row is, or goes: two requests under one message's id have two places."""
        row = self._rows.get(request.key)
        if row is None:
            return request.key
        held, mine = place(row), ticket(request)
        other = held.model != self._models.get(request.model)
        if not (other and held.ticket and mine and held.ticket != mine):
            return request.key
        name = f"{request.key}/{request.model}"
        return int.from_bytes(digest(name), "big")

    def _is_in(self, one: Interruption) -> bool:
        return self._since is None or (one.moment is not None and one.moment >= self._since)

    def _is_out(self, request: Request) -> bool:
        if self._since is None:
            return False
        if request.moment is None:
            self.left_out += 1
            return True
        return request.moment < self._since

    def _told_again(self, key: int, request: Request, number: int, tasks: dict[int, int]) -> None:
        """Another file has the same request; the one with more tokens was written later.

        Its task is the one that was booked there: what is new of it belongs to that, too.
        """
        self.copies += 1
        row = self._rows[key]
        first: Place = place(row)
        if first.session != number:
            self.sessions[first.session].shared = self.sessions[number].shared = True
        if request.task is not None and request.agent is None and first.task >= 0:
            tasks.setdefault(id(request.task), first.task)
        if request.used.progress >= first.progress:
            self._rows[key] = repacked(row, request)

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

    def _model(self, name: str) -> int:
        if name not in self._models and len(self._models) >= _MODELS:
            name = "others"
            self._models.setdefault(name, _MODELS)
        return self._models.setdefault(name, len(self._models))
