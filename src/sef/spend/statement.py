"""A statement: the requests of a ledger, as the measured spend and the estimates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sef.model import Tier
from sef.prices import PriceTable
from sef.spend.delegations import Delegations, Handovers
from sef.spend.estimate import Estimate, drafting_model, estimate
from sef.spend.ledger import BookedTask, Ledger
from sef.spend.rows import Row
from sef.spend.spend import Spend, TaskSums
from sef.spend.sums import Priced, at_model, priced


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What the requests of a ledger add up to."""

    spend: Spend
    """Measured."""
    delegations: Delegations
    """Estimated from measured tokens."""
    handovers: Handovers
    estimate: Estimate


def statement(
    ledger: Ledger, table: PriceTable, models: Mapping[Tier, str], *, whole: bool = True
) -> Statement:
    """Folds all distinct requests once. `whole` is False where some were left out by their day."""
    spend, delegations = Spend(), Delegations()
    for row in ledger.rows():
        one = priced(row, table)
        spend.add(one)
        delegations.add(one)
        _add_draft(one, ledger, spend, table, models)
    spend.finish(ledger, whole=whole)
    return Statement(
        spend=spend,
        delegations=delegations,
        handovers=delegations.handovers(ledger, table),
        estimate=estimate(_tasks(ledger, spend), models),
    )


def _tasks(ledger: Ledger, spend: Spend) -> Iterator[tuple[BookedTask, TaskSums]]:
    for number, sums in spend.tasks.items():
        yield ledger.tasks[number], sums


def _add_draft(
    one: Priced, ledger: Ledger, spend: Spend, table: PriceTable, models: Mapping[Tier, str]
) -> None:
    """Adds what the request would have cost at the model that would have drafted its task."""
    row: Row = one.row
    model = drafting_model(ledger.tasks[row.task], models) if row.task >= 0 else None
    if model is None:
        return
    drafts = spend.task(row.task).drafts
    before, now = drafts.get(model, 0), at_model(row.tokens, model, row, table)
    drafts[model] = None if before is None or now is None else before + now
