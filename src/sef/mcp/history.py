"""What the journal says of runs that this server does not remember."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from sef.errors import UsageError
from sef.events import Fact, Recorded, RunStarted
from sef.journal import Journal, RunRow
from sef.mcp.results import StatusTold
from sef.report import report, was_called_off
from sef.report_model import RunReport
from sef.repository import Repository
from sef.text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A run as the journal has it."""

    row: RunRow
    recorded: tuple[Recorded, ...]

    @property
    def working(self) -> bool:
        """True while its process lives and it has not ended."""
        return self.row.owner.is_alive()

    def report(self) -> RunReport:
        """What became of it. Raises UsageError where it never began."""
        facts = self._facts()
        if not any(isinstance(fact, RunStarted) for fact in facts):
            raise UsageError(f"run {self.row.run} has not begun", hint="Start a new run.")
        return report(facts)

    def status(self) -> StatusTold:
        """How far it is."""
        told, facts = self.report(), self._facts()
        status: str = told.status
        if self.working:
            status = "working"
        elif status == "cancelled" and not was_called_off(facts):
            status = "cut off"
        tasks = [
            {"id": one.id, "state": one.status, "step": one_line(one.reason, 300)}
            for one in told.tasks
        ]
        return StatusTold.model_validate(
            {"run": told.run, "status": status, "here": False, "tasks": tasks, "error": None}
        )

    def _facts(self) -> Sequence[Fact]:
        return [one.fact for one in self.recorded]


async def past(repository: Repository, run: str | None) -> Past:
    """The run of that name, or the newest. Raises UsageError where there is none, JournalError."""
    return await asyncio.to_thread(_past, repository, run)


def _past(repository: Repository, run: str | None) -> Past:
    from sef.build import open_journal

    with closing(open_journal(repository)) as journal:
        row = _row(journal, run)
        return Past(row=row, recorded=journal.recorded(row.run))


def _row(journal: Journal, run: str | None) -> RunRow:
    rows = journal.runs()
    found = rows[-1:] if run is None else [row for row in rows if row.run == run]
    if found:
        return found[0]
    if not rows:
        raise UsageError("there is no run here yet", hint="Make one with sef_run or sef_start.")
    newest = ", ".join(row.run for row in rows[-5:])
    raise UsageError(f"there is no run {run!r} here", hint=f"The newest: {newest}.")
