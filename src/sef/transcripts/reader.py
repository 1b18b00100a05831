"""Reading one session: its own file first, then those of its agents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sef.text import one_line
from sef.transcripts import record as told
from sef.transcripts import usage as bill
from sef.transcripts.beginnings import beginning
from sef.transcripts.instruction import instruction, is_interruption
from sef.transcripts.later import later
from sef.transcripts.lenient import digest
from sef.transcripts.lines import Record, records
from sef.transcripts.places import SessionFiles
from sef.transcripts.record import ToolResult, ToolUse
from sef.transcripts.session import Agent, Interruption, Request, Session, Tally, Task
from sef.transcripts.usage import Unexpected

_BACK_S: Final = 60.0
_KINDS: Final = 50
_SHORT_TTL_S: Final = 300.0
_LONG_TTL_S: Final = 3600.0
_AGENT_TOOLS: Final = ("Agent", "Task")
_SIDE: Final = "sidechain"


@dataclass(slots=True)
class _Chain:
    """Requests that share one growing context."""

    agent: Agent | None = None
    requests: list[Request] = field(default_factory=list)
    reads: dict[tuple[str, str], bytes] = field(default_factory=dict)


@dataclass(slots=True)
class _Wish:
    """A tool use whose result is still to come."""

    request: Request
    chain: _Chain
    read: tuple[str, str] | None


class SessionReader:
    """Folds the records of one session into tasks, requests and agents."""

    def __init__(self, files: SessionFiles, tally: Tally, progress: Callable[[int], None]) -> None:
        self._files = files
        self._tally = tally
        self._progress = progress
        self._session = Session(name=files.name, project=files.folder)
        self._by_key: dict[int, Request] = {}
        self._wishes: dict[str, _Wish] = {}
        self._wished: set[str] = set()
        self._launched: dict[str, Agent] = {}
        self._main = _Chain()
        self._chains: dict[str, _Chain] = {}
        self._last: tuple[int, Record, str] | None = None
        self._task: Task | None = None
        self._moment: float | None = None

    def read(self) -> Session:
        """The session. What cannot be read is counted, and never raised."""
        if self._files.own is not None:
            self._read_file(self._files.own, None)
        metas = {path: beginning(path) for path in self._files.agents}
        # Whoever started an agent is read before it.
        for path in sorted(metas, key=lambda path: (metas[path].depth, path)):
            self._read_file(path, self._agent_of_file(path, metas[path].tool_use))
        steps = later(self._main.requests) if self._session.agents else {}
        for agent in self._session.agents:
            agent.later = steps.get(id(agent.parent), 0)
        return self._session

    def _read_file(self, path: Path, agent: Agent | None) -> None:
        self._tally.files += 1
        self._moment = None
        chain = self._main if agent is None else self._chain(agent.name, agent)
        try:
            for size, record in records(path):
                self._tally.lines += 1
                self._tally.bytes += size
                self._progress(size)
                self._take(record, chain)
        except OSError:
            self._tally.unreadable.append(str(path))

    def _take(self, record: Record | None, chain: _Chain) -> None:
        try:
            if record is None:
                raise Unexpected
            kind = record.get("type")
            if not isinstance(kind, str):
                raise Unexpected
            self._note_place_and_time(record)
            if kind == "assistant":
                self._asked(record, self._side(record, chain))
            elif kind == "user":
                self._said(record, self._side(record, chain))
            elif kind == "cost-state":
                self._session.client_total = bill.client_total(record) or self._session.client_total
            elif kind == "system" and record.get("subtype") == "compact_boundary":
                chain.reads.clear()
            elif kind not in told.KNOWN_KINDS:
                self._unknown(kind)
        except Unexpected:
            self._tally.not_understood += 1

    def _unknown(self, kind: str) -> None:
        kinds, name = self._tally.unknown_kinds, one_line(kind, 40)
        name = name if name in kinds or len(kinds) < _KINDS else "others"
        kinds[name] = kinds.get(name, 0) + 1

    def _note_place_and_time(self, record: Record) -> None:
        session, folder = self._session, record.get("cwd")
        if not session.exact and isinstance(folder, str) and folder:
            session.project, session.exact = folder[:4096], True
        moment = told.moment(record)
        if moment is None:
            return
        if self._moment is not None and moment < self._moment - _BACK_S:
            session.backwards = True
        self._moment = moment

    def _side(self, record: Record, chain: _Chain) -> _Chain:
        """The chain a record belongs to: old clients kept agents in the session's own file."""
        if chain is not self._main or record.get("isSidechain") is not True:
            return chain
        named = record.get("agentId")
        name = named[:120] if isinstance(named, str) and named else _SIDE
        return self._chain(name, None)

    def _chain(self, name: str, agent: Agent | None) -> _Chain:
        if name not in self._chains:
            parent = self._main.requests[-1] if self._main.requests else None
            one = agent or Agent(name=name, parent=parent, task=self._task)
            self._session.agents.append(one)
            self._chains[name] = _Chain(one)
        return self._chains[name]

    def _asked(self, record: Record, chain: _Chain) -> None:
        usage = bill.usage(record)
        if usage is None:
            return
        key, ticket = bill.key(record), bill.ticket(record)
        request = self._known(key, record, ticket)
        if request is None:
            request = self._begin_request(key, record, usage, chain)
        elif (key, usage, ticket) != self._last:  # most lines of a message tell the same
            _grow(request, usage)
        self._last = (key, usage, ticket)
        request.client_cost = bill.client_cost(record) or request.client_cost
        for use in told.tool_uses(record):
            self._wish(use, request, chain)
        if usage.get("iterations"):
            self._advised(record, usage, chain)

    def _known(self, key: int, record: Record, ticket: str) -> Request | None:
        """The request that another line told of. Two of one id stand under keys of their own."""
        found, model = self._by_key.get(key), bill.model(record)
        if found is not None and found.is_other(model, ticket):
            return self._by_key.get(bill.key(record, f"/{model}"))
        return found

    def _advised(self, record: Record, usage: Record, chain: _Chain) -> None:
        """The advisers of a request. What is odd about them takes nothing from the request."""
        odd, ticket = bill.passes_are_odd(usage), bill.ticket(record)
        for number, (model, one) in enumerate(bill.advice(usage)):
            key = bill.key(record, f"#{number}")
            try:
                known = self._by_key.get(key)
                if known is None:
                    known = self._by_key[key] = self._new_request(key, (model, ticket), one, chain)
                _grow(known, one)
            except Unexpected:
                odd = True
        if odd:
            raise Unexpected

    def _wish(self, use: ToolUse, request: Request, chain: _Chain) -> None:
        if use.id in self._wished:
            return
        self._wished.add(use.id)
        request.tools += 1
        if request.task is not None:
            request.task.note(use.name, use.path)
        read = (use.path, use.extent) if use.name == "Read" and use.path else None
        self._wishes[use.id] = _Wish(request, chain, read)
        if use.name in _AGENT_TOOLS:
            self._launched[use.id] = Agent(name="", parent=request, task=request.task)

    def _begin_request(self, key: int, record: Record, usage: Record, chain: _Chain) -> Request:
        if self._moment is None:
            self._tally.undated += 1
        if self._task is None and chain.agent is None:
            self._begin("")
        model, ticket = bill.model(record), bill.ticket(record)
        request = self._new_request(key, (model, ticket), usage, chain)
        held = bill.key(record, f"/{model}") if key in self._by_key else key
        self._by_key[held] = request
        if chain.requests and _is_switch(chain.requests[-1], request):
            request.before = chain.requests[-1].used.prompt
        chain.requests.append(request)
        return request

    def _new_request(self, key: int, who: tuple[str, str], usage: Record, chain: _Chain) -> Request:
        """`who` is the model and the provider's id of the request."""
        request = Request(
            key=key,
            ticket=who[1],
            moment=self._moment,
            model=who[0],
            used=bill.used(usage),
            mode=bill.mode(usage),
            task=self._task if chain.agent is None else chain.agent.task,
            agent=chain.agent,
        )
        self._session.requests.append(request)
        return request

    def _said(self, record: Record, chain: _Chain) -> None:
        results = tuple(told.tool_results(record))
        for result in results:
            self._came_back(result)
        if found := told.agent_of(record):
            use, agent = found
            if use in self._launched:
                self._launched[agent] = self._launched[use]
        if record.get("isCompactSummary") is True:
            chain.reads.clear()
        elif is_interruption(record):
            self._interrupted(chain)
        elif chain is self._main and not results:
            text = instruction(record)
            if text is not None:
                self._begin(text)

    def _begin(self, text: str) -> None:
        self._task = Task(text=text)
        self._session.tasks.append(self._task)

    def _interrupted(self, chain: _Chain) -> None:
        last = chain.requests[-1] if chain.requests else None
        if last is not None:
            last.interrupted = True
        # A copy tells the same moment after the same request; its other ids may be its own.
        told_by = f"{self._moment or len(self._session.interruptions)}/{last and last.key}"
        name = told_by if self._moment else f"{self._files.name}/{told_by}"
        self._session.interruptions.append(Interruption(key=digest(name), moment=self._moment))

    def _came_back(self, result: ToolResult) -> None:
        wish = self._wishes.pop(result.id, None)
        if wish is None:
            return
        wish.request.failed += result.failed
        if started := self._launched.get(result.id):
            started.report = len(result.text)
        if wish.read is None or result.failed or result.refused:
            return
        digest = result.digest
        if wish.chain.reads.get(wish.read) == digest:
            wish.request.repeated += 1
            wish.request.repeated_length += len(result.text)
        wish.chain.reads[wish.read] = digest

    def _agent_of_file(self, path: Path, tool_use: str) -> Agent:
        """Who started the agent of a file: by its meta file, else by what came back from it."""
        name = path.stem.removeprefix("agent-")
        known = self._launched.get(tool_use) or self._launched.get(name)
        if known is None:
            return Agent(name=name, parent=None, task=None)
        return Agent(name=name, parent=known.parent, task=known.task, report=known.report)


def _grow(request: Request, usage: Record) -> None:
    """Of two lines about a message the one with more tokens is the later one, its mode too."""
    used = bill.used(usage)
    if used.progress >= request.used.progress:
        request.used, request.mode = used, bill.mode(usage)


def _is_switch(last: Request, new: Request) -> bool:
    """Another model, while the cache of the one before was still there."""
    if last.model == new.model:
        return False
    if last.moment is None or new.moment is None:
        return True
    kept = _LONG_TTL_S if last.used.cache_write_1h else _SHORT_TTL_S
    return new.moment - last.moment <= kept
