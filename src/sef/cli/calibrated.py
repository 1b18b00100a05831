"""What `sef calibrate` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from rich.table import Table
from rich.text import Text

from sef.build import Found, make_audits, open_journal, promise, repository_config
from sef.calibration import Calibration, Line, Share, calibrated, calibration, unaudited
from sef.cli import loop
from sef.cli.complaints import before_anything, printing, write
from sef.learning import ALL, learned, past_runs
from sef.repository import find_repository
from sef.sinks.console import terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked of `sef calibrate`."""

    apply: bool
    audit: bool
    budget_usd: Decimal | None
    as_json: bool
    config: Path | None


def run_calibrate(wish: Wish) -> int:
    """Prints the calibration of the repository you are in; with `apply` puts it in force."""
    apply, as_json = wish.apply, wish.as_json

    async def work() -> int:
        with before_anything():
            repository = await find_repository(Path.cwd())
            settings = repository_config(repository, wish.config)
        if wish.audit:
            await _audit(wish)
        with before_anything():
            journal = open_journal(repository)
        with closing(journal):
            runs = past_runs(journal, ALL)
            found = calibration(runs, learned(journal, runs, promise(settings)))
            if apply:
                await journal.calibrate(calibrated(found))
            waiting = len(unaudited(runs))
        if as_json:
            write(json.dumps(_as_json(found, waiting, applied=apply), indent=2) + "\n")
        else:
            _print(found, waiting, applied=apply)
        return 0

    return loop.run(work())


async def _audit(wish: Wish) -> None:
    """Makes the audits that wait, and tells of each on standard error as it ends."""
    said = terminal(stderr=True)
    said.print("Making the audits that were drawn ...")
    audits = make_audits(Path.cwd(), config=wish.config, budget_usd=wish.budget_usd)
    async with aclosing(audits):
        async for one in audits:
            said.print(Text(f"{one.run}: {_outcome(one)}"), soft_wrap=True)


def _outcome(one: Found) -> str:
    if one.audited is None:
        return f"not audited: {one.reason}"
    told = {True: "A REGRESSION", False: "no regression", None: "it could not be told"}
    cost = one.audited.usage.cost_usd
    price = "unknown" if cost is None else f"${cost:.4f}"
    return f"{told[one.audited.regression]}: {one.reason} ({price})"


def _as_json(found: Calibration, waiting: int, *, applied: bool) -> dict[str, object]:
    return {
        "schema": 1,
        "strata": [_line_json(line) for line in found.lines],
        "rates": {one.name: _share_json(one) for one in (found.delegation, found.rejection)},
        "audits_waiting": waiting,
        "applied": applied,
    }


def _line_json(line: Line) -> dict[str, object]:
    standing, proof = line.standing, line.standing.certificate
    return {
        "stratum": standing.stratum,
        "drafts": standing.drafts,
        "accepted": standing.accepted,
        "acceptance": round(standing.accepted / standing.drafts, 4),
        "audited": standing.audited,
        "untold": standing.untold,
        "regressions": standing.regressions,
        "regression_rate_interval": [round(bound, 4) for bound in proof.interval],
        "epsilon": proof.epsilon,
        "delta": proof.delta,
        "tau": line.tau,
        "proved_tau": line.proved,
        "stopped": standing.stopped or None,
        "change": line.change,
        "why": proof.reason,
    }


def _share_json(share: Share) -> dict[str, object]:
    return {
        "value": None if share.value is None else round(share.value, 4),
        "hits": share.hits,
        "tried": share.tried,
        "earlier_interval": [round(bound, 4) for bound in share.earlier],
        "latest_interval": [round(bound, 4) for bound in share.latest],
        "changed": share.changed,
    }


def _print(found: Calibration, waiting: int, *, applied: bool) -> None:
    console = terminal()
    with printing():
        if not found.lines:
            console.print("No draft has been judged in this repository yet.")
        else:
            console.print(_table(found))
        for line in _said(found, applied=applied):
            console.print(Text(line), soft_wrap=True)
        if waiting:
            what = "1 draft" if waiting == 1 else f"{waiting} drafts"
            line = f"{what} accepted in Claude Code wait for an audit: sef calibrate --audit"
            console.print(Text(line), soft_wrap=True)


def _table(found: Calibration) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("stratum", "drafts", "accepted", "audited", "regressions", "rate, 95 %", "tau"):
        table.add_column(name, justify="left" if name == "stratum" else "right")
    for line in found.lines:
        standing, proof = line.standing, line.standing.certificate
        untold = f" ({standing.untold} untold)" if standing.untold else ""
        low, high = proof.interval
        cells = (
            standing.stratum,
            str(standing.drafts),
            f"{standing.accepted / standing.drafts:.0%}",
            f"{standing.audited}{untold}",
            str(standing.regressions),
            f"{low:.1%}-{high:.1%}",
            "-" if line.tau is None else f"{line.tau:g}",
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _said(found: Calibration, *, applied: bool) -> Iterator[str]:
    for line in found.lines:
        what = "now in force" if applied and line.changes else line.change
        yield f"{line.standing.stratum}: {what}. {line.standing.certificate.reason}"
    for share in (found.delegation, found.rejection):
        if share.value is not None:
            alarm = "; CHANGED of late" if share.changed else ""
            yield f"{share.name} rate {share.value:.0%} of {share.tried}{alarm}"
