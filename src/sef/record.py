"""The record of one run: every fact with its time, given to the ledger and shown to the sinks."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sef.events import Fact, Recorded
from sef.protocols import Clock, Ledger, Sink

_log = logging.getLogger("sef")


class Record:
    """Takes the facts of a run in the order they happen."""

    def __init__(self, ledger: Ledger, sinks: Sequence[Sink], clock: Clock) -> None:
        self._ledger = ledger
        self._sinks = list(sinks)
        self._clock = clock
        self._began = clock.now()
        self._recorded: list[Recorded] = []

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Everything taken so far."""
        return tuple(recorded.fact for recorded in self._recorded)

    @property
    def seconds(self) -> float:
        """Since the run began, without the time it was interrupted."""
        return self._clock.now() - self._began

    def recall(self, past: Sequence[Recorded]) -> None:
        """Takes up the facts of an interrupted run, which the ledger has; the sinks hear them."""
        self._recorded = list(past)
        self._began = self._clock.now() - max((one.seconds for one in past), default=0.0)
        for one in past:
            self.show(one.fact)

    def take(self, fact: Fact) -> None:
        """Takes a fact and shows it."""
        self.keep(fact)
        self.show(fact)

    async def take_durably(self, fact: Fact) -> None:
        """Takes a fact and shows it once it is durable. Raises JournalError."""
        self.keep(fact)
        await self._ledger.settled()
        self.show(fact)

    async def settled(self) -> None:
        """Returns when every fact taken so far is durable. Raises JournalError."""
        await self._ledger.settled()

    def keep(self, fact: Fact) -> None:
        """Gives a fact to the ledger."""
        recorded = Recorded(fact=fact, seconds=self.seconds)
        self._recorded.append(recorded)
        self._ledger.append(recorded)

    def show(self, fact: Fact) -> None:
        """Gives a fact to the sinks; one that raises is logged and dropped."""
        for sink in tuple(self._sinks):
            try:
                sink.tell(fact)
            except Exception:  # a sink cannot hurt the run
                self._sinks.remove(sink)
                _log.exception("a sink failed and is dropped: %r", sink)
