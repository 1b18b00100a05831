"""The journal: every fact of every run in a repository, in one SQLite file.

Facts are queued and written by one thread, all that wait in one transaction (group commit), so
that a fact costs its share of one flush. WAL with synchronous FULL: what is settled survives a
power cut. A paid call is two facts, `Dispatched` (the intent) and `Drafted` or `Failed` (the
answer), and the engine waits for each to be settled.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from pydantic import ValidationError

from sef.codec import decoded, encoded
from sef.errors import JournalError
from sef.events import Fact, Recorded
from sef.experience import TEACHING, Past
from sef.filesystem import file_system, is_far
from sef.owner import Owner

_SCHEMA = """
create table if not exists runs (
    run text primary key, began real not null, pid integer not null, pid_began text not null
);
create table if not exists facts (
    id integer primary key, run text not null, at real not null, seconds real not null,
    kind text not null, task text, call text, body text not null
);
create index if not exists facts_of_run on facts (run, id);
"""
_INSERT_RUN = """
insert into runs values (?, ?, ?, ?)
on conflict (run) do update set pid = excluded.pid, pid_began = excluded.pid_began
"""
_INSERT_FACT = """
insert into facts (run, at, seconds, kind, task, call, body) values (?, ?, ?, ?, ?, ?, ?)
"""
_BUSY_S = 10.0
_DAY_S = 86_400.0
CALIBRATIONS = "calibrations"
"""Stands in the place of a run for what a person put in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run as the journal lists it."""

    run: str
    began: float
    """Seconds since the epoch, by the wall clock."""
    owner: Owner


@dataclass(slots=True)
class _Mark:
    """Stands in the queue for somebody who waits."""

    done: Callable[[Exception | None], None]


class Journal:
    """Opens the journal in a folder, made if it is not there.

    Raises JournalError when the folder lies on a network file system (SQLite's locks are not
    safe there), or the file cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.sqlite3"
        _refuse_far(folder)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._reading = _connect(self.path)
            self._reading.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise self._error(error) from error
        self._queue: SimpleQueue[tuple[str, tuple[object, ...]] | _Mark | None] = SimpleQueue()
        self._broken: JournalError | None = None
        self._writer = threading.Thread(target=self._write, name="sef-journal", daemon=True)
        self._writer.start()

    def close(self) -> None:
        """Writes what is queued and ends the writer."""
        self._queue.put(None)
        self._writer.join()
        self._reading.close()

    # -- writing -------------------------------------------------------------------------------

    def begin(self, run: str, owner: Owner) -> None:
        """Makes `owner` the one who works on the run, at once."""
        row = (run, time.time(), owner.pid, owner.began)
        with self._guarded():
            self._reading.execute(_INSERT_RUN, row)

    def append(self, run: str, recorded: Recorded, hide: Callable[[str], str] = str) -> None:
        """Queues a fact as `hide` leaves its text; it is durable after the next `settled`."""
        fact = recorded.fact
        body = hide(encoded(fact))
        named = (getattr(fact, "task", None), getattr(fact, "call", None))
        row = (run, time.time(), recorded.seconds, type(fact).__name__, *named, body)
        self._queue.put((_INSERT_FACT, row))

    async def settled(self) -> None:
        """Returns when all that was queued is durable. Raises JournalError when it cannot be."""
        loop = asyncio.get_running_loop()
        waiting = loop.create_future()

        def told(error: Exception | None) -> None:
            if not waiting.done():
                waiting.set_exception(error) if error else waiting.set_result(None)

        self._queue.put(_Mark(lambda error: _from_thread(loop, told, error)))
        await waiting

    def _write(self) -> None:
        connection = _connect(self.path)
        try:
            while self._write_batch(connection):
                pass
        finally:
            connection.close()

    def _write_batch(self, connection: sqlite3.Connection) -> bool:
        """One transaction of everything that is queued; False when the journal was closed."""
        batch = [self._queue.get()]
        while not self._queue.empty():
            batch.append(self._queue.get())
        rows = [entry for entry in batch if isinstance(entry, tuple)]
        try:
            if rows and self._broken is None:
                connection.execute("begin immediate")
                for sql, row in rows:
                    connection.execute(sql, row)
                connection.execute("commit")
        except sqlite3.Error as error:
            # Whoever waits is told, now and later: a journal with a gap is none.
            self._broken = self._error(error)
            with contextlib.suppress(sqlite3.Error):
                connection.execute("rollback")
        for entry in batch:
            if isinstance(entry, _Mark):
                entry.done(self._broken)
        return None not in batch

    # -- reading -------------------------------------------------------------------------------

    def runs(self) -> tuple[RunRow, ...]:
        """Every run, oldest first."""
        with self._guarded():
            rows = self._reading.execute("select * from runs order by began, run").fetchall()
        return tuple(
            RunRow(run=run, began=began, owner=Owner(pid=pid, began=started))
            for run, began, pid, started in rows
        )

    def recorded(self, run: str) -> tuple[Recorded, ...]:
        """The facts of a run in the order they happened. Raises JournalError on a damaged one."""
        sql = "select kind, seconds, body from facts where run = ? order by id"
        with self._guarded():
            rows = self._reading.execute(sql, (run,)).fetchall()
        return tuple(self._understood(run, *row) for row in rows)

    def past(self, most: int) -> tuple[Past, ...]:
        """The facts from which the policy learns, of the newest runs: oldest run first.

        At most `most` facts; a run that would be read in part, or holds a fact that this version
        does not understand, is left out.
        """
        kinds = ", ".join(f"'{kind.__name__}'" for kind in TEACHING)
        sql = f"select run, kind, body from facts where kind in ({kinds}) order by id desc limit ?"  # noqa: S608
        with self._guarded():
            rows = self._reading.execute(sql, (most + 1,)).fetchall()
        partly = {rows[-1][0]} if len(rows) > most else set()
        found: dict[str, list[tuple[str, str]]] = {}
        for run, kind, body in reversed(rows):
            found.setdefault(run, []).append((kind, body))
        began = {row.run: row.began for row in self.runs()}
        pasts = (
            self._past(began[run], facts)
            for run, facts in found.items()
            if run in began and run not in partly
        )
        return tuple(sorted((past for past in pasts if past), key=lambda past: past.at))

    @staticmethod
    def _past(began: float, facts: list[tuple[str, str]]) -> Past | None:
        try:
            return Past(at=began / _DAY_S, facts=tuple(decoded(*fact) for fact in facts))
        except (KeyError, ValidationError):
            return None

    def calibrations(self) -> tuple[Fact, ...]:
        """What `sef calibrate --apply` put in force, oldest first."""
        return tuple(one.fact for one in self.recorded(CALIBRATIONS))

    async def calibrate(self, facts: Iterable[Fact]) -> None:
        """Puts calibrations in force: durable when it returns."""
        for fact in facts:
            self.append(CALIBRATIONS, Recorded(fact=fact, seconds=0.0))
        await self.settled()

    def forget(self, run: str) -> None:
        """Removes a run and its facts."""
        with self._guarded():
            self._reading.execute("begin immediate")
            self._reading.execute("delete from facts where run = ?", (run,))
            self._reading.execute("delete from runs where run = ?", (run,))
            self._reading.execute("commit")

    def size(self) -> int:
        """Bytes on the disk."""
        beside = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(path.stat().st_size for path in beside if path.exists())

    def compact(self) -> None:
        """Gives the space of forgotten runs back."""
        with self._guarded():
            self._reading.execute("vacuum")
            self._reading.execute("pragma wal_checkpoint(truncate)")

    def _understood(self, run: str, kind: str, seconds: float, body: str) -> Recorded:
        try:
            return Recorded(fact=decoded(kind, body), seconds=seconds)
        except (KeyError, ValidationError) as error:
            raise JournalError(
                f"run {run} holds a fact that this version does not understand: {kind}",
                hint="It was written by another version of sef; use that one, or start a new run.",
            ) from error

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> JournalError:
        return JournalError(
            f"the journal {self.path} cannot be used: {error}",
            hint="Make room on the disk or end what holds the file; then resume the run.",
        )


@dataclass(frozen=True, slots=True)
class RunJournal:
    """The journal's part for one run: a ledger."""

    journal: Journal
    run: str
    hide: Callable[[str], str] = str
    """Takes secrets out."""

    def append(self, recorded: Recorded) -> None:
        """Queues the fact."""
        self.journal.append(self.run, recorded, self.hide)

    async def settled(self) -> None:
        """Returns when all that was queued is durable."""
        await self.journal.settled()


def _from_thread(
    loop: asyncio.AbstractEventLoop,
    told: Callable[[Exception | None], None],
    error: Exception | None,
) -> None:
    # The loop may have ended while the thread wrote: then nobody waits any more.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(told, error)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    return connection


def _refuse_far(folder: Path) -> None:
    kind = file_system(folder)
    if is_far(kind):
        raise JournalError(
            f"{folder} lies on a network file system ({kind}), where SQLite is not safe",
            hint="Work in a clone on a local disk.",
        )
