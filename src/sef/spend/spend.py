"""The measured part: where the money went, as folds over the distinct requests."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from sef.spend.ledger import Ledger
from sef.spend.sums import Missing, Priced, Sums

LONG_PROMPT: Final = 100_000
"""Tokens of a prompt from which on some models cost a multiple."""
CLASSES: Final = (
    "input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "web_searches",
)  # fmt: skip
UNDIVIDED: Final = "undivided"
"""What an old client wrote down as a request's price is in no class."""
UNKNOWN: Final = "unknown"
_Group = tuple[str, str, int, int, str]
"""Day, model, session, task, main or agent."""


@dataclass(slots=True, kw_only=True)
class Waste:
    """Work that led nowhere, as the transcripts show it."""

    interruptions: int = 0
    """Times that the user stopped a task, or did not let a tool be used."""
    interrupted: Sums = field(default_factory=Sums)
    """The last requests before those."""
    tools: int = 0
    """Uses of tools."""
    failed: int = 0
    """Of those, the ones that gave an error."""
    failed_usd: Decimal = field(default_factory=Decimal)
    """Share of their requests' cost: a request's cost is split evenly over its uses of tools."""
    repeated: int = 0
    """Reads of a file that gave what an earlier read in the same context gave."""
    repeated_length: int = 0
    """Characters that those gave."""


@dataclass(slots=True, kw_only=True)
class TaskSums:
    """One instruction: everything that followed it, agents included."""

    sums: Sums = field(default_factory=Sums)
    steps: int = 0
    """Requests of the session itself."""
    models: dict[str, int] = field(default_factory=dict)
    """Requests by model."""
    day: str | None = None
    """Of its first request; None is unknown."""
    drafts: dict[str, Decimal | None] = field(default_factory=dict)
    """What the same tokens would have cost at other models; None is unknown."""


@dataclass(slots=True, kw_only=True)
class ClientTotals:
    """The clients' own totals beside ours, for sessions that no other file tells of too."""

    sessions: int = 0
    client: Decimal = field(default_factory=Decimal)
    """US dollars, as the client wrote them."""
    ours: Decimal = field(default_factory=Decimal)
    """US dollars of the same sessions' requests."""
    left_out: int = 0
    """Sessions with a total that is not theirs alone (resumed, forked), or a price unknown."""


@dataclass(slots=True, kw_only=True)
class Spend:
    """Everything that is counted, nothing that is guessed."""

    total: Sums = field(default_factory=Sums)
    days: dict[str, Sums] = field(default_factory=dict)
    """By day, ISO 8601, UTC."""
    models: dict[str, Sums] = field(default_factory=dict)
    projects: dict[str, Sums] = field(default_factory=dict)
    """By working folder, or by the name of the transcripts' folder."""
    makers: dict[str, Sums] = field(default_factory=dict)
    """main or agent."""
    kinds: dict[str, Sums] = field(default_factory=dict)
    tiers: dict[str, Sums] = field(default_factory=dict)
    classes: dict[str, Decimal] = field(default_factory=dict)
    """US dollars by class of tokens, searches, and what has no class: all that has a price."""
    day_models: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    """US dollars by day and model."""
    prompts: dict[str, array[int]] = field(default_factory=dict)
    """Tokens of every prompt, by main or agent."""
    waste: Waste = field(default_factory=Waste)
    tasks: dict[int, TaskSums] = field(default_factory=dict)
    """By index into the ledger's tasks."""
    sessions: dict[int, Sums] = field(default_factory=dict)
    missing: dict[tuple[str, Missing], Sums] = field(default_factory=dict)
    """Requests without a price, by model and reason."""
    client_priced: int = 0
    """Requests whose price is what an old client wrote down."""
    client: ClientTotals = field(default_factory=ClientTotals)
    _groups: dict[_Group, Sums] = field(default_factory=dict)

    def add(self, one: Priced) -> None:
        """Adds one distinct request; `finish` brings it into the tables."""
        row = one.row
        maker = "main" if row.agent < 0 else "agent"
        day = row.day.isoformat() if row.day else UNKNOWN
        key = (day, row.model, row.session, row.task, maker)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Sums()
        group.add(row, one.cost)
        self.prompts.setdefault(maker, array("I")).append(min(row.tokens.prompt, 0xFFFFFFFF))
        self._add_money(one, day)
        if row.tools or row.interrupted:
            self._add_waste(one)

    def _add_money(self, one: Priced, day: str) -> None:
        if one.cost is None:
            if one.missing is not None:
                lost = self.missing.setdefault((one.row.model, one.missing), Sums())
                lost.add(one.row, None)
            return
        classes = zip(CLASSES, one.parts, strict=True) if one.parts else ((UNDIVIDED, one.cost),)
        for name, amount in classes:
            self.classes[name] = self.classes.get(name, Decimal(0)) + amount
        key = (day, one.row.model)
        self.day_models[key] = self.day_models.get(key, Decimal(0)) + one.cost
        self.client_priced += not one.parts

    def _add_waste(self, one: Priced) -> None:
        row, waste = one.row, self.waste
        waste.tools += row.tools
        waste.failed += row.failed
        waste.repeated += row.repeated
        waste.repeated_length += row.repeated_length
        if row.failed and one.cost is not None:
            waste.failed_usd += one.cost * min(row.failed, row.tools) / max(row.tools, 1)
        if row.interrupted:
            waste.interrupted.add(row, one.cost)

    def finish(self, ledger: Ledger, *, whole: bool) -> None:
        """Adds what is known of sessions only; `whole` where no request was left out by its day."""
        for key, sums in self._groups.items():
            self._spread(key, sums, ledger)
        self._groups.clear()
        self.waste.interruptions = ledger.interruptions
        for number, session in enumerate(ledger.sessions):
            if session.client_total is None:
                continue
            found = self.sessions.get(number)
            # Without a request: a stream that was cut is booked by the client, and told nowhere.
            ours = found.cost if found else Decimal(0)
            if session.shared or ours is None or not whole:
                self.client.left_out += 1
                continue
            self.client.sessions += 1
            self.client.client += session.client_total
            self.client.ours += ours

    def _spread(self, key: _Group, sums: Sums, ledger: Ledger) -> None:
        """Adds a group of requests that are alike to every table."""
        day, model, session, number, maker = key
        task = ledger.tasks[number] if number >= 0 else None
        kind = task.kind.value if task and task.kind is not None else UNKNOWN
        tier = str(int(task.tier)) if task and task.tier is not None else UNKNOWN
        self.total.merge(sums)
        for table, name in (
            (self.days, day),
            (self.models, model),
            (self.projects, ledger.sessions[session].project),
            (self.makers, maker),
            (self.kinds, kind),
            (self.tiers, tier),
        ):
            table.setdefault(name, Sums()).merge(sums)
        self.sessions.setdefault(session, Sums()).merge(sums)
        if number >= 0:
            one = self.task(number)
            one.sums.merge(sums)
            one.steps += sums.requests if maker == "main" else 0
            one.models[model] = one.models.get(model, 0) + sums.requests
            one.day = one.day or (None if day == UNKNOWN else day)

    def task(self, number: int) -> TaskSums:
        """The sums of one of the ledger's tasks."""
        found = self.tasks.get(number)
        if found is None:
            found = self.tasks[number] = TaskSums()
        return found


def quantile(numbers: Iterable[int], share: float) -> int | None:
    """The number below which that share of them lies; None for none."""
    ordered = sorted(numbers)
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
